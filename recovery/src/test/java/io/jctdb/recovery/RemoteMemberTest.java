package io.jctdb.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jctdb.database.Epoch;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Three nodes at the main site, with real servers, and one elsewhere with a lease of 4 s. */
@NullUnmarked // map look-ups that fail end the test as they should
class RemoteMemberTest {
  @TempDir private Path directory;

  private static ConditionFactory soon() {
    return await().atMost(Duration.ofSeconds(30)).pollInterval(10, TimeUnit.MILLISECONDS);
  }

  @Test
  void anOutageCostsTheRemoteNodeItsPlaceAndTheMainSiteNothing() throws Exception {
    try (TestCluster cluster = new TestCluster(3, 24560, directory)) {
      cluster.remote.add(3);
      cluster.remoteLease = Duration.ofSeconds(4);
      for (int pnn = 0; pnn < 4; pnn++) {
        cluster.startServer(pnn);
        cluster.startNode(pnn);
      }
      soon().until(() -> cluster.agreeOn(0, 1, 2, 3) && cluster.leader().isPresent());
      Epoch together = cluster.nodes.get(0).membership().epoch().orElseThrow();
      assertThat(together.remote()).containsExactly(3);
      assertThat(together.lmasters()).containsExactly(0, 1, 2);

      cluster.nodes.values().forEach(node -> node.told.clear());
      cluster.silent.add(3);
      for (int pnn = 0; pnn < 3; pnn++) {
        cluster.cut(pnn, 3);
      }
      // Not a death yet, and nobody waits: the main site changes its epoch as it likes.
      cluster.nodes.get(0).membership().requestRecovery();
      soon()
          .until(
              () ->
                  cluster.nodes.get(0).membership().epoch().orElseThrow().number()
                      > together.number());
      assertThat(cluster.nodes.get(3).told).doesNotContain("lease lost");
      assertThat(cluster.nodes.get(0).membership().epoch().orElseThrow().members()).contains(3);

      soon().until(() -> cluster.nodes.get(3).told.contains("lease lost"));
      soon().until(() -> cluster.goOnWithout(3));
      cluster.silent.clear();
      cluster.mend();
      soon().until(() -> cluster.agreeOn(0, 1, 2, 3));
      for (int pnn : List.of(0, 1, 2)) {
        assertThat(cluster.nodes.get(pnn).told).doesNotContain("lease lost");
      }
    }
  }
}
