package io.jctdb.database.record;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.database.Epoch;
import io.jctdb.database.message.TraverseMessage;
import io.jctdb.protocol.Key;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Node 3 is at a remote site; nodes 0 to 2 are where the lmasters are. */
class RemoteOwnersTest {
  private static final int DB = LittleCluster.DB;
  private static final int REMOTE = 3;

  private final RemoteOwners owners = new RemoteOwners();

  private static Epoch epoch(long number, Integer... members) {
    TreeSet<Integer> all = new TreeSet<>(List.of(members));
    TreeSet<Integer> lmasters = new TreeSet<>(all);
    lmasters.remove(REMOTE);
    return new Epoch(number, all, lmasters, new TreeSet<>(Set.of(REMOTE)));
  }

  /** In epoch 1 without the remote node, which joins with the second. */
  private void remoteJoins() {
    Epoch alone = Epoch.of(1, Set.of(0, 1, 2));
    owners.epochStarted(alone);
    owners.epochStarted(epoch(2, 0, 1, 2, REMOTE));
  }

  @Test
  void whoHasJustJoinedOwnsNothing() {
    remoteJoins();
    assertThat(owners.mayOwn(DB)).isEmpty();
  }

  /**
   * Found by the simulator: an lmaster that had died and come back answered for its former life.
   */
  @Test
  void whoIsInNoEpochCannotTell() {
    assertThat(owners.mayOwn(DB)).containsExactly(TraverseMessage.ANYBODY);
  }

  @Test
  void whatAnLmasterLetsItHaveIsKnownUntilItLeaves() {
    remoteJoins();
    owners.grants(0, DB);
    assertThat(owners.mayOwn(DB)).isEmpty();
    owners.grants(REMOTE, DB);
    owners.epochStarted(epoch(3, 0, 1, 2, REMOTE));
    assertThat(owners.mayOwn(DB)).containsExactly(REMOTE);
    assertThat(owners.mayOwn(DB + 1)).isEmpty();
    owners.epochStarted(Epoch.of(4, Set.of(0, 1, 2)));
    owners.epochStarted(epoch(5, 0, 1, 2, REMOTE));
    assertThat(owners.mayOwn(DB)).isEmpty();
  }

  @Test
  void withAMemberOfTheMainSiteItsKnowledgeIsLost() {
    remoteJoins();
    owners.epochStarted(epoch(3, 0, 1, REMOTE));
    assertThat(owners.mayOwn(DB)).containsExactly(REMOTE);
    owners.reported(REMOTE, new TraverseMessage.Owns(2, Set.of()));
    assertThat(owners.mayOwn(DB)).as("said before that member was lost").containsExactly(REMOTE);
    owners.reported(REMOTE, new TraverseMessage.Owns(3, Set.of(DB + 1)));
    assertThat(owners.mayOwn(DB)).isEmpty();
    assertThat(owners.mayOwn(DB + 1)).containsExactly(REMOTE);
  }

  @Test
  void whoHasJoinedOrMissedAnEpochKnowsNothing() {
    owners.epochStarted(epoch(2, 0, 1, 2, REMOTE));
    assertThat(owners.mayOwn(DB)).containsExactly(REMOTE);
    owners.reported(REMOTE, new TraverseMessage.Owns(2, Set.of()));
    assertThat(owners.mayOwn(DB)).isEmpty();
    owners.epochStarted(epoch(4, 0, 1, 2, REMOTE));
    assertThat(owners.mayOwn(DB)).containsExactly(REMOTE);
  }

  @Test
  void aReportThatIsAheadOfTheEpochCountsWhenThatBegins() {
    remoteJoins();
    owners.reported(REMOTE, new TraverseMessage.Owns(3, Set.of()));
    owners.epochStarted(epoch(3, 0, 1, REMOTE));
    assertThat(owners.mayOwn(DB)).isEmpty();
  }

  @Test
  void anLmasterFarAwayMayHaveLetAnybodyHaveRecords() {
    TreeSet<Integer> all = new TreeSet<>(Set.of(0, 1, 2, REMOTE));
    remoteJoins();
    owners.epochStarted(new Epoch(3, all, all, new TreeSet<>(Set.of(REMOTE))));
    assertThat(owners.mayOwn(DB)).containsExactly(REMOTE);
    owners.epochStarted(epoch(4, 0, 1, 2, REMOTE));
    assertThat(owners.mayOwn(DB)).as("until it says").containsExactly(REMOTE);
  }

  @Test
  void recordsThatARestoreHasWrittenMayHaveAnyOwner() {
    remoteJoins();
    owners.rewritten(DB);
    assertThat(owners.mayOwn(DB)).containsExactly(REMOTE);
  }

  @Test
  void theRecordEngineNotesWhatItLetsARemoteNodeHave() {
    LittleCluster cluster = new LittleCluster(4);
    Epoch stretched = epoch(2, 0, 1, 2, REMOTE);
    for (LittleCluster.Node node : cluster.nodes) {
      node.engine.remoteOwners().epochStarted(Epoch.of(1, Set.of(0, 1, 2)));
      node.engine.remoteOwners().epochStarted(stretched);
    }
    Key key = LittleCluster.key("a");
    cluster.begin(2, 0, 1, 2);
    cluster.nodes.get(0).call(key);
    cluster.settle();
    assertThat(knownTo(cluster)).as("a record of the main site's").isEmpty();
    cluster.nodes.get(REMOTE).call(key);
    cluster.pass(1_000_000_000L);
    assertThat(cluster.nodes.get(REMOTE).owns(key)).isTrue();
    assertThat(knownTo(cluster)).containsExactly(REMOTE);
    TraverseMessage.Owns report = cluster.nodes.get(REMOTE).engine.remoteOwners().report();
    assertThat(report).isEqualTo(new TraverseMessage.Owns(2, Set.of(DB)));
  }

  private static Set<Integer> knownTo(LittleCluster cluster) {
    Set<Integer> known = new TreeSet<>();
    cluster.nodes.stream()
        .filter(node -> node.pnn != REMOTE)
        .forEach(node -> known.addAll(node.engine.remoteOwners().mayOwn(DB)));
    return known;
  }
}
