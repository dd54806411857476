package io.jctdb.database.record;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.database.Epoch;
import io.jctdb.protocol.Key;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * A record that users of two sites want, 100 ms away from each other. Nodes 0 to 2 are the main
 * site, 0 keeps order; node 3 is at the branch.
 */
class SharedBetweenSitesTest {
  private static final int BRANCH = 3;
  private static final long MILLIS = 1_000_000;
  private static final Key KEY = LittleCluster.key("directory");

  private final LittleCluster cluster = new LittleCluster(4);

  @BeforeEach
  void stretch() {
    cluster.nodes.forEach(node -> node.engine.leftCluster());
    cluster.begin(
        new Epoch(
            2,
            new TreeSet<>(List.of(0, 1, 2, BRANCH)),
            new TreeSet<>(Set.of(0)),
            new TreeSet<>(Set.of(BRANCH))));
    cluster.farAway(BRANCH, 100 * MILLIS);
    cluster.pass(1_000 * MILLIS);
  }

  private LittleCluster.Node branch() {
    return cluster.nodes.get(BRANCH);
  }

  private boolean isAtTheMainSite() {
    return cluster.nodes.stream().anyMatch(node -> node.pnn != BRANCH && node.owns(KEY));
  }

  private record Shares(double main, double branch, int visits) {}

  /** What each site has of the record while everybody wants it, as a share of the time. */
  private Shares contend(List<Integer> nodes, int millis) {
    int[] calls = new int[cluster.nodes.size()];
    int main = 0;
    int branch = 0;
    for (int i = 0; i < millis; i++) {
      for (int pnn : nodes) {
        LittleCluster.Node node = cluster.nodes.get(pnn);
        if (!node.owns(KEY) && node.answers.size() == calls[pnn]) {
          calls[pnn]++;
          node.call(KEY);
        }
      }
      cluster.pass(MILLIS);
      main += isAtTheMainSite() ? 1 : 0;
      branch += branch().owns(KEY) ? 1 : 0;
    }
    return new Shares((double) main / millis, (double) branch / millis, calls[BRANCH]);
  }

  @Test
  void whileAllWantItTheMainSiteHasItAsLongAsTheTripsTake() {
    Shares shares = contend(List.of(0, 1, 2, BRANCH), 60_000);
    assertThat(shares.main).isGreaterThan(0.4);
    assertThat(shares.branch).as("it has its turn, too").isGreaterThan(0.15);
    assertThat(shares.visits).isGreaterThan(50);
  }

  @Test
  void aSingleNodeOfTheMainSiteIsNotStarvedEither() {
    Shares shares = contend(List.of(0, BRANCH), 60_000);
    assertThat(shares.main).isGreaterThan(0.15);
    assertThat(shares.branch).isGreaterThan(0.25);
  }

  @Test
  void whatTheMainSiteHasHadForLongGoesToTheBranchAtOnce() {
    cluster.nodes.get(1).call(KEY);
    cluster.pass(5_000 * MILLIS);
    branch().call(KEY);
    cluster.pass(205 * MILLIS);
    assertThat(branch().owns(KEY)).isTrue();
  }

  @Test
  void whatTheBranchHasBorrowedComesHome() {
    cluster.nodes.get(1).call(KEY);
    cluster.pass(MILLIS);
    cluster.nodes.get(1).write(KEY, "main");
    branch().call(KEY);
    cluster.pass(1_000 * MILLIS);
    branch().write(KEY, "branch");
    cluster.pass(4_000 * MILLIS);
    assertThat(isAtTheMainSite()).isTrue();
    cluster.said();
    cluster.nodes.get(1).call(KEY);
    cluster.pass(MILLIS);
    assertThat(cluster.nodes.get(1).answers).endsWith("branch");
    assertThat(cluster.said()).noneMatch(line -> line.contains("3"));
  }

  /** Its users would wait for it every few seconds. */
  @Test
  void whatTheBranchAloneUsesStaysThereLongerEachTime() {
    cluster.nodes.get(1).call(KEY);
    cluster.pass(MILLIS);
    cluster.nodes.get(1).write(KEY, "main");
    int trips = contend(List.of(BRANCH), 600_000).visits;
    assertThat(trips).isBetween(5, 16);
  }

  @Test
  void whatTheBranchHasMadeItselfStaysThere() {
    branch().call(KEY);
    cluster.pass(1_000 * MILLIS);
    branch().write(KEY, "branch");
    cluster.pass(300_000 * MILLIS);
    assertThat(branch().owns(KEY)).isTrue();
  }

  @Test
  void theTripBackIsForgottenWithTheMembership() {
    contend(List.of(0, 1, BRANCH), 1_000);
    cluster.nodes.get(0).engine.leftCluster();
    cluster.begin(
        new Epoch(
            3,
            new TreeSet<>(List.of(0, 1, 2)),
            new TreeSet<>(Set.of(0)),
            Collections.emptySortedSet()));
    cluster.nodes.get(2).call(KEY);
    cluster.pass(10 * MILLIS);
    assertThat(cluster.nodes.get(2).answers).hasSize(1);
  }
}
