package io.jctdb.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** Members that are not heard: on real servers, whose sessions would last for six seconds. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@NullUnmarked // map look-ups that fail end the test as they should
class SilentMemberTest {
  @TempDir private static Path directory;
  private static TestCluster cluster;

  @BeforeAll
  static void threeNodes() throws Exception {
    cluster = new TestCluster(3, 24460, directory);
    for (int pnn = 0; pnn < 3; pnn++) {
      cluster.startServer(pnn);
      cluster.startNode(pnn);
    }
    all();
  }

  @AfterAll
  static void end() {
    cluster.close();
  }

  private static ConditionFactory soon() {
    return await().atMost(Duration.ofSeconds(30)).pollInterval(10, TimeUnit.MILLISECONDS);
  }

  private static void all() {
    soon().until(() -> cluster.agreeOn(0, 1, 2) && cluster.leader().isPresent());
  }

  @Test
  @Order(1)
  void aFrozenLeaderIsFollowedBeforeItsSessionEndsButNotBeforeItsLease() {
    int frozen = cluster.leader().orElseThrow();
    TestCluster.Node node = cluster.nodes.get(frozen);
    node.told.clear();
    node.freeze();
    soon().until(() -> cluster.goOnWithout(frozen));
    assertThat(node.membership().leaseUntilNanos()).isLessThan(System.nanoTime());
    assertThat(cluster.nodes.get((frozen + 1) % 3).membership().leader())
        .isPresent()
        .isNotEqualTo(OptionalInt.of(frozen));
    node.thaw();
    all();
    assertThat(node.told).contains("lease lost");
  }

  @Test
  @Order(2)
  void aCableBetweenTwoOthersCostsNobodyItsPlace() throws Exception {
    int leader = cluster.leader().orElseThrow();
    cluster.nodes.values().forEach(node -> node.told.clear());
    long before = cluster.nodes.get(0).membership().epoch().orElseThrow().number();
    cluster.cut((leader + 1) % 3, (leader + 2) % 3);
    Thread.sleep(3_000);
    assertThat(cluster.leader()).hasValue(leader);
    assertThat(cluster.nodes.get(0).membership().epoch().orElseThrow().number()).isEqualTo(before);
    // When it is mended, an epoch of the same members lets the two trust each other again.
    cluster.mend();
    soon()
        .until(
            () ->
                cluster.agreeOn(0, 1, 2)
                    && cluster.nodes.get(0).membership().epoch().orElseThrow().number() > before);
    cluster.nodes.values().forEach(node -> assertThat(node.told).doesNotContain("lease lost"));
  }

  @Test
  @Order(3)
  void aLeaderThatReachesZooKeeperButNoMemberIsReplacedAndComesBack() {
    int lonely = cluster.leader().orElseThrow();
    cluster.nodes.values().forEach(each -> each.told.clear());
    TestCluster.Node node = cluster.nodes.get(lonely);
    cluster.cut(lonely, (lonely + 1) % 3);
    cluster.cut(lonely, (lonely + 2) % 3);
    soon().until(() -> node.told.contains("lease lost"));
    soon().until(() -> cluster.goOnWithout(lonely));
    assertThat(cluster.nodes.get((lonely + 1) % 3).told).doesNotContain("lease lost");
    assertThat(cluster.nodes.get((lonely + 2) % 3).told).doesNotContain("lease lost");
    cluster.mend();
    all();
  }
}
