package io.jctdb.database.record;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.database.Epoch;
import io.jctdb.database.message.KeeperMessage;
import io.jctdb.database.message.RecordMessage;
import io.jctdb.protocol.Key;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One of three members falls silent, and what its clients' neighbours notice of it. */
class SilentMemberTest {
  private static final long MILLIS = 1_000_000L;
  private static final int SILENT = 2;

  private final LittleCluster cluster =
      new LittleCluster(3, RecordTunables.DEFAULT.withAside(AsideTimes.DEFAULT));
  private final LittleCluster.Node zero = cluster.nodes.get(0);
  private final LittleCluster.Node one = cluster.nodes.get(1);
  private final LittleCluster.Node two = cluster.nodes.get(SILENT);
  private final List<String> news = new ArrayList<>();

  @BeforeEach
  void allKnowEachOther() {
    zero.engine.onSetAside(
        new AsideListener() {
          @Override
          public void setAside(long epoch, int pnn, long silentNanos) {
            news.add("set aside " + pnn);
          }

          @Override
          public void backAgain(long epoch, int pnn, long afterNanos) {
            news.add("back again " + pnn);
          }

          @Override
          public void mended(long epoch) {
            news.add("mended");
          }

          @Override
          public void waited(int dbId, Key key, int forPnn, long nanos, WaitReason reason) {}
        });
    cluster.pass(200 * MILLIS);
    cluster.said();
  }

  private void silence() {
    cluster.isolate(SILENT);
  }

  /** A key of which that node is lmaster. */
  private static Key keyOf(int lmaster) {
    SlotLayout layout = new SlotLayout(Epoch.of(1, Set.of(0, 1, 2)));
    for (int i = 0; ; i++) {
      Key key = LittleCluster.key("file " + i);
      if (layout.lmaster(key) == lmaster) {
        return key;
      }
    }
  }

  @Test
  void aNewFileAtASurvivorDoesNotWaitForAMemberThatIsSlow() {
    silence();
    zero.call(keyOf(0));
    zero.call(keyOf(1));
    one.call(keyOf(0));
    cluster.pass(MILLIS);
    assertThat(zero.answers).containsExactly("", "");
    assertThat(one.answers).containsExactly("");
  }

  @Test
  @Timeout(value = 10, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void whereRequesterAndLmasterAreFarAwaySomebodyOfTheMainSiteTakesTheNote() {
    cluster.begin(
        new Epoch(
            2,
            new TreeSet<>(Set.of(0, 1, 2)),
            new TreeSet<>(Set.of(1)),
            new TreeSet<>(Set.of(1, 2))));
    two.call(keyOf(0));
    cluster.pass(100 * MILLIS);
    assertThat(two.answers).containsExactly("");
  }

  @Test
  void aNewFileOfAnLmasterWaitsForASlowKeeperOnlyUntilThatIsQuiet() {
    silence();
    one.call(keyOf(1));
    cluster.pass(90 * MILLIS);
    assertThat(one.answers).containsExactly("");
  }

  @Test
  void whatASlowMemberWasGivenIsWaitedForWhoeverMadeItAndForWhom() {
    List<Key> given = List.of(keyOf(0), keyOf(1), keyOf(SILENT));
    given.forEach(two::call);
    cluster.pass(50 * MILLIS);
    given.forEach(key -> assertThat(two.owns(key)).isTrue());
    silence();
    given.subList(0, 2).forEach(zero::call);
    given.subList(0, 2).forEach(one::call);
    zero.engine.linkLost(SILENT);
    one.engine.linkLost(SILENT);
    zero.call(given.get(2));
    cluster.pass(1_000 * MILLIS);
    assertThat(zero.answers).isEmpty();
    assertThat(one.answers).isEmpty();
  }

  @Test
  void aMemberThatJoinsIsNotWaitedForEvenBeforeItHasSaidAnything() {
    leaveAndJoin(2);
    zero.call(keyOf(0));
    one.call(keyOf(0));
    one.call(keyOf(1));
    cluster.pass(MILLIS);
    assertThat(zero.answers).containsExactly("");
    assertThat(one.answers).containsExactly("", "");
  }

  @Test
  void whoMissedAnEpochCannotTellWhoJoinsEmpty() {
    leaveAndJoin(Epoch.NONE);
    zero.call(keyOf(0));
    cluster.pass(500 * MILLIS);
    assertThat(zero.answers).isEmpty();
  }

  /**
   * Node 2 has left, and joins silently in epoch 3, which others are told builds on {@code base}.
   */
  private void leaveAndJoin(long base) {
    two.engine.leftCluster();
    cluster.begin(1, Epoch.of(2, Set.of(0, 1)));
    cluster.pass(200 * MILLIS);
    silence();
    cluster.begin(base, Epoch.of(3, Set.of(0, 1, 2)));
  }

  @Test
  void aNewFileWhoseKeeperFellSilentJustNowIsNotedByAnother() {
    silence();
    one.call(keyOf(1));
    one.call(keyOf(0));
    cluster.pass(110 * MILLIS);
    assertThat(one.answers).containsExactly("", "");
  }

  @Test
  void aNewFileWhenTheKeeperMissedTheFirstPartOfWhatItIsTold() {
    cluster.lose(message -> message instanceof KeeperMessage.Copies copies && copies.epoch() == 2);
    cluster.begin(2);
    cluster.pass(30 * MILLIS);
    cluster.lose(message -> false);
    cluster.pass(60 * MILLIS);
    silence();
    zero.call(keyOf(0));
    cluster.pass(90 * MILLIS);
    assertThat(zero.answers).as("the first part was told again in time").containsExactly("");
  }

  @Test
  void aNewFileOfWhichTheSilentMemberIsLmasterIsMadeByAnother() {
    silence();
    zero.call(keyOf(SILENT));
    cluster.pass(100 * MILLIS);
    assertThat(zero.answers).isEmpty();
    cluster.pass(80 * MILLIS);
    assertThat(zero.answers).containsExactly("");
    assertThat(news).containsExactly("set aside 2");
  }

  @Test
  void aMemberWhoseConnectionsBreakIsSetAsideAtOnce() {
    silence();
    zero.engine.linkLost(SILENT);
    one.engine.linkLost(SILENT);
    zero.call(keyOf(SILENT));
    zero.call(keyOf(0));
    cluster.pass(30 * MILLIS);
    assertThat(zero.answers).containsExactly("", "");
    assertThat(news).containsExactly("set aside 2");
  }

  @Test
  void whatAMemberHasWhoseConnectionsBreakIsWaitedFor() {
    Key key = keyOf(0);
    two.call(key);
    cluster.settle();
    silence();
    zero.engine.linkLost(SILENT);
    one.engine.linkLost(SILENT);
    zero.call(key);
    cluster.pass(1_000 * MILLIS);
    assertThat(zero.answers).isEmpty();
  }

  @Test
  void whatADeadMemberHasIsLostAndNotWaitedFor() {
    Key its = keyOf(0);
    Key ofItsSlots = keyOf(SILENT);
    two.call(its);
    two.call(ofItsSlots);
    cluster.settle();
    silence();
    zero.call(its);
    zero.call(ofItsSlots);
    cluster.pass(500 * MILLIS);
    assertThat(zero.answers).isEmpty();
    zero.engine.memberDied(1, SILENT);
    one.engine.memberDied(1, SILENT);
    cluster.settle();
    assertThat(zero.answers).as("at once").containsExactly("", "");
    assertThat(zero.owns(its)).isTrue();
    assertThat(zero.owns(ofItsSlots)).isTrue();
  }

  @Test
  void whatADeadMemberGotLastIsFoundWhereItHadBeenBefore() {
    Key key = keyOf(0);
    one.call(key);
    cluster.settle();
    one.write(key, "mine");
    cluster.pass(MILLIS);
    two.call(key);
    cluster.pass(MILLIS);
    assertThat(two.owns(key)).isTrue();
    silence();
    zero.engine.memberDied(1, SILENT);
    zero.call(key);
    cluster.settle();
    assertThat(zero.answers).containsExactly("mine");
  }

  @Test
  void whatADeadMemberWantedIsGivenToTheNext() {
    Key key = keyOf(0);
    cluster.lose(message -> message instanceof RecordMessage.Grant);
    two.call(key);
    cluster.settle();
    cluster.lose(message -> false);
    zero.call(key);
    cluster.pass(MILLIS);
    assertThat(zero.answers).isEmpty();
    silence();
    zero.engine.memberDied(1, SILENT);
    cluster.settle();
    assertThat(zero.answers).containsExactly("");
  }

  @Test
  void ofTwoMembersTheDeadOneIsNotWaitedForEither() {
    LittleCluster pair = new LittleCluster(2, RecordTunables.DEFAULT.withAside(AsideTimes.DEFAULT));
    SlotLayout layout = new SlotLayout(Epoch.of(1, Set.of(0, 1)));
    Key key = LittleCluster.key("file");
    int lmaster = layout.lmaster(key);
    LittleCluster.Node survivor = pair.nodes.get(lmaster);
    pair.nodes.get(1 - lmaster).call(key);
    pair.settle();
    pair.isolate(1 - lmaster);
    survivor.call(key);
    pair.pass(500 * MILLIS);
    assertThat(survivor.answers).isEmpty();
    survivor.engine.memberDied(1, 1 - lmaster);
    pair.settle();
    assertThat(survivor.answers).containsExactly("");
  }

  @Test
  void besideADeadMemberASilentOneIsWaitedFor() {
    Key key = keyOf(0);
    silence();
    zero.engine.memberDied(1, 1);
    zero.call(key);
    cluster.pass(1_000 * MILLIS);
    assertThat(zero.answers).as("the dead one may have handed it to the silent one").isEmpty();
  }

  @Test
  void thatAMemberOfAnotherEpochHasDiedSaysNothingOfThisOne() {
    Key key = keyOf(0);
    two.call(key);
    cluster.settle();
    cluster.begin(2);
    cluster.pass(200 * MILLIS);
    zero.engine.memberDied(1, SILENT);
    silence();
    zero.call(key);
    cluster.pass(1_000 * MILLIS);
    assertThat(zero.answers).isEmpty();
  }

  @Test
  void aDeathIsRememberedForAnEpochThatThisNodeHasNotBegunYet() {
    Key key = keyOf(0);
    two.call(key);
    cluster.settle();
    zero.engine.memberDied(2, SILENT);
    cluster.begin(2);
    silence();
    zero.call(key);
    cluster.pass(30 * MILLIS);
    assertThat(zero.answers).containsExactly("");
  }

  @Test
  void nothingIsTakenFromADeadMemberAnyMore() {
    Key key = keyOf(0);
    zero.engine.memberDied(1, SILENT);
    two.call(key);
    cluster.pass(1_000 * MILLIS);
    assertThat(two.answers).isEmpty();
    assertThat(two.owns(key)).isFalse();
  }

  @Test
  void whoLosesAllConnectionsBlamesNobody() {
    cluster.isolate(0);
    zero.engine.linkLost(SILENT);
    zero.engine.linkLost(1);
    cluster.pass(1_000 * MILLIS);
    assertThat(news).isEmpty();
  }

  @Test
  void aConnectionThatBreaksAndComesBackCostsOneEpoch() {
    zero.engine.linkLost(SILENT);
    cluster.pass(1_000 * MILLIS);
    assertThat(news).containsSubsequence("set aside 2", "back again 2", "mended");
  }

  @Test
  void aRecordThatTheSilentMemberMadeIsWaitedFor() {
    Key key = keyOf(SILENT);
    two.call(key);
    cluster.settle();
    silence();
    zero.call(key);
    cluster.pass(1_000 * MILLIS);
    assertThat(zero.answers).isEmpty();
    cluster.rejoin(SILENT);
    cluster.pass(5_000 * MILLIS);
    assertThat(zero.answers).containsExactly("");
    assertThat(zero.owns(key)).isTrue();
    assertThat(two.owns(key)).isFalse();
  }

  @Test
  void aRecordThatWasHandedToTheSilentMemberIsWaitedFor() {
    Key key = keyOf(0);
    one.call(key);
    cluster.settle();
    cluster.pass(MILLIS);
    two.call(key);
    cluster.pass(MILLIS);
    assertThat(two.owns(key)).isTrue();
    silence();
    zero.call(key);
    cluster.pass(1_000 * MILLIS);
    assertThat(zero.answers).isEmpty();
  }

  @Test
  void whatTheSilentMemberHadWhenTheEpochBeganIsWaitedFor() {
    Key key = keyOf(0);
    two.call(key);
    cluster.settle();
    cluster.begin(2);
    cluster.pass(200 * MILLIS);
    silence();
    one.call(key);
    one.call(keyOf(1));
    cluster.pass(1_000 * MILLIS);
    assertThat(one.answers).as("only the other one").containsExactly("");
    assertThat(one.owns(keyOf(1))).isTrue();
  }

  @Test
  void whatTheSilentMemberOwnedInAnEarlierLifeOnlyIsNotWaitedFor() {
    Key key = keyOf(0);
    two.call(key);
    cluster.settle();
    cluster.begin(Epoch.of(2, Set.of(0, 1)));
    two.engine.leftCluster();
    two.store.wipe();
    cluster.begin(3);
    cluster.pass(200 * MILLIS);
    silence();
    zero.call(key);
    cluster.pass(90 * MILLIS);
    assertThat(zero.answers).as("its keeper knows better than its lmaster").containsExactly("");
  }

  @Test
  void aKeeperThatWasNotToldEverythingVouchesForNothing() {
    cluster.lose(message -> message instanceof KeeperMessage.Copies);
    cluster.begin(2);
    cluster.pass(200 * MILLIS);
    silence();
    zero.call(keyOf(0));
    cluster.pass(1_000 * MILLIS);
    assertThat(zero.answers).isEmpty();
  }

  @Test
  void whoIsHeardAgainGetsItsPlaceBackWithANewEpoch() {
    silence();
    cluster.pass(200 * MILLIS);
    cluster.rejoin(SILENT);
    cluster.pass(1_500 * MILLIS);
    assertThat(news).startsWith("set aside 2", "back again 2", "mended");
    two.call(keyOf(SILENT));
    cluster.settle();
    assertThat(two.answers).as("meanwhile it asks who took its place").containsExactly("");
    cluster.begin(2);
    cluster.said();
    two.call(LittleCluster.key("of the new epoch"));
    cluster.settle();
    assertThat(two.answers).hasSize(2);
  }

  @Test
  void aMemberThatHearsNobodyBlamesNobody() {
    cluster.isolate(0);
    cluster.pass(1_000 * MILLIS);
    assertThat(news).isEmpty();
  }

  @Test
  void whatTheOneThatIsSetAsideOrderedEarlierIsNotDoneAnyMore() {
    Key key = keyOf(SILENT);
    one.call(key);
    cluster.settle();
    one.write(key, "mine");
    cluster.pass(MILLIS);
    silence();
    cluster.pass(200 * MILLIS);
    one.engine.receive(
        SILENT,
        new RecordMessage.Yield(1, LittleCluster.DB, key, 99, 0, 99, RecordMessage.IF_OWNER, 0));
    cluster.settle();
    assertThat(one.owns(key)).isTrue();
  }
}
