package io.jctdb.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.database.Epoch;
import io.jctdb.database.message.LeaseMessage;
import io.jctdb.protocol.Capability;
import io.jctdb.protocol.NodeFlags;
import io.jctdb.protocol.RunState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Node 0 leads. Time is in milliseconds; gather 1000, settle 80, patience 5000, lease 1600 without
 * residue, drift 75.
 */
class LeaderMachineTest {
  private final LeaderMachine machine =
      new LeaderMachine(
          MembershipConfig.of(0, "10.0.0.1", "10.0.0.1:4380")
              .withTiming(MembershipTiming.of(Duration.ofSeconds(2), MembershipTiming.TICK)));
  private final Map<Integer, MemberInfo> nodes = new TreeMap<>();
  private long now;

  @Test
  void aColdClusterWaitsAMomentAndBeginsWithWhoeverIsReady() {
    at(0, join(0));
    at(0, elected(null, 0));
    at(300, join(1));
    assertThat(at(999, tick())).isEmpty();
    assertThat(at(1000, tick()))
        .containsExactly(new LeaderDecision.Reserve(1, "the cluster starts"));
    assertThat(at(1001, new LeaderEvent.Reserved(1))).containsExactly(propose(1, 0, 1));
    assertThat(at(1002, new LeaderEvent.Promised(1, Set.of())))
        .containsExactly(
            new LeaderDecision.Commit(
                new CommittedEpoch(epoch(1, 0, 1), new TreeMap<>(Map.of(0, 100L, 1, 101L)), 7)));
    assertThat(at(1003, new LeaderEvent.Committed(1)))
        .containsExactly(new LeaderDecision.Announce(epoch(1, 0, 1)));
    assertThat(at(5000, tick())).isEmpty();
  }

  @Test
  void nodesThatJoinWithinAMomentShareOneEpoch() {
    running(0);
    assertThat(at(0, join(1))).isEmpty();
    assertThat(at(50, join(2))).isEmpty();
    assertThat(at(129, tick())).isEmpty();
    assertThat(at(130, tick())).containsExactly(new LeaderDecision.Reserve(2, "nodes [1, 2] join"));
  }

  @Test
  void aNodeWithoutALinkToTheLeaderDoesNotJoin() {
    running(0);
    nodes.put(1, node(1));
    at(0, nodesEvent());
    assertThat(at(1000, tick())).isEmpty();
    at(1000, new LeaderEvent.Link(1, true));
    assertThat(at(1080, tick())).hasSize(1);
  }

  @Test
  void aLossIsActedOnAtOnce() {
    running(0, 1, 2);
    assertThat(at(0, gone(2))).containsExactly(new LeaderDecision.Reserve(2, "node 2 has left"));
    assertThat(machine.departures().addressesSafeAfter(2)).isEqualTo(millis(500));
  }

  @Test
  void aLeaseThatOutlivesTheSessionIsWaitedFor() {
    running(0, 1);
    nodes.put(1, withResidue(node(1), 700));
    at(0, nodesEvent());
    assertThat(at(100, gone(1))).isEmpty();
    assertThat(at(799, tick())).isEmpty();
    assertThat(at(800, tick())).containsExactly(new LeaderDecision.Reserve(2, "node 1 has left"));
    assertThat(machine.departures().addressesSafeAfter(1)).isEqualTo(millis(1300));
  }

  @Test
  void aStoppedNodeIsWaitedForUntilItHasLetGo() {
    running(0, 1);
    nodes.put(1, with(node(1), NodeFlags.STOPPED, true));
    assertThat(at(0, nodesEvent())).isEmpty();
    assertThat(at(3000, tick())).isEmpty();
    assertThat(machine.departures().addressesSafeAfter(1)).isEqualTo(Long.MAX_VALUE);
    nodes.put(1, with(node(1), NodeFlags.STOPPED, false));
    assertThat(at(3001, nodesEvent()))
        .containsExactly(new LeaderDecision.Reserve(2, "node 1 has left"));
    assertThat(machine.departures().addressesSafeAfter(1)).isEqualTo(Long.MIN_VALUE);
  }

  @Test
  void aNodeThatDoesNotLetGoIsExpelledAndItsLeaseWaitedFor() {
    running(0, 1);
    nodes.put(1, with(node(1), NodeFlags.BANNED, true));
    at(0, nodesEvent());
    assertThat(at(5000, tick()))
        .containsExactly(new LeaderDecision.Expel(new Life(1, 101), "it does not let go"));
    at(5001, new LeaderEvent.Expelled(new Life(1, 101), true));
    assertThat(at(5002, gone(1))).isEmpty();
    assertThat(at(5002 + 1674, tick())).isEmpty();
    assertThat(at(5002 + 1675, tick()))
        .containsExactly(new LeaderDecision.Reserve(2, "node 1 has left"));
  }

  @Test
  void aMemberThatDoesNotPromiseIsExpelledAtOnceAndTheChangeBegunAgain() {
    running(0, 1, 2);
    at(0, recoveryAskedOf(1));
    at(1, new LeaderEvent.Reserved(2));
    assertThat(at(1500, new LeaderEvent.Promised(2, Set.of(2))))
        .containsExactly(new LeaderDecision.Expel(new Life(2, 102), "it does not answer"));
    assertThat(at(1510, gone(2))).isEmpty();
    assertThat(at(1510 + 1675, tick()))
        .containsExactly(new LeaderDecision.Reserve(3, "nodes [2] did not promise epoch 2"));
    assertThat(at(3200, new LeaderEvent.Reserved(3))).containsExactly(propose(3, 0, 1));
  }

  @Test
  void aJoinerThatDoesNotPromiseIsLeftOutAndNobodyWaitsForIt() {
    running(0, 1);
    at(0, join(2));
    at(80, tick());
    at(81, new LeaderEvent.Reserved(2));
    assertThat(at(1000, new LeaderEvent.Promised(2, Set.of(2))))
        .containsExactly(new LeaderDecision.Reserve(3, "nodes [2] did not promise epoch 2"));
    assertThat(at(1001, new LeaderEvent.Reserved(3))).containsExactly(propose(3, 0, 1));
    at(1002, new LeaderEvent.Promised(3, Set.of()));
    at(1003, new LeaderEvent.Committed(3));
    assertThat(at(4000, tick())).isEmpty();
    at(6000, tick());
    assertThat(at(6100, tick())).containsExactly(new LeaderDecision.Reserve(4, "nodes [2] join"));
  }

  @Test
  void aMemberThatIsLostDuringTheChangeIsLeftOutOfTheNext() {
    running(0, 1, 2);
    at(0, recoveryAskedOf(0));
    at(1, new LeaderEvent.Reserved(2));
    assertThat(at(2, gone(1))).containsExactly(reserve(3));
    assertThat(at(3, new LeaderEvent.Promised(2, Set.of()))).isEmpty();
    assertThat(at(4, new LeaderEvent.Reserved(3))).containsExactly(propose(3, 0, 2));
  }

  @Test
  void aDroppedChangeIsFollowedByAnotherEvenIfNothingDiffersAnyMore() {
    running(0, 1);
    at(0, join(2));
    at(80, tick());
    at(81, new LeaderEvent.Reserved(2));
    assertThat(at(82, gone(2))).containsExactly(reserve(3));
    assertThat(at(83, new LeaderEvent.Reserved(3))).containsExactly(propose(3, 0, 1));
  }

  @Test
  void aNewLeaderFinishesWhatItsPredecessorBegan() {
    at(0, join(0));
    at(0, join(1));
    assertThat(at(0, elected(committed(4, 0, 1), 6)))
        .containsExactly(new LeaderDecision.Reserve(7, "epoch 6 was begun and not committed"));
  }

  @Test
  void aRestartedNodeIsANewMember() {
    running(0, 1);
    nodes.put(1, again(node(1), 999));
    assertThat(at(0, nodesEvent()))
        .containsExactly(new LeaderDecision.Reserve(2, "node 1 has left"));
  }

  @Test
  void numbersGrowEvenWhenZooKeeperHasForgottenThem() {
    at(0, join(0));
    nodes.put(1, sawEpoch(node(1), 41));
    at(0, nodesEvent());
    at(0, new LeaderEvent.Link(1, true));
    at(0, elected(null, 0));
    assertThat(at(1000, tick())).containsExactly(reserve(42));
  }

  @Test
  void withoutAnyLmasterTheLeaderIsOneAndThatIsStable() {
    nodes.put(0, remote(node(0)));
    at(0, nodesEvent());
    at(0, elected(null, 0));
    at(1000, tick());
    assertThat(at(1001, new LeaderEvent.Reserved(1))).containsExactly(propose(1, 0));
    at(1002, new LeaderEvent.Promised(1, Set.of()));
    at(1003, new LeaderEvent.Committed(1));
    assertThat(at(9000, tick())).isEmpty();
  }

  @Test
  void aNodeThatIsStillStartingJoinsWithoutAShareOfTheKeysAndGetsItWhenItRuns() {
    running(0, 1);
    at(0, new LeaderEvent.Link(2, true));
    nodes.put(2, node(2, RunState.STARTUP));
    at(0, nodesEvent());
    assertThat(at(80, tick())).containsExactly(new LeaderDecision.Reserve(2, "nodes [2] join"));
    assertThat(at(81, new LeaderEvent.Reserved(2)))
        .containsExactly(
            new LeaderDecision.Propose(
                committed(2, 0, 1, 2).lives(),
                new Epoch(2, new TreeSet<>(Set.of(0, 1, 2)), new TreeSet<>(Set.of(0, 1)))));
    at(82, new LeaderEvent.Promised(2, Set.of()));
    at(83, new LeaderEvent.Committed(2));
    assertThat(at(5000, tick())).isEmpty();
    nodes.put(2, node(2));
    at(5000, nodesEvent());
    assertThat(at(5080, tick()))
        .containsExactly(new LeaderDecision.Reserve(3, "the lmasters change"));
    assertThat(at(5081, new LeaderEvent.Reserved(3))).containsExactly(propose(3, 0, 1, 2));
  }

  @Test
  void whereAllAreStillStartingAllAreLmastersAndStayThat() {
    nodes.put(0, node(0, RunState.FIRST_RECOVERY));
    nodes.put(1, node(1, RunState.FIRST_RECOVERY));
    at(0, new LeaderEvent.Link(1, true));
    at(0, nodesEvent());
    at(0, elected(null, 0));
    at(1000, tick());
    assertThat(at(1001, new LeaderEvent.Reserved(1))).containsExactly(propose(1, 0, 1));
    at(1002, new LeaderEvent.Promised(1, Set.of()));
    at(1003, new LeaderEvent.Committed(1));
    nodes.put(0, node(0));
    at(2000, nodesEvent());
    assertThat(at(9000, tick())).isEmpty();
  }

  @Test
  void aLeaderThatReachesNobodyYieldsInsteadOfExpellingEveryone() {
    running(0, 1, 2);
    at(0, new LeaderEvent.Link(1, false));
    at(0, new LeaderEvent.Link(2, false));
    assertThat(at(4999, tick())).isEmpty();
    assertThat(at(5000, tick()))
        .containsExactly(new LeaderDecision.Yield("no other node can be reached from here"));
  }

  @Test
  void aMemberWithoutALinkIsExpelledAfterAWhile() {
    running(0, 1, 2);
    at(0, new LeaderEvent.Link(2, false));
    assertThat(at(4999, tick())).isEmpty();
    assertThat(at(5000, tick()))
        .containsExactly(new LeaderDecision.Expel(new Life(2, 102), "it cannot be reached"));
  }

  @Test
  void aFailedWriteIsTriedAgainALittleLater() {
    running(0, 1);
    at(0, recoveryAskedOf(0));
    assertThat(at(10, new LeaderEvent.ChangeFailed(2))).isEmpty();
    assertThat(at(209, tick())).isEmpty();
    assertThat(at(210, tick())).hasSize(1);
  }

  @Test
  void whoDoesNotLeadDecidesNothing() {
    running(0, 1);
    at(0, new LeaderEvent.Deposed());
    assertThat(at(0, gone(1))).isEmpty();
    assertThat(at(1, recoveryAskedOf(0))).isEmpty();
  }

  @Test
  void aLastWillThatFitsIsAsGoodAsAGoodbye() {
    running(0, 1, 2);
    nodes.put(2, withWill(node(2), "proof"));
    at(0, nodesEvent());
    assertThat(at(10, new LeaderEvent.Link(2, false))).isEmpty();
    assertThat(at(11, new LeaderEvent.WillTold(2, "guess"))).isEmpty();
    assertThat(at(11, new LeaderEvent.WillTold(1, "proof"))).isEmpty();
    assertThat(at(11, new LeaderEvent.WillTold(1, ""))).isEmpty();
    assertThat(at(12, new LeaderEvent.WillTold(2, "proof")))
        .containsExactly(new LeaderDecision.Reserve(2, "node 2 has left"));
    assertThat(at(13, new LeaderEvent.Reserved(2))).containsExactly(propose(2, 0, 1));
    assertThat(machine.departures().addressesSafeAfter(2)).isEqualTo(Long.MIN_VALUE);
    assertThat(machine.departures().addressesSafeAfter(1)).isEqualTo(Long.MAX_VALUE);

    // Its record goes with its session, two seconds later, and that means nothing any more.
    at(14, new LeaderEvent.Promised(2, Set.of()));
    at(15, new LeaderEvent.Committed(2));
    assertThat(at(2000, gone(2))).isEmpty();
    assertThat(machine.departures().addressesSafeAfter(2)).isEqualTo(Long.MIN_VALUE);
  }

  @Test
  void aWillThatComesWhileItsNodeIsAskedToPromiseBeginsTheChangeAgain() {
    running(0, 1, 2);
    nodes.put(2, withWill(node(2), "proof"));
    at(0, nodesEvent());
    at(10, recoveryAskedOf(1));
    at(11, new LeaderEvent.Reserved(2));
    assertThat(at(12, new LeaderEvent.WillTold(2, "proof")))
        .containsExactly(
            new LeaderDecision.Reserve(3, "node 2 was lost while epoch 2 was proposed"));
  }

  @Test
  void aRegistrationThatTheNetworkDeliversAfterTheDeathIsDeadToo() {
    running(0, 1);
    nodes.put(1, withWill(node(1), "proof"));
    at(0, nodesEvent());
    at(10, new LeaderEvent.WillTold(1, "proof"));
    at(11, new LeaderEvent.Reserved(2));
    at(12, new LeaderEvent.Promised(2, Set.of()));
    at(13, new LeaderEvent.Committed(2));
    nodes.put(1, withWill(later(node(1)), "proof"));
    assertThat(at(14, nodesEvent())).isEmpty();
    assertThat(at(500, tick())).isEmpty();

    nodes.put(1, withWill(later(later(node(1))), "of the next process"));
    at(600, new LeaderEvent.Link(1, true));
    assertThat(at(600, nodesEvent())).isEmpty();
    assertThat(at(680, tick())).containsExactly(new LeaderDecision.Reserve(3, "nodes [1] join"));
  }

  @Test
  void aWillThatComesAfterTheSessionHasEndedSparesTheRestOfTheWait() {
    running(0, 1);
    nodes.put(1, withWill(withResidue(node(1), 700), "proof"));
    at(0, nodesEvent());
    assertThat(at(100, gone(1))).isEmpty();
    assertThat(at(200, new LeaderEvent.WillTold(1, "proof")))
        .containsExactly(new LeaderDecision.Reserve(2, "node 1 has left"));
    assertThat(machine.departures().addressesSafeAfter(1)).isEqualTo(Long.MIN_VALUE);
  }

  @Test
  void nobodyDeclaresALivingNodeDeadToItself() {
    running(0, 1);
    nodes.put(0, withWill(node(0), "own"));
    at(0, nodesEvent());
    assertThat(at(10, new LeaderEvent.WillTold(0, "own"))).isEmpty();
    assertThat(at(11, recoveryAskedOf(1))).hasSize(1);
  }

  @Test
  void aWillThatAFollowerWasToldCountsWhenItIsElected() {
    nodes.put(0, node(0));
    nodes.put(1, withWill(node(1), "proof"));
    at(0, nodesEvent());
    at(10, new LeaderEvent.WillTold(1, "proof"));
    assertThat(at(20, elected(committed(1, 0, 1), 1)))
        .containsExactly(new LeaderDecision.Reserve(2, "node 1 has left"));
  }

  @Test
  void aMemberThatMostDoNotHearIsExpelledAndFollowedWhenItsPeersLeaseIsOver() {
    running(0, 1, 2);
    assertThat(at(2000, silence(0, 2, 1000))).isEmpty();
    assertThat(at(2050, silence(1, 2, 1000)))
        .containsExactly(
            new LeaderDecision.Expel(new Life(2, 102), "most members do not hear from it"));
    at(2060, new LeaderEvent.Expelled(new Life(2, 102), true));
    assertThat(at(2070, gone(2))).isEmpty();
    // The later of the two acknowledged it at 1050; lease 1500, drift 75.
    assertThat(at(2624, tick())).isEmpty();
    assertThat(at(2625, tick())).containsExactly(new LeaderDecision.Reserve(2, "node 2 has left"));
    assertThat(machine.departures().addressesSafeAfter(2)).isEqualTo(millis(3125));
  }

  @Test
  void soonAfterTheFirstOfThreeItsAddressesWaitForTheLongestLifetime() {
    running(0, 1, 2);
    assertThat(at(1000, silence(0, 2, 1000))).isEmpty();
    assertThat(at(1050, silence(1, 2, 1000))).hasSize(1);
    at(1060, new LeaderEvent.Expelled(new Life(2, 102), true));
    assertThat(at(1070, gone(2))).isEmpty();
    assertThat(at(1625, tick())).containsExactly(new LeaderDecision.Reserve(2, "node 2 has left"));
    assertThat(machine.departures().addressesSafeAfter(2)).isEqualTo(millis(2500));
  }

  @Test
  void newsOfOtherNodesDoNotMakeAnExpulsionLookLikeAnExpiredSession() {
    running(0, 1);
    nodes.put(1, with(node(1), NodeFlags.BANNED, true));
    at(0, nodesEvent());
    at(5000, tick());
    // Something else is published while the write is under way.
    at(5001, nodesEvent());
    at(5002, new LeaderEvent.Expelled(new Life(1, 101), true));
    assertThat(at(5002, gone(1))).isEmpty();
    assertThat(at(5002 + 1674, tick())).isEmpty();
    assertThat(at(5002 + 1675, tick())).hasSize(1);
  }

  @Test
  void promisesOfAnEarlierEpochOrLifeDoNotCount() {
    running(0, 1, 2);
    assertThat(at(1000, silence(0, 2, 1000))).isEmpty();
    assertThat(
            at(
                1000,
                new LeaderEvent.SilenceReported(
                    1, new LeaseMessage.Silent(101, 0, 2, 102, 0, false))))
        .isEmpty();
    assertThat(
            at(
                1000,
                new LeaderEvent.SilenceReported(
                    1, new LeaseMessage.Silent(999, 1, 2, 102, 0, false))))
        .isEmpty();
    assertThat(
            at(
                1000,
                new LeaderEvent.SilenceReported(
                    1, new LeaseMessage.Silent(101, 1, 2, 999, 0, false))))
        .isEmpty();
  }

  @Test
  void anExpulsionThatFailsIsTriedAgainALittleLater() {
    running(0, 1, 2);
    at(1000, silence(0, 2, 1000));
    at(1000, silence(1, 2, 1000));
    assertThat(at(1010, new LeaderEvent.Expelled(new Life(2, 102), false))).isEmpty();
    assertThat(at(1209, tick())).isEmpty();
    assertThat(at(1210, tick())).hasSize(1);
  }

  @Test
  void theFirstInLineFollowsASilentLeaderTheNextALittleLater() {
    // Node 0 is first in line after node 2, the leader.
    running(0, 1, 2);
    at(0, new LeaderEvent.Deposed());
    at(0, new LeaderEvent.LeaderIs(OptionalInt.of(2)));
    assertThat(at(1000, silence(0, 2, 1000))).isEmpty();
    LeaderDecision usurp =
        new LeaderDecision.Usurp(new Life(2, 102), 1, "most members do not hear from it");
    assertThat(at(1010, silence(1, 2, 1000))).containsExactly(usurp);
    assertThat(at(1011, tick())).isEmpty();
    assertThat(at(1210, tick())).containsExactly(usurp);
    at(1211, new LeaderEvent.LeaderIs(OptionalInt.of(1)));
    assertThat(at(3000, tick())).isEmpty();
  }

  @Test
  void whoIsNotTheFirstInLineWaitsForTheFirst() {
    LeaderMachine second = new LeaderMachine(MembershipConfig.of(1, "10.0.0.2", "10.0.0.1:4380"));
    for (int pnn = 0; pnn < 3; pnn++) {
      nodes.put(pnn, node(pnn));
    }
    second.step(nodesEvent(), 0);
    second.step(new LeaderEvent.EpochSeen(committed(1, 0, 1, 2)), 0);
    second.step(new LeaderEvent.LeaderIs(OptionalInt.of(2)), 0);
    second.step(silence(0, 2, 1000), millis(1000));
    assertThat(second.step(silence(1, 2, 1000), millis(1000))).isEmpty();
    assertThat(second.step(tick(), millis(1299))).isEmpty();
    assertThat(second.step(tick(), millis(1300))).hasSize(1);
  }

  @Test
  void aLeaderThatWasExpelledInTheSameWriteIsNotExpelledAgain() {
    for (int pnn = 0; pnn < 3; pnn++) {
      nodes.put(pnn, node(pnn));
      at(0, new LeaderEvent.Link(pnn, true));
    }
    at(0, nodesEvent());
    at(0, new LeaderEvent.EpochSeen(committed(1, 0, 1, 2)));
    at(1000, silence(0, 2, 1000));
    at(1000, silence(1, 2, 1000));
    assertThat(
            at(
                1010,
                new LeaderEvent.Elected(
                    8, Optional.of(committed(1, 0, 1, 2)), 1, Set.of(new Life(2, 102)))))
        .isEmpty();
    assertThat(at(1020, gone(2))).isEmpty();
    assertThat(at(1575, tick())).containsExactly(new LeaderDecision.Reserve(2, "node 2 has left"));
  }

  @Test
  void membersThatHearEachOtherAgainGetANewEpoch() {
    running(0, 1, 2);
    at(1000, silence(1, 2, 1000));
    at(1900, heardAgain(1, 2, 1900));
    assertThat(at(2899, heardAgain(1, 2, 2899))).isEmpty();
    assertThat(at(2900, heardAgain(1, 2, 2900)))
        .containsExactly(
            new LeaderDecision.Reserve(2, "members that did not hear from each other do again"));
  }

  // Node 3 is at a remote site; its lease is 10 s.

  @Test
  void nobodyWaitsForAMemberAtARemoteSite() {
    runningWithRemote(0, 1, 2);
    at(0, recoveryAskedOf(1));
    at(1, new LeaderEvent.Reserved(2));
    nodes.remove(3);
    assertThat(at(2, nodesEvent())).as("the change goes on without a look").isEmpty();
    assertThat(at(3, new LeaderEvent.Promised(2, Set.of())))
        .singleElement()
        .isInstanceOf(LeaderDecision.Commit.class);
  }

  @Test
  void aLossAtTheMainSiteIsActedOnWhileARemoteMemberThatHasGoneMayStillAct() {
    runningWithRemote(0, 1, 2);
    nodes.put(3, withResidue(branch(3), 9_000));
    at(0, nodesEvent());
    assertThat(at(100, gone(3))).isEmpty();
    assertThat(at(200, gone(2))).containsExactly(new LeaderDecision.Reserve(2, "node 2 has left"));
    assertThat(at(201, new LeaderEvent.Reserved(2)))
        .containsExactly(
            new LeaderDecision.Propose(
                new EpochLives(
                    2, new TreeMap<>(Map.of(0, 100L, 1, 101L, 3, 103L)), new TreeSet<>(Set.of(3))),
                withBranch(2, 0, 1)));
    at(202, new LeaderEvent.Promised(2, Set.of()));
    at(203, new LeaderEvent.Committed(2));
    assertThat(at(9_099, tick())).isEmpty();
    assertThat(at(9_100, tick())).containsExactly(new LeaderDecision.Reserve(3, "node 3 has left"));
  }

  @Test
  void aLineThatIsDownForAWhileCostsNobodyHisPlace() {
    runningWithRemote(0, 1, 2);
    at(0, new LeaderEvent.Link(3, false));
    assertThat(at(14_999, tick())).isEmpty();
    assertThat(at(15_000, tick()))
        .containsExactly(new LeaderDecision.Expel(new Life(3, 103), "it cannot be reached"));
  }

  @Test
  void aLeaderThatReachesNoRemoteNodeIsNotCutOff() {
    runningWithRemote(0);
    nodes.put(4, branch(4));
    at(0, nodesEvent());
    at(0, new LeaderEvent.Link(3, false));
    assertThat(at(7_000, tick())).isEmpty();
  }

  @Test
  void whoKnowsOtherNodesForRemoteDoesNotJoin() {
    running(0);
    at(0, new LeaderEvent.Link(1, true));
    Site other = new Site("here", "here", Site.MAIN.remoteLease());
    nodes.put(1, atSite(node(1), other));
    at(0, nodesEvent());
    assertThat(at(1_000, tick())).isEmpty();
    assertThat(new SiteAgreement(0, Site.MAIN).problems(nodes))
        .singleElement()
        .asString()
        .contains("nodes 0 and 1 cannot be in one cluster", "main site");
  }

  @Test
  void remoteMembersAloneAreNoCluster() {
    nodes.put(0, branch(0));
    at(0, nodesEvent());
    at(0, elected(null, 0));
    assertThat(at(5_000, tick())).isEmpty();
    nodes.put(1, node(1));
    at(5_001, nodesEvent());
    assertThat(at(5_001, new LeaderEvent.Link(1, true))).hasSize(1);
  }

  private void runningWithRemote(int... pnns) {
    running(pnns);
    nodes.put(3, branch(3));
    at(now, nodesEvent());
    at(now, new LeaderEvent.Link(3, true));
    TreeMap<Integer, Long> lives = new TreeMap<>(Map.of(3, 103L));
    for (int pnn : pnns) {
      lives.put(pnn, 100L + pnn);
    }
    at(now, elected(new CommittedEpoch(withBranch(1, pnns), lives, 7), 1));
    now = 0;
  }

  private static Epoch withBranch(long number, int... pnns) {
    Epoch main = epoch(number, pnns);
    TreeSet<Integer> members = new TreeSet<>(main.members());
    members.add(3);
    return new Epoch(number, members, main.lmasters(), new TreeSet<>(Set.of(3)));
  }

  private static MemberInfo branch(int pnn) {
    return atSite(remote(node(pnn)), new Site("branch", "main", Site.MAIN.remoteLease()));
  }

  private static MemberInfo atSite(MemberInfo n, Site site) {
    return new MemberInfo(
        n.pnn(),
        n.incarnation(),
        n.flags(),
        site.remote() ? 0 : n.capabilities(),
        n.runState(),
        n.ready(),
        n.address(),
        n.lastEpoch(),
        n.recoveryRequests(),
        n.leaseMillis(),
        n.residueMillis(),
        n.will(),
        site);
  }

  private LeaderEvent silence(int from, int about, long ageMillis) {
    return said(from, about, ageMillis, false);
  }

  private LeaderEvent heardAgain(int from, int about, long ageMillis) {
    return said(from, about, ageMillis, true);
  }

  private static LeaderEvent said(int from, int about, long ageMillis, boolean heardAgain) {
    return new LeaderEvent.SilenceReported(
        from,
        new LeaseMessage.Silent(
            100L + from, 1, about, 100L + about, millis(ageMillis), heardAgain));
  }

  // Words of the stories.

  private List<LeaderDecision> at(long millis, LeaderEvent event) {
    now = millis(millis);
    return machine.step(event, now);
  }

  private static long millis(long millis) {
    return Duration.ofMillis(millis).toNanos();
  }

  /** A leader of a running cluster at time 0, in epoch 1. */
  private void running(int... pnns) {
    for (int pnn : pnns) {
      nodes.put(pnn, node(pnn));
      at(0, new LeaderEvent.Link(pnn, true));
    }
    at(0, nodesEvent());
    assertThat(at(0, elected(committed(1, pnns), 1))).isEmpty();
  }

  private LeaderEvent join(int pnn) {
    nodes.put(pnn, node(pnn));
    at(now / 1_000_000, new LeaderEvent.Link(pnn, true));
    return nodesEvent();
  }

  private LeaderEvent gone(int pnn) {
    nodes.remove(pnn);
    return nodesEvent();
  }

  private LeaderEvent recoveryAskedOf(int pnn) {
    MemberInfo n = nodes.getOrDefault(pnn, node(pnn));
    nodes.put(
        pnn,
        new MemberInfo(
            n.pnn(),
            n.incarnation(),
            n.flags(),
            n.capabilities(),
            n.runState(),
            n.ready(),
            n.address(),
            n.lastEpoch(),
            n.recoveryRequests() + 1,
            n.leaseMillis(),
            n.residueMillis()));
    return nodesEvent();
  }

  private LeaderEvent nodesEvent() {
    return new LeaderEvent.Nodes(Map.copyOf(nodes));
  }

  private static LeaderEvent tick() {
    return new LeaderEvent.Tick();
  }

  private static LeaderEvent elected(
      @org.jspecify.annotations.Nullable CommittedEpoch committed, long reserved) {
    return new LeaderEvent.Elected(7, Optional.ofNullable(committed), reserved, Set.of());
  }

  private static CommittedEpoch committed(long number, int... pnns) {
    TreeMap<Integer, Long> incarnations = new TreeMap<>();
    for (int pnn : pnns) {
      incarnations.put(pnn, 100L + pnn);
    }
    return new CommittedEpoch(epoch(number, pnns), incarnations, 6);
  }

  private static Epoch epoch(long number, int... pnns) {
    List<Integer> members = new ArrayList<>();
    for (int pnn : pnns) {
      members.add(pnn);
    }
    return Epoch.of(number, new TreeSet<>(members));
  }

  private static LeaderDecision propose(long number, int... pnns) {
    return new LeaderDecision.Propose(committed(number, pnns).lives(), epoch(number, pnns));
  }

  private LeaderDecision reserve(long number) {
    return new LeaderDecision.Reserve(
        number,
        number == 42
            ? "the cluster starts"
            : nodes.size() == 2 && nodes.containsKey(2)
                ? "node 1 was lost while epoch 2 was proposed"
                : "node 2 was lost while epoch 2 was proposed");
  }

  private static MemberInfo node(int pnn) {
    return node(pnn, RunState.RUNNING);
  }

  private static MemberInfo node(int pnn, RunState runState) {
    return new MemberInfo(
        pnn,
        100L + pnn,
        0,
        Capability.DEFAULT,
        runState,
        true,
        "10.0.0." + (pnn + 1),
        0,
        0,
        1600,
        0);
  }

  private static MemberInfo withWill(MemberInfo n, String will) {
    return new MemberInfo(
        n.pnn(),
        n.incarnation(),
        n.flags(),
        n.capabilities(),
        n.runState(),
        n.ready(),
        n.address(),
        n.lastEpoch(),
        n.recoveryRequests(),
        n.leaseMillis(),
        n.residueMillis(),
        will);
  }

  private static MemberInfo later(MemberInfo n) {
    return new MemberInfo(
        n.pnn(),
        n.incarnation() + 1,
        n.flags(),
        n.capabilities(),
        n.runState(),
        n.ready(),
        n.address(),
        n.lastEpoch(),
        n.recoveryRequests(),
        n.leaseMillis(),
        n.residueMillis());
  }

  private static MemberInfo with(MemberInfo n, int flags, boolean ready) {
    return new MemberInfo(
        n.pnn(),
        n.incarnation(),
        flags,
        n.capabilities(),
        n.runState(),
        ready,
        n.address(),
        n.lastEpoch(),
        n.recoveryRequests(),
        n.leaseMillis(),
        n.residueMillis());
  }

  private static MemberInfo withResidue(MemberInfo n, int residueMillis) {
    return new MemberInfo(
        n.pnn(),
        n.incarnation(),
        n.flags(),
        n.capabilities(),
        n.runState(),
        n.ready(),
        n.address(),
        n.lastEpoch(),
        n.recoveryRequests(),
        n.leaseMillis(),
        residueMillis,
        n.will(),
        n.site());
  }

  private static MemberInfo again(MemberInfo n, long incarnation) {
    return new MemberInfo(
        n.pnn(),
        incarnation,
        n.flags(),
        n.capabilities(),
        n.runState(),
        n.ready(),
        n.address(),
        n.lastEpoch(),
        n.recoveryRequests(),
        n.leaseMillis(),
        n.residueMillis());
  }

  private static MemberInfo sawEpoch(MemberInfo n, long number) {
    return new MemberInfo(
        n.pnn(),
        n.incarnation(),
        n.flags(),
        n.capabilities(),
        n.runState(),
        n.ready(),
        n.address(),
        number,
        n.recoveryRequests(),
        n.leaseMillis(),
        n.residueMillis());
  }

  private static MemberInfo remote(MemberInfo n) {
    return new MemberInfo(
        n.pnn(),
        n.incarnation(),
        n.flags(),
        Capability.LEADER,
        n.runState(),
        n.ready(),
        n.address(),
        n.lastEpoch(),
        n.recoveryRequests(),
        n.leaseMillis(),
        n.residueMillis());
  }
}
