package io.jctdb.database.epoch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jctdb.database.Epoch;
import io.jctdb.database.message.EpochMessage;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** How an epoch begins: what a leader and a member say, and what they refuse. */
class EpochChangeTest {
  private static final Epoch FIRST = Epoch.of(1, Set.of(0, 1));
  private static final Epoch SECOND = Epoch.of(2, Set.of(0, 1));
  private static final Epoch THIRD = Epoch.of(3, Set.of(0, 1));

  private final HandPort port = new HandPort(1);
  private final List<String> heard = new ArrayList<>();
  private final EpochParticipant member =
      new EpochParticipant(port, base -> heard.add("excluded from " + base));

  EpochChangeTest() {
    member.addListener(
        new EpochListener() {
          @Override
          public void epochPromised(long next) {
            heard.add("promised " + next);
          }

          @Override
          public void epochStarted(Epoch epoch) {
            heard.add("started " + epoch.number());
          }

          @Override
          public void leftCluster() {
            heard.add("left");
          }
        });
  }

  private void prepare(long base, Epoch next) {
    member.receive(0, new EpochMessage.Prepare(base, next));
  }

  private void commit(long number) {
    member.receive(0, new EpochMessage.Commit(number));
  }

  // ---- the member ----

  @Test
  void aMemberPromisesAndBegins() {
    prepare(0, FIRST);
    assertThat(member.isServing()).isFalse();
    commit(1);
    assertThat(member.isServing()).isTrue();
    assertThat(member.currentEpoch()).isEqualTo(FIRST);
    assertThat(heard).containsExactly("promised 1", "started 1");
    assertThat(port.said()).containsExactly("0: Promise[number=1]", "0: Started[number=1]");
  }

  /** A leader that stood still must not move addresses by a plan from before it was put out. */
  @Test
  void whoIsLeftOutOfAPromisedEpochIsNotReckonedWithBeforeItBegins() {
    prepare(0, Epoch.of(1, Set.of(0, 1, 2)));
    commit(1);
    assertThat(member.reckonsWith(0)).isTrue();

    member.receive(2, new EpochMessage.Prepare(1, Epoch.of(2, Set.of(1, 2))));

    assertThat(member.reckonsWith(0)).isFalse();
    assertThat(member.reckonsWith(2)).isTrue();
    member.receive(2, new EpochMessage.Commit(2));
    assertThat(member.reckonsWith(0)).isFalse();
  }

  @Test
  void nobodyPromisesInThePlaceOfALifeThatHasEnded() {
    member.livesAs(8);
    SortedMap<Integer, Long> earlier = new TreeMap<>(Map.of(1, 7L));
    member.receive(0, new EpochMessage.Prepare(0, FIRST, earlier));
    commit(1);
    assertThat(heard).as("the record of the life before is still there").isEmpty();
    SortedMap<Integer, Long> present = new TreeMap<>(Map.of(1, 8L));
    member.receive(0, new EpochMessage.Prepare(0, SECOND, present));
    member.leave();
    member.rejoin();
    member.receive(0, new EpochMessage.Prepare(0, THIRD, present));
    assertThat(heard).containsExactly("promised 2", "left");
  }

  @Test
  void repeatedMessagesAreAnsweredAgainAndChangeNothing() {
    prepare(0, FIRST);
    prepare(0, FIRST);
    commit(1);
    commit(1);
    prepare(0, FIRST);
    assertThat(heard).containsExactly("promised 1", "started 1");
    assertThat(port.said()).hasSize(5);
  }

  @Test
  void aLowerNumberThanPromisedIsRefused() {
    prepare(0, SECOND);
    prepare(0, FIRST);
    commit(1);
    assertThat(port.said())
        .containsExactly(
            "0: Promise[number=2]",
            "0: Refuse[number=1, promised=2]",
            "0: Refuse[number=1, promised=2]");
    assertThat(member.currentEpoch()).isNull();
  }

  @Test
  void havingPromisedItServesTheOldEpochNoMore() {
    prepare(0, FIRST);
    commit(1);
    prepare(1, SECOND);
    assertThat(member.currentEpoch()).isEqualTo(FIRST);
    assertThat(member.isServing()).isFalse();
  }

  @Test
  void aLostCommitIsReplacedByWhatZooKeeperSays() {
    prepare(0, FIRST);
    assertThat(member.adopt(FIRST)).isTrue();
    assertThat(heard).containsExactly("promised 1", "started 1");
    assertThat(member.adopt(SECOND)).as("never promised").isFalse();
  }

  @Test
  void aMemberThatPromisedACommittedEpochGoesOnFromIt() {
    prepare(0, FIRST);
    commit(1);
    prepare(1, SECOND);
    prepare(2, THIRD); // SECOND was committed, its COMMIT was lost
    commit(3);
    assertThat(heard)
        .containsExactly("promised 1", "started 1", "promised 2", "promised 3", "started 3");
  }

  @Test
  void aMemberThatWasLeftOutDoesNotComeBackWithItsRecords() {
    prepare(0, FIRST);
    commit(1);
    prepare(2, THIRD); // SECOND went by without this node
    assertThat(heard).containsExactly("promised 1", "started 1", "excluded from 2");
    assertThat(member.promisedNumber()).isEqualTo(1);
    member.leave();
    prepare(2, THIRD);
    assertThat(member.promisedNumber()).as("not before it says so").isEqualTo(1);
    member.rejoin();
    prepare(2, THIRD);
    commit(3);
    assertThat(member.isServing()).isTrue();
  }

  // ---- the leader ----

  private final HandPort leaderPort = new HandPort(0);
  private final EpochCoordinator leader = new EpochCoordinator(leaderPort, 100, 1000);
  private final List<String> outcomes = new ArrayList<>();

  private void propose(long base, Epoch next) {
    leader.propose(
        base,
        next,
        new EpochCoordinator.Outcome() {
          @Override
          public void promised() {
            outcomes.add("promised");
          }

          @Override
          public void silent(SortedSet<Integer> pnns) {
            outcomes.add("silent " + pnns);
          }

          @Override
          public void refused(long promised) {
            outcomes.add("refused for " + promised);
          }
        });
  }

  @Test
  void theLeaderCommitsWhenAllHavePromised() {
    propose(0, FIRST);
    leader.receive(0, new EpochMessage.Promise(1));
    leader.receive(0, new EpochMessage.Promise(1));
    assertThat(outcomes).isEmpty();
    assertThatThrownBy(leader::commit).isInstanceOf(IllegalStateException.class);
    leader.receive(1, new EpochMessage.Promise(1));
    assertThat(outcomes).containsExactly("promised");
    leaderPort.said();
    leader.commit();
    assertThat(leaderPort.said()).containsExactly("0: Commit[number=1]", "1: Commit[number=1]");
    leader.receive(0, new EpochMessage.Started(1));
    leaderPort.pass(100);
    assertThat(leaderPort.said())
        .as("only who has not begun")
        .containsExactly("1: Commit[number=1]");
    leader.receive(1, new EpochMessage.Started(1));
    assertThat(leader.isBusy()).isFalse();
  }

  @Test
  void theLeaderAsksAgainAndNamesTheSilent() {
    propose(0, FIRST);
    leader.receive(0, new EpochMessage.Promise(1));
    leaderPort.pass(1000);
    assertThat(outcomes).containsExactly("silent [1]");
    leader.receive(1, new EpochMessage.Promise(1));
    assertThat(outcomes).as("late, but not too late").containsExactly("silent [1]", "promised");
  }

  @Test
  void theLeaderHearsThatItIsTooLate() {
    propose(0, FIRST);
    leader.receive(1, new EpochMessage.Refuse(1, 7));
    leader.receive(1, new EpochMessage.Refuse(1, 7));
    assertThat(outcomes).containsExactly("refused for 7");
    leader.abandon();
    leaderPort.said();
    leaderPort.pass(10_000);
    assertThat(leaderPort.said()).isEmpty();
  }

  @Test
  void anEpochCannotFollowALaterOne() {
    assertThatThrownBy(() -> propose(1, FIRST)).isInstanceOf(IllegalArgumentException.class);
  }

  // ---- members at a remote site ----

  private static Epoch remote(long number, int pnn) {
    TreeSet<Integer> all = new TreeSet<>(Set.of(0, 1));
    return new Epoch(number, all, new TreeSet<>(Set.of(1 - pnn)), new TreeSet<>(Set.of(pnn)));
  }

  @Test
  void theLeaderWaitsForNobodyAtARemoteSiteAndGoesOnTellingIt() {
    propose(0, remote(1, 1));
    assertThat(leaderPort.said()).as("it is asked all the same").hasSize(2);
    leader.receive(0, new EpochMessage.Promise(1));
    assertThat(outcomes).containsExactly("promised");
    leader.commit();
    leader.receive(0, new EpochMessage.Started(1));
    leaderPort.said();
    leaderPort.pass(100);
    assertThat(leaderPort.said()).as("PREPARE may have been lost, too").hasSize(2);
    leader.receive(1, new EpochMessage.Refuse(1, 0));
    assertThat(leader.isBusy()).isTrue();
    leader.receive(1, new EpochMessage.Started(1));
    assertThat(leader.isBusy()).isFalse();
  }

  @Test
  void aRemoteMemberThatMissedAnEpochIsNotLeftOut() {
    SortedMap<Integer, Long> lives = new TreeMap<>(Map.of(1, 8L));
    member.livesAs(8);
    member.receive(0, new EpochMessage.Prepare(0, remote(1, 1), lives));
    commit(1);
    member.receive(0, new EpochMessage.Prepare(2, remote(3, 1), lives));
    commit(3);
    assertThat(heard).containsExactly("promised 1", "started 1", "promised 3", "started 3");
  }

  @Test
  void aRemoteMemberBeginsWhatItReadsToBeCommitted() {
    member.livesAs(8);
    assertThat(member.adopt(remote(1, 1), 7)).as("that was an earlier life").isFalse();
    assertThat(member.adopt(remote(1, 0), 8)).as("whoever is waited for must promise").isFalse();
    assertThat(member.adopt(remote(1, 1), 8)).isTrue();
    assertThat(heard).containsExactly("promised 1", "started 1");
  }
}
