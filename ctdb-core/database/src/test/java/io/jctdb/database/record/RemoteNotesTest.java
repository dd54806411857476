package io.jctdb.database.record;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.database.Epoch;
import io.jctdb.database.message.KeeperMessage;
import io.jctdb.protocol.Key;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Nodes 0 to 2 are the main site, node 3 is at a branch. Node 0 keeps order unless it is told. */
class RemoteNotesTest {
  private static final int BRANCH = 3;
  private static final Key KEY = LittleCluster.key("locking");

  private final LittleCluster cluster = new LittleCluster(4);

  RemoteNotesTest() {
    cluster.nodes.forEach(node -> node.engine.leftCluster());
    begin(2, 0, 0, 1, 2, BRANCH);
    cluster.pass(1);
    cluster.said();
  }

  private void begin(long number, int lmaster, Integer... members) {
    cluster.begin(
        new Epoch(
            number,
            new TreeSet<>(List.of(members)),
            new TreeSet<>(Set.of(lmaster)),
            List.of(members).contains(BRANCH)
                ? new TreeSet<>(Set.of(BRANCH))
                : Collections.emptySortedSet()));
  }

  private List<String> heardAtTheBranch() {
    return cluster.said().stream().filter(line -> line.contains(">" + BRANCH)).toList();
  }

  private void call(int node) {
    cluster.nodes.get(node).call(KEY);
    cluster.pass(1_000_000);
  }

  @Test
  void aNewRecordIsMadeAndBuriedWithoutAWordToTheBranch() {
    call(1);
    assertThat(cluster.nodes.get(1).owns(KEY)).isTrue();
    cluster.pass(60_000_000_000L);
    assertThat(cluster.nodes.get(1).copy(KEY)).as("it was empty").isNull();
    assertThat(heardAtTheBranch()).isEmpty();
  }

  @Test
  void whatADeadNodeHadIsFoundWithoutAWordToTheBranch() {
    call(1);
    cluster.nodes.get(1).write(KEY, "one");
    call(2);
    cluster.said();
    begin(3, 0, 0, 1, BRANCH);
    call(0);
    assertThat(cluster.nodes.get(0).answers).containsExactly("one");
    assertThat(heardAtTheBranch()).isEmpty();
  }

  @Test
  void theMainSiteKnowsWhatTheBranchMayHaveBeforeItHasIt() {
    call(BRANCH);
    assertThat(cluster.said().subList(0, 5))
        .as("node 0 says it to itself, too")
        .containsExactly("3>0 LOCATE", "0>1 NOTE", "0>2 NOTE", "1>0 NOTETAKEN", "2>0 NOTETAKEN");
  }

  @Test
  void theFirstAccessFromTheBranchToARecordThatNobodyHasIsOneRoundTrip() {
    call(BRANCH);
    assertThat(cluster.nodes.get(BRANCH).owns(KEY)).isTrue();
    assertThat(heardAtTheBranch()).containsExactly("0>3 GRANT");
  }

  @Test
  void whatTheBranchHasIsNotMadeTwiceWhoeverDies() {
    call(BRANCH);
    cluster.nodes.get(BRANCH).write(KEY, "of the branch");
    begin(3, 1, 1, BRANCH);
    call(1);
    assertThat(cluster.nodes.get(1).answers).containsExactly("of the branch");
  }

  /** The newest copy is at the branch, and its owner is dead. */
  @Test
  void whatTheBranchHasHadIsLookedForThere() {
    call(BRANCH);
    cluster.nodes.get(BRANCH).write(KEY, "of the branch");
    call(2);
    begin(3, 0, 0, 1, BRANCH);
    call(1);
    assertThat(cluster.nodes.get(1).answers).containsExactly("of the branch");
  }

  @Test
  void aNewMemberOfTheMainSiteIsToldByTheOthers() {
    call(BRANCH);
    cluster.nodes.get(BRANCH).write(KEY, "of the branch");
    cluster.nodes.get(2).engine.leftCluster();
    begin(3, 0, 0, 1, BRANCH);
    begin(4, 2, 0, 1, 2, BRANCH);
    cluster.settle();
    begin(5, 2, 2, BRANCH);
    cluster.settle();
    cluster.said();
    cluster.nodes.get(2).call(LittleCluster.key("another"));
    cluster.settle();
    assertThat(heardAtTheBranch()).as("it surely has no other record").isEmpty();
    call(2);
    assertThat(cluster.nodes.get(2).answers).containsExactly("", "of the branch");
  }

  /** All of the main site died and came back; the branch did not. */
  private void loseTheMainSite() {
    cluster.nodes.stream().filter(n -> n.pnn != BRANCH).forEach(n -> n.engine.leftCluster());
    begin(3, 0, 0, 1, BRANCH);
  }

  @Test
  void whoCannotKnowAsks() {
    call(BRANCH);
    cluster.nodes.get(BRANCH).write(KEY, "of the branch");
    loseTheMainSite();
    call(0);
    assertThat(cluster.nodes.get(0).answers).containsExactly("of the branch");
  }

  @Test
  void ifNobodyElseKnowsTheBranchTellsWhatItHas() {
    for (int i = 0; i < 2 * KeeperMessage.COPIES_MAX + 1; i++) {
      cluster.nodes.get(BRANCH).call(LittleCluster.key("record " + i));
    }
    cluster.settle();
    for (int i = 0; i < 2 * KeeperMessage.COPIES_MAX + 1; i++) {
      cluster.nodes.get(BRANCH).write(LittleCluster.key("record " + i), "of the branch");
    }
    loseTheMainSite();
    cluster.pass(20_000_000_000L);
    for (int node : new int[] {0, 1}) {
      RecordStatistics known = cluster.nodes.get(node).engine.statistics();
      assertThat(known.notesComplete()).isTrue();
      assertThat(known.noted()).isEqualTo(2 * KeeperMessage.COPIES_MAX + 1);
    }
    cluster.said();
    cluster.nodes.get(0).call(LittleCluster.key("another"));
    cluster.settle();
    assertThat(heardAtTheBranch()).as("it surely has no other record").isEmpty();
    cluster.nodes.get(0).call(LittleCluster.key("record 7"));
    cluster.settle();
    assertThat(cluster.nodes.get(0).answers).containsExactly("", "of the branch");
  }

  /** Its index does not know what a tool has put there, and says nothing. */
  @Test
  void aBranchThatDoesNotKnowIsAskedForEverything() {
    cluster.nodes.forEach(node -> node.engine.refilled(LittleCluster.DB, List.of(KEY)));
    cluster.settle();
    loseTheMainSite();
    cluster.pass(20_000_000_000L);
    assertThat(cluster.nodes.get(0).engine.statistics().notesComplete()).isFalse();
    cluster.said();
    call(0);
    assertThat(heardAtTheBranch()).isNotEmpty();
  }

  @Test
  void aRecordThatIsGoneIsAskedForNoMore() {
    call(BRANCH);
    assertThat(cluster.nodes.get(1).engine.statistics().noted()).isEqualTo(1);
    cluster.pass(60_000_000_000L);
    assertThat(cluster.nodes.get(BRANCH).copy(KEY)).as("it was empty").isNull();
    assertThat(cluster.nodes.get(1).engine.statistics().noted()).isZero();
    cluster.said();
    call(1);
    assertThat(heardAtTheBranch()).isEmpty();
  }

  @Test
  void manyNotesAreToldInParts() {
    for (int i = 0; i < 2 * KeeperMessage.COPIES_MAX + 1; i++) {
      cluster.nodes.get(BRANCH).call(LittleCluster.key("record " + i));
    }
    cluster.settle();
    cluster.nodes.get(2).engine.leftCluster();
    begin(3, 0, 0, 1, 2, BRANCH);
    cluster.settle();
    RecordStatistics known = cluster.nodes.get(2).engine.statistics();
    assertThat(known.notesComplete()).isTrue();
    assertThat(known.noted()).isEqualTo(2 * KeeperMessage.COPIES_MAX + 1);
  }

  @Test
  void whatAToolPutOnAllNodesIsLookedForAtTheBranch() {
    cluster.nodes.forEach(node -> node.engine.refilled(LittleCluster.DB, List.of(KEY)));
    cluster.settle();
    cluster.said();
    call(1);
    assertThat(heardAtTheBranch()).isNotEmpty();
  }
}
