package io.jctdb.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.jctdb.protocol.NodeFlags;
import java.nio.file.Path;
import java.time.Duration;
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

/** One day in the life of a cluster of three, on real servers and in real time. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@NullUnmarked // map look-ups that fail end the test as they should
class ClusterMembershipTest {
  @TempDir private static Path directory;
  private static TestCluster cluster;

  @BeforeAll
  static void threeServers() throws Exception {
    cluster = new TestCluster(3, 24420, directory);
    for (int pnn = 0; pnn < 3; pnn++) {
      cluster.startServer(pnn);
    }
  }

  @AfterAll
  static void end() {
    cluster.close();
  }

  private static ConditionFactory soon() {
    return await().atMost(Duration.ofSeconds(20)).pollInterval(10, TimeUnit.MILLISECONDS);
  }

  @Test
  @Order(1)
  void threeNodesThatStartTogetherMakeOneEpochOrTwo() {
    for (int pnn = 0; pnn < 3; pnn++) {
      cluster.startNode(pnn);
    }
    soon().until(() -> cluster.agreeOn(0, 1, 2) && cluster.leader().isPresent());
    assertThat(cluster.nodes.get(0).committed).hasSizeLessThanOrEqualTo(2);
    assertThat(cluster.nodes.get(0).membership().leaseUntilNanos())
        .isGreaterThan(System.nanoTime());
  }

  @Test
  @Order(2)
  void aStoppedNodeLeavesAtOnceAndComesBackAsANewIncarnation() {
    int stopped = (cluster.leader().orElseThrow() + 1) % 3;
    int watching = (stopped + 1) % 3;
    TestCluster.Node node = cluster.nodes.get(stopped);
    ZooKeeperMembership watcher = cluster.nodes.get(watching).membership();
    long before = watcher.nodes().get(stopped).incarnation();

    node.membership().setStopped(true);
    soon().until(() -> cluster.agreeOn(others(stopped)));
    assertThat(watcher.nodes().get(stopped).flags() & NodeFlags.STOPPED).isNotZero();
    assertThat(watcher.safeAfterNanos(stopped)).isEqualTo(Long.MIN_VALUE);
    // A stopped node that offers itself is not taken for one that does not let go.
    node.membership().setReady(true);
    node.membership().setUnhealthy(false);
    soon().until(() -> (watcher.nodes().get(stopped).flags() & NodeFlags.UNHEALTHY) == 0);
    assertThat(watcher.nodes().get(stopped).ready()).isFalse();

    node.membership().setStopped(false);
    soon().until(() -> cluster.agreeOn(0, 1, 2));
    assertThat(watcher.nodes().get(stopped).incarnation()).isGreaterThan(before);
    assertThat(node.told).doesNotContain("lease lost");
  }

  @Test
  @Order(3)
  void aLeaderThatIsBannedYieldsAndTheBanRunsOut() {
    int banned = cluster.leader().orElseThrow();
    cluster.nodes.get(banned).membership().ban(Duration.ofSeconds(1));
    soon().until(() -> cluster.agreeOn(others(banned)));
    assertThat(cluster.nodes.get((banned + 1) % 3).membership().leader()).isNotEqualTo(banned);
    soon().until(() -> cluster.agreeOn(0, 1, 2));
    assertThat(cluster.nodes.get(banned).membership().ownFlags() & NodeFlags.BANNED).isZero();
  }

  @Test
  @Order(4)
  void recoverMakesANewEpochOfTheSameMembers() {
    long before = cluster.nodes.get(0).membership().epoch().orElseThrow().number();
    int asked = (cluster.leader().orElseThrow() + 1) % 3;
    cluster.nodes.get(asked).membership().requestRecovery();
    soon().until(() -> cluster.nodes.get(0).membership().epoch().orElseThrow().number() > before);
    assertThat(cluster.agreeOn(0, 1, 2)).isTrue();
  }

  @Test
  @Order(5)
  void theLeaderIsKilledAndAnotherTakesOver() {
    int killed = cluster.leader().orElseThrow();
    long lease = cluster.nodes.get(killed).membership().leaseUntilNanos();
    long term = cluster.nodes.get(killed).membership().term();
    assertThat(term).isPositive();
    cluster.kill(killed);
    soon().until(() -> cluster.agreeOn(others(killed)));
    // Safety, not speed: nobody takes over while the killed node could still act.
    assertThat(System.nanoTime()).isGreaterThan(lease);
    assertThat(cluster.leader()).isPresent();
    int leader = cluster.leader().orElseThrow();
    assertThat(leader).isNotEqualTo(killed);
    assertThat(cluster.nodes.get(leader).membership().term()).isGreaterThan(term);
    assertThat(cluster.nodes.get(leader).membership().safeAfterNanos(killed))
        .isNotIn(Long.MIN_VALUE, Long.MAX_VALUE);

    cluster.startNode(killed);
    soon().until(() -> cluster.agreeOn(0, 1, 2));
    cluster.nodes.values().forEach(node -> assertThat(node.told).doesNotContain("lease lost"));
  }

  @Test
  @Order(6)
  void theLeadersLastWillSparesTheOthersItsLease() {
    int killed = cluster.leader().orElseThrow();
    byte[] secret = cluster.nodes.get(killed).secret;
    int survivor = (killed + 1) % 3;
    long before = cluster.nodes.get(survivor).membership().epoch().orElseThrow().number();
    cluster.kill(killed);
    cluster.nodes.values().forEach(node -> node.membership().willTold(killed, secret));
    soon().until(() -> cluster.agreeOn(others(killed)));
    int leader = cluster.leader().orElseThrow();
    assertThat(leader).isNotEqualTo(killed);
    ZooKeeperMembership heir = cluster.nodes.get(leader).membership();
    assertThat(heir.safeAfterNanos(killed)).isEqualTo(Long.MIN_VALUE);
    assertThat(cluster.nodes.get(survivor).told)
        .containsOnlyOnce("dead: " + killed + " in " + before);
    assertThat(heir.epoch().orElseThrow().members()).doesNotContain(killed);

    cluster.startNode(killed);
    soon().until(() -> cluster.agreeOn(0, 1, 2));
    cluster.nodes.values().forEach(node -> assertThat(node.told).doesNotContain("lease lost"));
  }

  @Test
  @Order(7)
  void aNodeThatRestartsBeforeItsSessionExpiredReplacesItsRecord() {
    int restarted = (cluster.leader().orElseThrow() + 1) % 3;
    int watching = (restarted + 1) % 3;
    var watcher = cluster.nodes.get(watching);
    long incarnation = watcher.membership().nodes().get(restarted).incarnation();
    long number = watcher.membership().epoch().orElseThrow().number();
    cluster.kill(restarted);
    cluster.startNode(restarted);
    soon()
        .until(
            () ->
                cluster.agreeOn(0, 1, 2)
                    && watcher.membership().epoch().orElseThrow().number() > number);
    assertThat(watcher.membership().nodes().get(restarted).incarnation())
        .isGreaterThan(incarnation);
  }

  @Test
  @Order(8)
  void aMemberThatStaysSilentIsExpelledAndLetsGo() {
    int mute = (cluster.leader().orElseThrow() + 1) % 3;
    cluster.silent.add(mute);
    cluster.nodes.get(cluster.leader().orElseThrow()).membership().requestRecovery();
    soon().until(() -> cluster.nodes.get(mute).told.contains("lease lost"));
    soon().until(() -> cluster.agreeOn(others(mute)));
    cluster.silent.clear();
    soon().until(() -> cluster.agreeOn(0, 1, 2));
  }

  @Test
  @Order(9)
  void aServerOfTheEnsembleStopsAndNobodyLosesItsLease() throws Exception {
    cluster.nodes.values().forEach(node -> node.told.clear());
    for (int pnn = 0; pnn < 3; pnn++) {
      cluster.stopServer(pnn);
      Thread.sleep(1500);
      cluster.startServer(pnn);
      Thread.sleep(700);
    }
    cluster.nodes.values().forEach(node -> assertThat(node.told).doesNotContain("lease lost"));
    assertThat(cluster.agreeOn(0, 1, 2)).isTrue();
  }

  @Test
  @Order(10)
  void leavingInGoodOrderIsQuick() {
    int left = cluster.leader().orElseThrow();
    TestCluster.Node node = cluster.nodes.remove(left);
    node.membership().leave().join();
    node.membership().setReady(true);
    node.membership().close();
    soon().until(() -> cluster.agreeOn(others(left)));
    var other = cluster.nodes.get((left + 1) % 3).membership();
    soon().until(() -> !other.nodes().containsKey(left));
    assertThat(other.safeAfterNanos(left)).isEqualTo(Long.MIN_VALUE);
    cluster.startNode(left);
    soon().until(() -> cluster.agreeOn(0, 1, 2));
  }

  @Test
  @Order(11)
  void withoutAQuorumTheLeaseRunsOutAndEveryoneBeginsAgain() throws Exception {
    cluster.nodes.values().forEach(node -> node.told.clear());
    cluster.stopServer(0);
    cluster.stopServer(1);
    soon()
        .until(() -> cluster.nodes.values().stream().allMatch(n -> n.told.contains("lease lost")));
    long before = cluster.nodes.get(0).membership().epoch().orElseThrow().number();
    cluster.startServer(0);
    cluster.startServer(1);
    soon()
        .until(
            () ->
                cluster.agreeOn(0, 1, 2)
                    && cluster.nodes.get(0).membership().epoch().orElseThrow().number() > before);
  }

  /**
   * One after the other: what the cluster has agreed on must not be lost with the last old disk.
   */
  @Test
  @Order(12)
  void serversThatLostTheirDisksGetTheirContentFromTheOthers() throws Exception {
    long before = cluster.nodes.get(0).membership().epoch().orElseThrow().number();
    cluster.nodes.values().forEach(node -> node.told.clear());
    for (int pnn = 0; pnn < 3; pnn++) {
      cluster.stopServer(pnn);
      cluster.loseDisk(pnn);
      cluster.startServer(pnn);
      Thread.sleep(1500);
    }
    cluster.nodes.values().forEach(node -> assertThat(node.told).doesNotContain("lease lost"));
    cluster.nodes.get(1).membership().requestRecovery();
    soon()
        .until(
            () ->
                cluster.agreeOn(0, 1, 2)
                    && cluster.nodes.get(0).membership().epoch().orElseThrow().number() > before);
  }

  private static Integer[] others(int pnn) {
    return new Integer[] {(pnn + 1) % 3, (pnn + 2) % 3};
  }
}
