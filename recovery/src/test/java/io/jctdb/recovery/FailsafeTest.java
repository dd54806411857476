package io.jctdb.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** ZooKeeper loses its quorum while every node is well: on real servers and in real time. */
@NullUnmarked // map look-ups that fail end the test as they should
class FailsafeTest {
  @TempDir private static Path directory;

  private static ConditionFactory soon() {
    return await().atMost(Duration.ofSeconds(30)).pollInterval(10, TimeUnit.MILLISECONDS);
  }

  @Test
  void allGoOnWithoutAQuorumUntilOneOfThemIsMissed() throws Exception {
    // The lease must outlast the 3 s after which a quorum counts as absent, by more than a stall.
    MembershipTiming timing = MembershipTiming.of(Duration.ofSeconds(6), MembershipTiming.TICK);
    try (TestCluster cluster = new TestCluster(3, 24480, directory, timing, true)) {
      for (int pnn = 0; pnn < 3; pnn++) {
        cluster.startServer(pnn);
        cluster.startNode(pnn);
      }
      soon().until(() -> cluster.agreeOn(0, 1, 2) && cluster.leader().isPresent());
      long epoch = cluster.nodes.get(0).membership().epoch().orElseThrow().number();

      cluster.stopServer(0);
      cluster.stopServer(1);
      soon().until(() -> all(cluster, true));
      Thread.sleep(1_000);
      assertThat(all(cluster, true)).isTrue();

      cluster.startServer(0);
      soon().until(() -> all(cluster, false));
      assertThat(cluster.nodes.get(0).membership().epoch().orElseThrow().number()).isEqualTo(epoch);
      nobodyLostItsLease(cluster);

      cluster.stopServer(0);
      soon().until(() -> all(cluster, true));
      nobodyLostItsLease(cluster);
      cluster.nodes.get(1).freeze();
      soon()
          .until(
              () ->
                  cluster.nodes.get(0).told.contains("lease lost")
                      && cluster.nodes.get(2).told.contains("lease lost"));
      cluster.nodes.get(1).thaw();
      cluster.startServer(0);
      cluster.startServer(1);
      soon()
          .until(
              () ->
                  cluster.agreeOn(0, 1, 2)
                      && cluster.nodes.get(0).membership().epoch().orElseThrow().number() > epoch);
    }
  }

  private static boolean all(TestCluster cluster, boolean failsafe) {
    return cluster.nodes.values().stream()
        .allMatch(node -> node.membership().failsafe() == failsafe);
  }

  private static void nobodyLostItsLease(TestCluster cluster) {
    cluster.nodes.values().forEach(node -> assertThat(node.told).doesNotContain("lease lost"));
  }
}
