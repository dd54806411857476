package io.jctdb.iptakeover;

import static io.jctdb.iptakeover.Addresses.ip;
import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.protocol.AddressStory;
import io.jctdb.protocol.Control;
import io.jctdb.protocol.ControlFlag;
import io.jctdb.protocol.DisableMessage;
import io.jctdb.protocol.HostableAddresses;
import io.jctdb.protocol.NodeFlags;
import io.jctdb.protocol.NodeMap;
import io.jctdb.protocol.Payload;
import io.jctdb.protocol.PublicIp;
import io.jctdb.protocol.PublicIpList;
import io.jctdb.protocol.SockAddr;
import io.jctdb.protocol.Srvid;
import io.jctdb.protocol.SrvidMessage;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The leader (node 0) of three nodes that share four addresses. */
class TakeoverRunsTest {
  private static final List<String> ALL = List.of("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4");

  private final FakeScheduler scheduler = new FakeScheduler();
  private final int[] flags = new int[3];
  private final Map<Integer, Set<String>> hosts = new HashMap<>();
  private final Map<String, Integer> beliefs = new HashMap<>();
  private final Map<Integer, List<String>> lists = new HashMap<>();
  private final Set<String> failing = new HashSet<>();
  private final Set<Integer> silent = new HashSet<>();
  private final Set<Integer> draining = new HashSet<>();
  private final List<String> sent = new ArrayList<>();
  private final List<String> answers = new ArrayList<>();
  private final List<TakeoverResult> results = new ArrayList<>();
  private final long[] unsafeUntil = new long[3];
  private final Set<Integer> expelled = new HashSet<>();
  private final List<NodeControls.Answer> stuck = new ArrayList<>();
  private final Set<String> stuckControls = new HashSet<>();
  private TakeoverSettings settings = TakeoverSettings.DEFAULT;

  /** To node 2. */
  private Duration roundTrip = Duration.ZERO;

  /** Another leader has asked the nodes, and this one has not heard of it. */
  private boolean replaced;

  private final TakeoverRuns runs =
      new TakeoverRuns(
          0,
          this::control,
          scheduler,
          this::nanosUntilSafe,
          this::nodeMap,
          () -> settings,
          new Listener());

  @Test
  void freshAddressesAreSpreadAndEverybodyHearsOfIt() {
    lead();
    assertThat(results).singleElement().matches(TakeoverResult::isSuccess);
    assertEveryAddressOnce();
    assertThat(hosts.values()).allMatch(held -> !held.isEmpty());
    int lastTake = sent.lastIndexOf(last("TAKEOVER_IP"));
    assertThat(sent.subList(lastTake + 1, sent.size()))
        .containsExactly("0 IPREALLOCATED", "1 IPREALLOCATED", "2 IPREALLOCATED");
    for (String address : ALL) {
      int take = sent.indexOf(find("TAKEOVER_IP " + address));
      assertThat(sent.subList(0, take).stream().filter(s -> s.contains("RELEASE_IP " + address)))
          .as("both others have released it before it is taken")
          .hasSize(2);
    }
  }

  @Test
  void servicesAreToldBeforeAnyAddressMoves() {
    lead();
    sent.clear();
    flags[1] = NodeFlags.UNHEALTHY;
    stuckControls.add("2 START_IPREALLOCATE");
    runs.request("node 1 is unhealthy");
    assertThat(sent).as("node 2's NFS server takes its time").hasSize(2);
    scheduler.advance(Duration.ofMillis(20));
    stuck.removeFirst().take(0, Payload.empty());
    assertThat(sent.subList(0, 2)).containsExactly("0 START_IPREALLOCATE", "1 START_IPREALLOCATE");
    assertThat(held(1)).isEmpty();
    assertEveryAddressOnce();
  }

  @Test
  void whereNothingMovesNobodyPreparesForIt() {
    lead();
    sent.clear();
    runs.request("somebody asked");
    assertThat(sent).contains("2 IPREALLOCATED").noneMatch(s -> s.contains("START"));
  }

  @Test
  void aNodeThatDoesNotPrepareItselfHoldsNothingUpForLong() {
    lead();
    flags[1] = NodeFlags.UNHEALTHY;
    stuckControls.add("2 START_IPREALLOCATE");
    failing.add("0 START_IPREALLOCATE");
    runs.request("node 1 is unhealthy");
    scheduler.advance(TakeoverRun.PREPARING_MAX);
    assertThat(held(1)).isEmpty();
    assertThat(results.getLast().isSuccess()).as("nobody is blamed").isTrue();
    assertEveryAddressOnce();
  }

  @Test
  void whatNodesSaidBeforeALongPreparationIsNotReliedOn() {
    lead();
    flags[1] = NodeFlags.UNHEALTHY;
    String address = held(1).iterator().next();
    stuckControls.add("2 START_IPREALLOCATE");
    runs.request("node 1 is unhealthy");
    held(1).remove(address);
    held(2).add(address);
    sent.clear();
    scheduler.advance(TakeoverRun.PREPARING_MAX);
    assertThat(sent).as("moved meanwhile by a tool").contains("2 TAKEOVER_IP " + address);
    assertEveryAddressOnce();
  }

  @Test
  void anUnhealthyNodeLosesItsAddresses() {
    lead();
    flags[1] = NodeFlags.UNHEALTHY;
    runs.request("node 1 is unhealthy");
    assertThat(held(1)).isEmpty();
    assertEveryAddressOnce();
  }

  @Test
  void aNodeThatCannotReleaseOneAddressDoesNotHoldUpTheOthers() {
    lead();
    flags[1] = NodeFlags.UNHEALTHY;
    List<String> had = List.copyOf(held(1));
    held(0).add("10.0.0.9");
    String stuck = had.getFirst();
    failing.add("1 RELEASE_IP " + stuck);
    sent.clear();
    runs.request("node 1 is unhealthy");
    TakeoverResult result = results.getLast();
    assertThat(result.isSuccess()).isFalse();
    assertThat(result.culprit()).hasValue(1);
    assertThat(sent).noneMatch(s -> s.contains("TAKEOVER_IP " + stuck));
    for (String other : ALL) {
      if (!other.equals(stuck)) {
        assertThat(sent).anyMatch(s -> s.contains("TAKEOVER_IP " + other));
      }
    }
    assertThat(sent).contains("2 IPREALLOCATED");
    failing.clear();
    scheduler.advance(Duration.ofSeconds(1));
    assertThat(results.getLast().isSuccess()).as("the run is repeated").isTrue();
    assertEveryAddressOnce();
  }

  @Test
  void theAddressesOfALostNodeWaitForItsLease() {
    lead();
    Set<String> lost = lose(1, Duration.ofMillis(3_500));
    runs.request("node 1 is lost");
    assertThat(results.getLast().isSuccess()).isTrue();
    assertThat(deferred()).containsExactlyInAnyOrderElementsOf(ips(lost));
    scheduler.advance(Duration.ofMillis(3_400));
    assertThat(sent.stream().filter(s -> s.contains("TAKEOVER_IP")).toList())
        .as("nothing of it is taken before")
        .noneMatch(s -> lost.stream().anyMatch(s::endsWith));
    scheduler.advance(Duration.ofMillis(200));
    assertThat(results.getLast().deferred()).isEmpty();
    assertEveryAddressOnce();
  }

  @Test
  void whatALostNodeNeverHadCanMoveMeanwhile() {
    lead();
    lose(1, Duration.ofSeconds(30));
    flags[2] = NodeFlags.PERMANENTLY_DISABLED;
    Set<String> moving = Set.copyOf(held(2));
    runs.request("node 1 is lost, node 2 disabled");
    assertThat(held(2)).isEmpty();
    assertThat(held(0)).containsAll(moving);
  }

  @Test
  void whatGoesToANodeThatIsBackIsWhatHadMovedAndNothingOfOthers() {
    List<String> three = ALL.subList(0, 3);
    for (int pnn = 0; pnn < 3; pnn++) {
      lists.put(pnn, three);
    }
    lead();
    for (int victim : List.of(2, 1, 0, 1, 2, 0)) {
      Map<Integer, Set<String>> before = new HashMap<>();
      hosts.forEach((pnn, held) -> before.put(pnn, Set.copyOf(held)));
      flags[victim] = NodeFlags.UNHEALTHY;
      runs.request("node " + victim + " is unhealthy");
      assertThat(held(victim)).isEmpty();
      flags[victim] = 0;
      runs.request("node " + victim + " is healthy");
      assertThat(hosts).as("after node %d was back", victim).isEqualTo(before);
    }
  }

  @Test
  void aCleanStopHandsOverAtOnce() {
    lead();
    lose(1, Duration.ZERO);
    runs.request("node 1 has stopped");
    assertThat(results.getLast().deferred()).isEmpty();
    assertEveryAddressOnce();
  }

  @Test
  void aFrozenNodeHoldsUpOnlyItsOwnAddressesAndThoseForASecondOnly() {
    lead();
    Set<String> frozen = Set.copyOf(held(1));
    flags[2] = NodeFlags.UNHEALTHY;
    Set<String> moving = Set.copyOf(held(2));
    silent.add(1);
    sent.clear();
    runs.request("node 2 is unhealthy, node 1 says nothing");
    scheduler.advance(TakeoverRun.ASKING_MAX);
    assertThat(held(0)).containsAll(moving);
    assertThat(deferred()).containsExactlyInAnyOrderElementsOf(ips(frozen));
    assertThat(sent).noneMatch(s -> s.startsWith("1 "));
    expelled.add(1);
    unsafeUntil[1] = scheduler.nowNanos() + Duration.ofMillis(1_500).toNanos();
    scheduler.advance(Duration.ofMillis(1_400));
    assertThat(held(0)).as("its lease still runs").doesNotContainAnyElementsOf(frozen);
    scheduler.advance(Duration.ofMillis(100).plus(TakeoverRun.ASKING_OTHERS_MAX));
    assertThat(held(0)).containsAll(frozen);
  }

  @Test
  void aNodeThatFreezesInTheMiddleOfARunIsNotWaitedForOnceItIsLost() {
    lead();
    Set<String> frozen = Set.copyOf(held(1));
    flags[1] = NodeFlags.PERMANENTLY_DISABLED;
    flags[2] = NodeFlags.PERMANENTLY_DISABLED;
    Set<String> moving = Set.copyOf(held(2));
    stuckControls.add("1 RELEASE_IP");
    runs.request("nodes 1 and 2 are disabled");
    assertThat(held(0)).as("what node 2 had has moved at once").containsAll(moving);
    assertThat(runs.isRunning()).isTrue();
    silent.add(1);
    expelled.add(1);
    unsafeUntil[1] = scheduler.nowNanos() + Duration.ofMillis(1_500).toNanos();
    runs.nodesChanged();
    assertThat(runs.isRunning()).isFalse();
    assertThat(deferred()).containsExactlyInAnyOrderElementsOf(ips(frozen));
    scheduler.advance(Duration.ofMillis(1_500).plus(TakeoverRun.ASKING_OTHERS_MAX));
    assertThat(held(0)).containsAll(frozen);
  }

  @Test
  void theLeaderRemembersWhyItMovedAnAddress() {
    lead();
    Set<String> lost = lose(1, Duration.ofSeconds(1));
    runs.requestUrgently("node 1 is DISCONNECTED");
    scheduler.advance(Duration.ofSeconds(1));
    for (String address : lost) {
      int holder = held(0).contains(address) ? 0 : 2;
      assertThat(runs.decisions(ip(address)))
          .extracting(AddressStory.Event::text)
          .containsExactly(
              "given to node 1: test",
              "given to nobody yet: nodes [1] may still have it",
              "given to node " + holder + ": whoever may have had it is safely gone");
      assertThat(runs.figures().handOvers())
          .as("how long it took since it was wanted")
          .containsEntry(ip(address), new LeaderFigures.HandOvers(2, Duration.ofSeconds(1)));
    }
    assertThat(runs.figures().failedRuns()).isZero();
  }

  @Test
  void aLostNodeThatProvesThatItHasLetGoIsNotWaitedForAnyLonger() {
    lead();
    lose(1, Duration.ofSeconds(30));
    runs.request("node 1 is lost");
    scheduler.advance(Duration.ofSeconds(1));
    unsafeUntil[1] = 0;
    runs.nodesChanged();
    assertEveryAddressOnce();
  }

  @Test
  void ofTwoLostNodesEachDelaysOnlyItsOwn() {
    lead();
    Set<String> first = lose(1, Duration.ofSeconds(1));
    Set<String> second = lose(2, Duration.ofSeconds(5));
    runs.request("nodes 1 and 2 are lost");
    scheduler.advance(Duration.ofSeconds(1));
    assertThat(held(0)).containsAll(first).doesNotContainAnyElementsOf(second);
    scheduler.advance(Duration.ofSeconds(4));
    assertThat(held(0)).containsAll(second);
  }

  @Test
  void aNewLeaderDoesNotKnowWhatTheOldOneSaidInItsLastMoment() {
    lead();
    runs.setLeader(OptionalInt.of(1));
    Set<String> first = lose(1, Duration.ofSeconds(1));
    lose(2, Duration.ofSeconds(5));
    lead();
    scheduler.advance(Duration.ofSeconds(1));
    assertThat(held(0)).doesNotContainAnyElementsOf(first);
    scheduler.advance(Duration.ofSeconds(4));
    assertEveryAddressOnce();
  }

  @Test
  void anAddressThatAToolHasMovedIsLookedForWhereItIs() {
    lead();
    String address = held(1).iterator().next();
    held(1).remove(address);
    held(2).add(address);
    beliefs.put("0 " + address, 2);
    beliefs.put("1 " + address, 2);
    Set<String> lost = lose(2, Duration.ofSeconds(3));
    assertThat(lost).contains(address);
    runs.request("node 2 is lost");
    assertThat(deferred()).contains(ip(address));
    scheduler.advance(Duration.ofSeconds(3));
    assertEveryAddressOnce();
  }

  @Test
  void aNodeThatReturnsInTheMiddleOfARunTakesPartInTheNext() {
    lead();
    lose(1, Duration.ZERO);
    stuckControls.add("2 IPREALLOCATED");
    runs.request("node 1 is lost");
    assertThat(held(1)).isEmpty();
    assertThat(runs.isRunning()).as("node 2's scripts take their time").isTrue();
    flags[1] = 0;
    stuckControls.clear();
    runs.request("node 1 is back");
    scheduler.advance(Duration.ZERO);
    assertThat(held(1)).isNotEmpty();
    assertEveryAddressOnce();
  }

  @Test
  void whoAskedForARunThatMadeWayIsAnsweredByTheNext() {
    lead();
    flags[2] = NodeFlags.PERMANENTLY_DISABLED;
    stuckControls.add("2 RELEASE_IP");
    runs.onMessage(Srvid.TAKEOVER_RUN, new SrvidMessage(1, 77).encode());
    stuckControls.clear();
    runs.request("something else");
    assertThat(answers).doesNotContain("1/77: 0", "1/77: -1");
    scheduler.advance(TakeoverRun.HURRY);
    assertThat(answers).contains("1/77: 0");
    assertThat(held(2)).isEmpty();
    assertEveryAddressOnce();
  }

  @Test
  void anAddressThatANodeFailsToTakeGoesToAnother() {
    lead();
    Set<String> had = lose(1, Duration.ZERO);
    had.forEach(address -> failing.add("0 TAKEOVER_IP " + address));
    runs.request("node 1 is lost");
    scheduler.advance(Duration.ofMillis(200));
    assertThat(held(2)).containsAll(had);
    assertEveryAddressOnce();
  }

  @Test
  void aNodeThatRefusedEverythingGetsItsShareAgainByItself() {
    flags[2] = NodeFlags.STOPPED;
    lead();
    ALL.forEach(address -> failing.add("2 TAKEOVER_IP " + address));
    flags[2] = 0;
    runs.request("node 2 is back");
    scheduler.advance(Duration.ofSeconds(5));
    assertThat(held(2)).as("it was too early for it").isEmpty();
    assertEveryAddressOnce();

    failing.clear();
    scheduler.advance(Refusals.REMEMBERED);
    assertThat(held(2)).isNotEmpty();
    assertEveryAddressOnce();
  }

  @Test
  void aNodeThatKeepsRefusingIsTriedMoreAndMoreSeldom() {
    flags[2] = NodeFlags.STOPPED;
    lead();
    ALL.forEach(address -> failing.add("2 TAKEOVER_IP " + address));
    flags[2] = 0;
    runs.request("node 2 is back");
    scheduler.advance(Duration.ofMinutes(4));
    sent.clear();
    scheduler.advance(Duration.ofMinutes(3));
    assertThat(sent.stream().filter(s -> s.startsWith("2 TAKEOVER_IP")).count()).isLessThan(6);
    assertEveryAddressOnce();
  }

  @Test
  void aNodeWhoseHealthFlapsEverySecondForAMinuteKeepsItsAddressesAwayAndSaysWhy() {
    lead();
    Set<String> had = Set.copyOf(held(1));
    sent.clear();
    for (int second = 0; second < 60; second++) {
      flags[1] = second % 2 == 0 ? NodeFlags.UNHEALTHY : 0;
      runs.request("the health of node 1 has changed");
      scheduler.advance(Duration.ofSeconds(1));
      assertEveryAddressOnce();
    }
    assertThat(sent.stream().filter(s -> s.startsWith("1 TAKEOVER_IP")).count())
        .as("given back twice, and then no more")
        .isEqualTo(2L * had.size());
    assertThat(held(1)).isEmpty();
    assertThat(had)
        .allSatisfy(
            address ->
                assertThat(decisionsOn(address))
                    .contains(
                        "not given to node 1 before it has been steady for 320 s: it has become unable to host it"
                            + " 30 times"));

    scheduler.advance(Duration.ofSeconds(300));
    assertThat(held(1)).isEmpty();
    scheduler.advance(Duration.ofSeconds(21));
    assertThat(held(1)).as("steady at last").isNotEmpty();
    assertEveryAddressOnce();
  }

  @Test
  void anUnsteadyNodeIsStillBetterThanNone() {
    lead();
    for (int times = 0; times < 5; times++) {
      flags[1] = NodeFlags.UNHEALTHY;
      runs.request("sick");
      flags[1] = 0;
      runs.request("well");
    }
    assertThat(held(1)).isEmpty();
    flags[0] = NodeFlags.UNHEALTHY;
    flags[2] = NodeFlags.UNHEALTHY;
    runs.request("everybody else is sick");
    assertThat(held(1)).containsExactlyInAnyOrderElementsOf(ALL);
  }

  @Test
  void whatTheAdministratorDoesOftenIsNoFlapping() {
    lead();
    for (int times = 0; times < 10; times++) {
      flags[1] = times % 2 == 0 ? NodeFlags.PERMANENTLY_DISABLED : NodeFlags.STOPPED;
      runs.request("taken out");
      assertThat(held(1)).isEmpty();
      flags[1] = 0;
      runs.request("and back");
      assertThat(held(1)).isNotEmpty();
    }
  }

  @Test
  void aNodeThatOffersNothingBeforeItIsSeenToBeStoppedIsNotFlapping() {
    lead();
    for (int times = 0; times < 10; times++) {
      draining.add(1);
      runs.request("it goes out of service");
      assertThat(held(1)).isEmpty();
      flags[1] = NodeFlags.STOPPED;
      runs.request("it is stopped");
      draining.clear();
      flags[1] = 0;
      runs.request("and back");
      assertThat(held(1)).isNotEmpty();
    }
  }

  @Test
  void whatANodeRefusedBeforeItWasStoppedIsForgotten() {
    ALL.forEach(address -> failing.add("1 TAKEOVER_IP " + address));
    lead();
    scheduler.advance(Duration.ofMillis(50));
    assertThat(held(1)).isEmpty();
    failing.clear();
    flags[1] = NodeFlags.STOPPED;
    runs.request("it is stopped");
    flags[1] = 0;
    runs.request("and back");
    assertThat(held(1)).isNotEmpty();
  }

  @Test
  void whoAsksALeaderThatIsJustBeingStoppedAsTheLastNodeIsAnsweredByIt() {
    lead();
    // Another node would speak if nobody had been the leader.
    TakeoverRuns last =
        new TakeoverRuns(
            2,
            (pnn, control, controlFlags, data, answer) -> {},
            scheduler,
            this::nanosUntilSafe,
            this::nodeMap,
            () -> settings,
            new Listener());
    last.setLeader(OptionalInt.of(2));
    last.onMessage(Srvid.TAKEOVER_RUN, new SrvidMessage(1, 77).encode());
    assertThat(last.isRunning()).isTrue();
    Arrays.fill(flags, NodeFlags.STOPPED);
    last.setLeader(OptionalInt.empty());
    scheduler.advance(Duration.ofSeconds(1));
    assertThat(answers).contains("1/77: 2");
  }

  @Test
  void aNodeLostRightAfterMoveipIsNotWaitedForUntilTheSuspensionEnds() {
    lead();
    String moving = held(2).iterator().next();
    runs.onMessage(Srvid.DISABLE_IP_CHECK, Payload.ofU32(20));
    held(2).remove(moving);
    beliefs.put("2 " + moving, 0);
    Set<String> lost = lose(1, Duration.ZERO);
    runs.request("the tool's own request");
    assertThat(sent).as("the tool is given its moment").isEmpty();
    runs.requestUrgently("node 1 is lost");
    assertThat(sent).as("what the tool is moving is left alone").noneMatch(s -> s.endsWith(moving));
    lost.forEach(address -> assertThat(sent).anyMatch(s -> s.endsWith("TAKEOVER_IP " + address)));
    held(0).add(moving);
    scheduler.advance(RunQueue.SUSPENDED_MAX);
    assertThat(sent).as("then all are looked at").anyMatch(s -> s.endsWith(moving));
    assertEveryAddressOnce();
  }

  @Test
  void aNodeLostWhileAToolHasSuspendedRunsIsNotWaitedForUntilThatEnds() {
    lead();
    runs.onMessage(Srvid.DISABLE_TAKEOVER_RUNS, new DisableMessage(2, 9, 20).encode());
    lose(1, Duration.ZERO);
    runs.requestUrgently("node 1 is lost");
    assertThat(sent).isEmpty();
    scheduler.advance(RunQueue.SUSPENDED_MAX);
    assertEveryAddressOnce();
  }

  @Test
  void aNodeThatNeverReleasesIsComplainedAbout() {
    lead();
    flags[1] = NodeFlags.UNHEALTHY;
    held(1).forEach(address -> failing.add("1 RELEASE_IP " + address));
    runs.request("node 1 is unhealthy");
    String complaint = "node 1 keeps addresses: " + RunQueue.KEEPING_MAX;
    scheduler.advance(Duration.ofSeconds(RunQueue.KEEPING_MAX - 2));
    assertThat(answers).doesNotContain(complaint);
    scheduler.advance(Duration.ofSeconds(2));
    assertThat(answers).containsOnlyOnce(complaint);
  }

  @Test
  void withoutAnyNodeThatCouldLeadSomebodyAnswers() {
    flags[0] = NodeFlags.STOPPED;
    flags[1] = NodeFlags.BANNED;
    flags[2] = NodeFlags.DISCONNECTED;
    runs.setLeader(OptionalInt.empty());
    runs.onMessage(Srvid.TAKEOVER_RUN, new SrvidMessage(0, 77).encode());
    assertThat(answers).doesNotContain("list: 0");
    scheduler.advance(Duration.ofSeconds(1));
    assertThat(answers).containsExactly("0/77: 0");
    assertThat(sent).isEmpty();
  }

  @Test
  void whoAskedDuringAnElectionIsAnsweredByTheNewLeader() {
    runs.setLeader(OptionalInt.empty());
    runs.onMessage(Srvid.TAKEOVER_RUN, new SrvidMessage(1, 77).encode());
    scheduler.advance(Duration.ofSeconds(2));
    assertThat(answers).doesNotContain("list: 0");
    runs.setLeader(OptionalInt.of(0));
    assertThat(answers).contains("1/77: 0");
    assertEveryAddressOnce();
  }

  /** {@code ctdb stop} of the leader told of a failure: the lab's story stuck_chain_lock. */
  @Test
  void whoAskedALeaderThatDoesNotKnowOfItsSuccessorIsHandedOn() {
    lead();
    answers.clear();
    replaced = true;
    runs.onMessage(Srvid.TAKEOVER_RUN, new SrvidMessage(1, 77).encode());
    assertThat(results.getLast().failures()).isEmpty();
    scheduler.advance(Duration.ofSeconds(10));
    runs.setLeader(OptionalInt.empty());
    runs.setLeader(OptionalInt.of(2));
    assertThat(answers)
        .filteredOn(one -> one.startsWith("1/77"))
        .containsExactly("1/77 to leader 2");
  }

  @Test
  void whoAskedDuringAnElectionIsHandedOn() {
    runs.setLeader(OptionalInt.empty());
    runs.onMessage(Srvid.TAKEOVER_RUN, new SrvidMessage(1, 77).encode());
    runs.setLeader(OptionalInt.of(2));
    assertThat(answers).containsExactly("1/77 to leader 2");
  }

  @Test
  void oneRunAnswersAllWhoAskedBeforeIt() {
    runs.setLeader(OptionalInt.of(0));
    runs.onMessage(Srvid.DISABLE_TAKEOVER_RUNS, new DisableMessage(2, 55, 20).encode());
    runs.onMessage(Srvid.TAKEOVER_RUN, new SrvidMessage(1, 77).encode());
    runs.onMessage(Srvid.TAKEOVER_RUN, new SrvidMessage(2, 78).encode());
    runs.onMessage(Srvid.TAKEOVER_RUN, new SrvidMessage(2, 0).encode());
    assertThat(answers).as("disabled").containsExactly("2/55: 0");
    assertThat(runs.isDisabled()).isTrue();
    scheduler.advance(Duration.ofSeconds(20));
    assertThat(results).hasSize(1);
    assertThat(answers).containsExactly("2/55: 0", "quiet 60", "quiet 0", "1/77: 0", "2/78: 0");
  }

  @Test
  void enablingAgainStartsWhatHasWaited() {
    runs.setLeader(OptionalInt.of(0));
    runs.onMessage(Srvid.DISABLE_TAKEOVER_RUNS, new DisableMessage(2, 9, 20).encode());
    runs.request("test");
    assertThat(results).isEmpty();
    runs.onMessage(Srvid.DISABLE_TAKEOVER_RUNS, new DisableMessage(2, 9, 0).encode());
    assertThat(results).hasSize(1);
  }

  /** {@code ctdb ipreallocate} right after {@code ctdb moveip} took 17 s instead of one. */
  @Test
  void addressChecksThatAreSuspendedDoNotKeepARunWaiting() {
    runs.setLeader(OptionalInt.of(0));
    runs.onMessage(Srvid.DISABLE_IP_CHECK, Payload.ofU32(20));
    assertThat(runs.isDisabled()).as("checks of addresses").isTrue();
    runs.onMessage(Srvid.TAKEOVER_RUN, new SrvidMessage(1, 77).encode());
    assertThat(answers).as("the move itself is not disturbed").isEmpty();
    scheduler.advance(RunQueue.SUSPENDED_MAX);
    assertThat(answers).contains("1/77: 0");
  }

  @Test
  void theQuietThatADeadLeaderAskedForDoesNotBindTheNextOne() {
    runs.onMessage(Srvid.DISABLE_TAKEOVER_RUNS, new DisableMessage(-1, 0, 60).encode());
    assertThat(runs.isDisabled()).as("this node does not ask for runs").isTrue();
    lead();
    assertThat(results).hasSize(1);
    assertThat(runs.isDisabled()).isFalse();
  }

  @Test
  void aRunUnderWayCannotBeDisabled() {
    silent.add(2);
    lead();
    runs.onMessage(Srvid.DISABLE_TAKEOVER_RUNS, new DisableMessage(1, 9, 20).encode());
    assertThat(answers).contains("1/9: -11");
  }

  @Test
  void onlyTheLeaderActs() {
    runs.request("test");
    runs.onMessage(Srvid.TAKEOVER_RUN, new SrvidMessage(1, 77).encode());
    assertThat(sent).isEmpty();
    assertThat(answers).doesNotContain("list: 0");
    assertThat(runs.onMessage(Srvid.LEADER, Payload.ofU32(0))).isFalse();
    assertThat(runs.onMessage(Srvid.TAKEOVER_RUN, new byte[3])).isTrue();
  }

  @Test
  void aLeaderThatStepsDownStopsInTheMiddle() {
    silent.add(2);
    lead();
    runs.setLeader(OptionalInt.of(1));
    sent.clear();
    scheduler.advance(Duration.ofMinutes(2));
    assertThat(sent).isEmpty();
    assertThat(results).isEmpty();
  }

  @Test
  void withFailoverDisabledNothingMoves() {
    settings =
        new TakeoverSettings(
            AllocationAlgorithm.LCP2, false, false, Duration.ofSeconds(9), true, Map.of());
    lead();
    assertThat(sent).containsExactly("0 IPREALLOCATED", "1 IPREALLOCATED", "2 IPREALLOCATED");
  }

  @Test
  void aForcedNodeGetsItsShare() {
    lead();
    held(0).addAll(held(2));
    held(2).clear();
    held(0).addAll(held(1));
    held(1).clear();
    String one = held(0).iterator().next();
    held(0).remove(one);
    held(2).add(one);
    runs.onMessage(Srvid.REBALANCE_NODE, Payload.ofU32(2));
    runs.request("addip");
    assertThat(held(2)).hasSizeGreaterThanOrEqualTo(1);
    assertEveryAddressOnce();
  }

  private List<String> decisionsOn(String address) {
    return runs.decisions(ip(address)).stream().map(AddressStory.Event::text).toList();
  }

  // Node 2 is at a remote site, and has addresses of its own.

  private void stretched(String... far) {
    lists.put(0, List.of("10.0.0.1", "10.0.0.2"));
    lists.put(1, List.of("10.0.0.1", "10.0.0.2"));
    lists.put(2, List.of(far));
    runs.livesPromised(Set.of(0, 1, 2), Map.of(0, 1L, 1, 1L, 2, 1L));
    tellList(1);
  }

  private void tellList(long version) {
    Set<InetAddress> addresses = new HashSet<>();
    lists.getOrDefault(2, ALL).forEach(address -> addresses.add(ip(address)));
    runs.hostableAddresses(
        new HostableAddresses(2, 1, version, addresses), status -> answers.add("list: " + status));
  }

  @Test
  void nobodyAtTheMainSiteWaitsForANodeFarAway() {
    stretched("10.0.0.3", "10.0.0.4");
    lead();
    scheduler.advance(Duration.ofSeconds(2));
    assertEveryAddressOnce();
    assertThat(held(2)).containsExactlyInAnyOrder("10.0.0.3", "10.0.0.4");
    silent.add(2);
    flags[1] = NodeFlags.UNHEALTHY;
    runs.onMessage(Srvid.TAKEOVER_RUN, new SrvidMessage(1, 77).encode());
    assertThat(held(0)).containsExactlyInAnyOrder("10.0.0.1", "10.0.0.2");
    assertThat(answers).contains("1/77: 0");
  }

  @Test
  void aNodeFarAwayThatHasToldNothingIsAskedAndWaitedFor() {
    stretched("10.0.0.3", "10.0.0.4");
    runs.leftCluster();
    silent.add(2);
    lead();
    assertThat(held(0)).isEmpty();
    assertThat(held(1)).isEmpty();
  }

  @Test
  void anAddressThatBothSitesCouldHostIsTakenOnlyWhenTheRemoteNodeHasLetItGo() {
    stretched("10.0.0.2", "10.0.0.3", "10.0.0.4");
    hosts.put(2, new HashSet<>(List.of("10.0.0.2")));
    lead();
    scheduler.advance(Duration.ofSeconds(2));
    assertEveryAddressOnce();
    held(0).remove("10.0.0.2");
    held(1).remove("10.0.0.2");
    held(2).add("10.0.0.2");
    flags[2] = NodeFlags.UNHEALTHY;
    silent.add(2);
    runs.request("node 2 is unhealthy");
    scheduler.advance(Duration.ofSeconds(5));
    assertThat(held(0)).doesNotContain("10.0.0.2");
    assertThat(held(1)).doesNotContain("10.0.0.2");
    silent.clear();
    scheduler.advance(Duration.ofSeconds(5));
    assertThat(held(2)).isEmpty();
    assertThat(held(0).contains("10.0.0.2")).isNotEqualTo(held(1).contains("10.0.0.2"));
  }

  @Test
  void aNodeAtTheEndOfASlowLineHasTimeToSayWhatItCouldHost() {
    stretched("10.0.0.3", "10.0.0.4");
    roundTrip = Duration.ofMillis(600);
    lead();
    scheduler.advance(Duration.ofSeconds(10));
    assertThat(held(2)).containsExactlyInAnyOrder("10.0.0.3", "10.0.0.4");
    runs.request("again");
    scheduler.advance(Duration.ofSeconds(10));
    assertThat(held(2)).containsExactlyInAnyOrder("10.0.0.3", "10.0.0.4");
  }

  @Test
  void aLongerListIsHeededWhenTheRunThatMayPlaceItsAddressesIsOver() {
    stretched("10.0.0.3", "10.0.0.4");
    lead();
    scheduler.advance(Duration.ofSeconds(2));
    flags[1] = NodeFlags.UNHEALTHY;
    stuckControls.add("0 TAKEOVER_IP");
    answers.clear();
    runs.request("node 1 is unhealthy");
    lists.put(2, ALL);
    tellList(2);
    assertThat(answers).doesNotContain("list: 0");
    scheduler.advance(Duration.ofSeconds(60));
    assertThat(answers).contains("list: 0");
  }

  @Test
  void whoAsksFromFarAwayIsAnsweredWhenItsOwnAddressesAreDone() {
    stretched("10.0.0.3", "10.0.0.4");
    lead();
    scheduler.advance(Duration.ofSeconds(2));
    flags[2] = NodeFlags.PERMANENTLY_DISABLED;
    stuckControls.add("2 RELEASE_IP");
    runs.onMessage(Srvid.TAKEOVER_RUN, new SrvidMessage(2, 78).encode());
    assertThat(answers).doesNotContain("2/78: 0");
    scheduler.advance(Duration.ofSeconds(60));
    assertThat(answers).anyMatch(answer -> answer.startsWith("2/78"));
  }

  private void lead() {
    runs.setLeader(OptionalInt.of(0));
    runs.request("test");
  }

  /** A node disappears; nobody may have its addresses for a while. */
  private Set<String> lose(int pnn, Duration unsafe) {
    Set<String> had = Set.copyOf(held(pnn));
    assertThat(had).isNotEmpty();
    held(pnn).clear();
    flags[pnn] = NodeFlags.DISCONNECTED | NodeFlags.UNHEALTHY;
    unsafeUntil[pnn] = scheduler.nowNanos() + unsafe.toNanos();
    sent.clear();
    return had;
  }

  private void assertEveryAddressOnce() {
    List<String> held = new ArrayList<>();
    hosts.values().forEach(held::addAll);
    held.remove("10.0.0.9");
    assertThat(held).containsExactlyInAnyOrderElementsOf(ALL);
  }

  private Set<String> held(int pnn) {
    return hosts.computeIfAbsent(pnn, p -> new HashSet<>());
  }

  private String find(String part) {
    return sent.stream().filter(s -> s.contains(part)).findFirst().orElseThrow();
  }

  private String last(String part) {
    return sent.stream().filter(s -> s.contains(part)).reduce((a, b) -> b).orElseThrow();
  }

  private List<InetAddress> deferred() {
    return results.getLast().deferred().stream().map(Deferral::address).toList();
  }

  /** As the leader knows it: a member may have addresses, an expelled one for a while. */
  private long nanosUntilSafe(int pnn) {
    boolean member = (flags[pnn] & NodeFlags.DISCONNECTED) == 0 && !expelled.contains(pnn);
    return member ? HandOverGate.UNKNOWN : Math.max(0, unsafeUntil[pnn] - scheduler.nowNanos());
  }

  private static List<InetAddress> ips(Set<String> texts) {
    return texts.stream().map(Addresses::ip).toList();
  }

  private NodeMap nodeMap() {
    List<NodeMap.Node> nodes = new ArrayList<>();
    for (int pnn = 0; pnn < 3; pnn++) {
      nodes.add(new NodeMap.Node(pnn, flags[pnn], new SockAddr(ip("10.1.1." + (pnn + 1)), 4379)));
    }
    return new NodeMap(nodes);
  }

  /** The three nodes' daemons. */
  private void control(
      int pnn, Control control, int controlFlags, byte[] data, NodeControls.Answer answer) {
    if (pnn == 2 && !roundTrip.isZero()) {
      NodeControls.Answer later =
          (status, reply) -> scheduler.after(roundTrip, () -> answer.take(status, reply));
      carryOut(pnn, control, controlFlags, data, later);
    } else {
      carryOut(pnn, control, controlFlags, data, answer);
    }
  }

  private void carryOut(
      int pnn, Control control, int controlFlags, byte[] data, NodeControls.Answer answer) {
    if (silent.contains(pnn)) {
      return;
    }
    if (stuckControls.contains(pnn + " " + control)) {
      stuck.add(answer);
      return;
    }
    Set<String> held = held(pnn);
    if (replaced) {
      answer.take(AddressControls.REPLACED, Payload.empty());
      return;
    }
    if (control == Control.GET_PUBLIC_IPS) {
      boolean onlyAvailable = (controlFlags & ControlFlag.PUBLIC_IP_ONLY_AVAILABLE) != 0;
      answer.take(0, publicIps(pnn, held, onlyAvailable));
      return;
    }
    if (control == Control.IPREALLOCATED || control == Control.START_IPREALLOCATE) {
      sent.add(pnn + " " + control);
      answer.take(failing.contains(pnn + " " + control) ? -1 : 0, Payload.empty());
      return;
    }
    PublicIp ip = PublicIp.decode(data);
    String what = pnn + " " + control + " " + ip.address().host();
    sent.add(what);
    if (failing.contains(what)) {
      answer.take(-1, Payload.empty());
      return;
    }
    if (control == Control.RELEASE_IP) {
      held.remove(ip.address().host());
    } else {
      assertThat(ip.pnn()).isEqualTo(pnn);
      held.add(ip.address().host());
    }
    answer.take(0, Payload.empty());
  }

  private byte[] publicIps(int pnn, Set<String> held, boolean onlyAvailable) {
    List<PublicIp> list = new ArrayList<>();
    boolean mayHost =
        (flags[pnn] & (NodeFlags.INACTIVE | NodeFlags.DISABLED)) == 0 && !draining.contains(pnn);
    if (!onlyAvailable || mayHost) {
      for (String address : lists.getOrDefault(pnn, ALL)) {
        int believed = beliefs.getOrDefault(pnn + " " + address, -1);
        int holder = held.contains(address) ? pnn : believed;
        list.add(new PublicIp(holder, new SockAddr(ip(address), 0)));
      }
    }
    return new PublicIpList(list).encode();
  }

  private final class Listener implements TakeoverListener {
    @Override
    public void reply(int pnn, long srvid, int value) {
      answers.add(pnn + "/" + srvid + ": " + value);
    }

    @Override
    public void handOn(int leader, SrvidMessage request) {
      answers.add(request.pnn() + "/" + request.srvid() + " to leader " + leader);
    }

    @Override
    public void disableElsewhere(int seconds) {
      answers.add("quiet " + seconds);
    }

    @Override
    public void keepsAddresses(int pnn, int count) {
      answers.add("node " + pnn + " keeps addresses: " + count);
    }

    @Override
    public void finished(TakeoverResult result) {
      results.add(result);
    }
  }
}
