package io.jctdb.recovery;

import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The leader's daemon is killed and started again before its session ends; real ZooKeeper. */
@NullUnmarked // map look-ups that fail end the test as they should
class EarlierLeaderTest {
  /** Longer than anybody here waits. */
  private static final MembershipTiming LONG_SESSIONS =
      MembershipTiming.of(Duration.ofSeconds(60), MembershipTiming.TICK);

  @TempDir private Path directory;

  @Test
  void aLeaderOfAnEarlierLifeLeadsNoMore() throws Exception {
    try (TestCluster cluster = new TestCluster(2, 24580, directory, LONG_SESSIONS, false)) {
      cluster.startServer(0);
      cluster.startNode(0);
      await().atMost(Duration.ofSeconds(20)).until(() -> cluster.leader().isPresent());
      long term = cluster.nodes.get(0).membership().term();
      cluster.startNode(1);
      await().atMost(Duration.ofSeconds(20)).until(() -> cluster.agreeOn(0, 1));

      cluster.kill(0);
      cluster.startNode(0);
      await()
          .atMost(Duration.ofSeconds(20))
          .pollInterval(10, TimeUnit.MILLISECONDS)
          .until(() -> termOfTheLeader(cluster) > term);
    }
  }

  /** What the leader says of its own term; 0 if the one whom all name has never led. */
  private static long termOfTheLeader(TestCluster cluster) {
    OptionalInt leader = cluster.leader();
    return leader.isPresent() ? cluster.nodes.get(leader.getAsInt()).membership().term() : 0;
  }
}
