package io.jctdb.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A cluster whose administrator decides by a lock who may lead; real ZooKeeper, real time. */
@NullUnmarked // map look-ups that fail end the test as they should
class ClusterLockLeadershipTest {
  private static final int SOMEBODY_ELSE = 99;
  private static final int NOBODY = -1;

  @TempDir private Path directory;

  /** One for all, held by one at a time. */
  private static final class Lock {
    private int holder = SOMEBODY_ELSE;
    private Runnable lost = () -> {};

    LeadershipCondition of(int pnn) {
      return new LeadershipCondition() {
        @Override
        public CompletionStage<Boolean> acquire(Runnable whenLost) {
          return CompletableFuture.completedFuture(take(pnn, whenLost));
        }

        @Override
        public void release() {
          letGo(pnn);
        }
      };
    }

    synchronized boolean take(int pnn, Runnable whenLost) {
      if (holder != NOBODY && holder != pnn) {
        return false;
      }
      holder = pnn;
      lost = whenLost;
      return true;
    }

    synchronized void letGo(int pnn) {
      if (holder == pnn) {
        holder = NOBODY;
      }
    }

    /** Its file is replaced, or its helper ends, and somebody else has it. */
    void isTakenAway() {
      Runnable tell;
      synchronized (this) {
        holder = SOMEBODY_ELSE;
        tell = lost;
      }
      tell.run();
    }

    synchronized int holder() {
      return holder;
    }
  }

  private static ConditionFactory soon() {
    return await().atMost(Duration.ofSeconds(20)).pollInterval(10, TimeUnit.MILLISECONDS);
  }

  @Test
  void whoeverLeadsHoldsTheLockAndWhoLosesItYields() throws Exception {
    Lock lock = new Lock();
    try (TestCluster cluster = new TestCluster(2, 24500, directory)) {
      cluster.clusterLock = lock::of;
      cluster.startServer(0);
      cluster.startNode(0);
      cluster.startNode(1);
      await()
          .during(Duration.ofSeconds(2))
          .atMost(Duration.ofSeconds(3))
          .until(() -> nobodyLeads(cluster));

      lock.letGo(SOMEBODY_ELSE);
      soon().until(() -> cluster.agreeOn(0, 1) && cluster.leader().isPresent());
      assertThat(lock.holder()).isEqualTo(cluster.leader().orElseThrow());

      lock.isTakenAway();
      soon().until(() -> nobodyLeads(cluster));
      assertThat(cluster.agreeOn(0, 1)).as("the members go on without a leader").isTrue();

      lock.letGo(SOMEBODY_ELSE);
      soon().until(() -> cluster.leader().isPresent());
      assertThat(lock.holder()).isEqualTo(cluster.leader().orElseThrow());
    }
  }

  private static boolean nobodyLeads(TestCluster cluster) {
    return cluster.nodes.values().stream().allMatch(node -> node.membership().leader().isEmpty());
  }
}
