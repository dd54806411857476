package io.jctdb.iptakeover;

import static io.jctdb.iptakeover.Addresses.connection;
import static io.jctdb.iptakeover.Addresses.ip;
import static io.jctdb.iptakeover.Addresses.line;
import static io.jctdb.iptakeover.Addresses.to;
import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.protocol.AddressInfo;
import io.jctdb.protocol.AddressStory;
import io.jctdb.protocol.Connection;
import io.jctdb.protocol.Interface;
import io.jctdb.protocol.NodeFlags;
import io.jctdb.protocol.NumericAddress;
import io.jctdb.protocol.PublicIp;
import io.jctdb.protocol.RunState;
import io.jctdb.protocol.SockAddr;
import io.jctdb.protocol.TickleList;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.IntConsumer;
import org.junit.jupiter.api.Test;

/** One node (pnn 1) as its leader, its scripts and its smbds see it. */
class LocalAddressesTest {
  private static final String A = "10.77.1.101";
  private static final String B = "10.77.1.102";
  private static final int NOBODY = -1;

  private final FakeKernel kernel = new FakeKernel();
  private final FakeScheduler scheduler = new FakeScheduler();
  private final List<String> log = new ArrayList<>();
  private final Set<InetAddress> kept = new HashSet<>();
  private final Deque<IntConsumer> events = new ArrayDeque<>();
  private final List<Integer> statuses = new ArrayList<>();
  private OwnState state = new OwnState(RunState.RUNNING, 0);
  private boolean suspended;
  private boolean leaseIsGood = true;

  private LocalAddresses node =
      node(List.of(line(A, "eth0", "eth1"), line(B, "eth0", "eth1"), line("fd00::1", "eth2")));

  @Test
  void takingAnAddressRunsTheEventAnnouncesThreeTimesAndTellsSmbd() {
    node.connections().add(connection("10.9.9.9", 50_000, A, 445), false);
    node.takeoverIp(to(1, A), statuses::add);
    assertThat(log).containsExactly("event takeip [eth0, " + A + ", 24]");
    assertThat(kept).as("kept alive before the script has added it").containsExactly(ip(A));
    kernel.add(ip(A));
    eventEnds(0);
    assertThat(statuses).containsExactly(0);
    assertThat(log.subList(1, log.size()))
        .containsExactly("arp eth0 " + A, "tickle 10.9.9.9:50000", "TAKE_IP " + A);
    log.clear();
    scheduler.advance(Duration.ofMillis(2_300));
    assertThat(log)
        .containsExactly(
            "arp eth0 " + A, "tickle 10.9.9.9:50000", "arp eth0 " + A, "tickle 10.9.9.9:50000");
    assertThat(node.isHere(ip(A))).isTrue();
    assertThat(node.connections().list(new SockAddr(ip(A), 0)).orElseThrow().connections())
        .as("clients that come back register anew")
        .isEmpty();
  }

  @Test
  void neighboursLearnOfAnAddressBeforeItsLastScriptHasEnded() {
    node.connections().add(connection("10.9.9.9", 50_000, A, 445), false);
    node.takeoverIp(to(1, A), statuses::add);
    scheduler.advance(Duration.ofSeconds(1));
    assertThat(log).as("it is not there yet").hasSize(1);
    kernel.add(ip(A));
    scheduler.advance(Duration.ofMillis(50));
    assertThat(log.subList(1, log.size())).containsExactly("arp eth0 " + A);
    scheduler.advance(Duration.ofSeconds(5));
    assertThat(log).as("its clients are woken when its services are there").hasSize(2);
    eventEnds(0);
    assertThat(log).containsSequence("arp eth0 " + A, "arp eth0 " + A, "tickle 10.9.9.9:50000");
  }

  @Test
  void anAddressThatThisNodeMustGiveUpWhileItArrivesIsNotAnnounced() {
    node.takeoverIp(to(1, A), statuses::add);
    node.dropAllNow();
    kernel.add(ip(A));
    scheduler.advance(Duration.ofSeconds(1));
    assertThat(log).as("no announcement").noneMatch(entry -> entry.startsWith("arp"));
    eventEnds(0);
    assertThat(kernel.addresses).isEmpty();
    assertThat(statuses).containsExactly(-1);
  }

  @Test
  void scriptsAndClientsAreToldBeforeAndAfterARun() {
    node.startIpReallocate(statuses::add);
    assertThat(log).containsExactly("event startipreallocate []");
    eventEnds(0);
    node.ipReallocated(statuses::add);
    eventEnds(0);
    assertThat(log)
        .containsExactly(
            "event startipreallocate []",
            "START_IPREALLOCATE",
            "event ipreallocated []",
            "IPREALLOCATED");
    assertThat(statuses).containsExactly(0, 0);
  }

  @Test
  void aNodeThatDoesNotRunYetHasNothingToPrepare() {
    state = new OwnState(RunState.STARTUP, 0);
    node.startIpReallocate(statuses::add);
    assertThat(statuses).containsExactly(0);
    assertThat(log).isEmpty();
  }

  @Test
  void aNodeThatShutsDownFailsNoTakeoverRunByRunningNoMoreEvents() {
    state = new OwnState(RunState.SHUTDOWN, 0);
    node.ipReallocated(statuses::add);
    assertThat(statuses).containsExactly(0);
    assertThat(log).isEmpty();
  }

  @Test
  void norByEndingAnEventThatRan() {
    node.ipReallocated(statuses::add);
    state = new OwnState(RunState.SHUTDOWN, 0);
    eventEnds(125);
    assertThat(statuses).containsExactly(0);
  }

  @Test
  void anAddressThatIsHereAlreadyIsNotTakenAgain() {
    take(A);
    log.clear();
    node.takeoverIp(to(1, A), statuses::add);
    assertThat(statuses).containsExactly(0, 0);
    assertThat(log).isEmpty();
  }

  @Test
  void addressesSpreadOverTheInterfacesOfANode() {
    take(A);
    take(B);
    assertThat(log).contains("event takeip [eth0, " + A + ", 24]");
    assertThat(log).contains("event takeip [eth1, " + B + ", 24]");
    assertThat(node.interfaces())
        .as("last created first")
        .containsExactly(
            new Interface("eth2", 1, 0), new Interface("eth1", 1, 1), new Interface("eth0", 1, 1));
    assertThat(node.info(ip(B)).orElseThrow().activeIndex()).isEqualTo(1);
  }

  @Test
  void whatIsNotMeantForThisNodeIsRefusedOrIgnored() {
    node.takeoverIp(to(0, A), statuses::add);
    node.takeoverIp(to(1, "10.0.0.99"), statuses::add);
    node.releaseIp(to(0, "10.0.0.99"), statuses::add);
    assertThat(statuses).containsExactly(-1, 0, 0);
    assertThat(log).isEmpty();
  }

  @Test
  void whatIsAskedForWhileAnAddressIsChangingWaitsItsTurn() {
    node.takeoverIp(to(1, A), statuses::add);
    node.takeoverIp(to(1, A), statuses::add);
    node.releaseIp(to(2, A), statuses::add);
    assertThat(statuses).isEmpty();
    kernel.add(ip(A));
    eventEnds(0);
    assertThat(statuses).as("taken, and the second time there already").containsExactly(0, 0);
    assertThat(log).last().isEqualTo("event releaseip [eth0, " + A + ", 24]");
    kernel.addresses.clear();
    eventEnds(0);
    assertThat(statuses).containsExactly(0, 0, 0);
    assertThat(node.publicIps(false)).contains(to(2, A));
  }

  @Test
  void whatIsJustBeingReleasedIsNotTakenBack() {
    take(A);
    node.releaseIp(to(2, A), statuses::add);
    node.takeoverIp(to(1, A), statuses::add);
    assertThat(statuses).containsExactly(0, -1);
    kernel.addresses.clear();
    eventEnds(0);
    assertThat(statuses).containsExactly(0, -1, 0);
  }

  @Test
  void anAddressThatIsBeingTakenOrReleasedCountsAsHere() {
    node.takeoverIp(to(1, A), statuses::add);
    assertThat(node.publicIps(false)).contains(to(1, A));
    kernel.add(ip(A));
    eventEnds(0);
    node.releaseIp(to(2, A), statuses::add);
    kernel.addresses.clear();
    assertThat(node.publicIps(false)).contains(to(1, A));
    eventEnds(0);
    assertThat(node.publicIps(false)).contains(to(2, A));
  }

  @Test
  void anAddressThatIsOnAnInterfaceUnrecordedCountsAsHere() {
    kernel.add(ip(A));
    assertThat(node.publicIps(false)).contains(to(1, A));
  }

  @Test
  void nothingIsTakenWhenTheLeaseIsRunningOut() {
    leaseIsGood = false;
    node.takeoverIp(to(1, A), statuses::add);
    assertThat(statuses).containsExactly(-1);
    assertThat(log).isEmpty();
  }

  @Test
  void withoutALinkNothingIsTaken() {
    node.setLinkState(new Interface("eth0", 0, 0));
    node.setLinkState(new Interface("eth1", 0, 0));
    node.takeoverIp(to(1, A), statuses::add);
    assertThat(statuses).containsExactly(-1);
    assertThat(available()).containsExactly("fd00::1");
  }

  @Test
  void aFailedTakeLeavesNothingBehind() {
    node.takeoverIp(to(1, A), statuses::add);
    kernel.add(ip(A));
    eventEnds(7);
    assertThat(statuses).containsExactly(7);
    assertThat(kernel.addresses).isEmpty();
    assertThat(kept).isEmpty();
    assertThat(node.isHere(ip(A))).isFalse();
  }

  @Test
  void aTakeThatClaimsSuccessWithoutTheAddressHasFailed() {
    node.takeoverIp(to(1, A), statuses::add);
    eventEnds(0);
    assertThat(statuses).containsExactly(-1);
  }

  @Test
  void aTakeThatTimesOutCountsIfTheAddressIsThere() {
    node.takeoverIp(to(1, A), statuses::add);
    kernel.add(ip(A));
    eventEnds(AddressEvents.TIMED_OUT);
    assertThat(statuses).containsExactly(0);
  }

  @Test
  void anAddressMovesWhenItsInterfaceLosesItsLink() {
    take(A);
    node.setLinkState(new Interface("eth0", 0, 0));
    log.clear();
    node.takeoverIp(to(1, A), statuses::add);
    assertThat(log).containsExactly("event updateip [eth0, eth1, " + A + ", 24]");
    eventEnds(0);
    assertThat(node.info(ip(A)).orElseThrow().activeIndex()).isEqualTo(1);
  }

  @Test
  void theKernelTellsOfALostLinkBeforeTheScriptsDo() {
    take(A);
    kernel.withoutLink.add("eth0");
    node.checkNow();
    assertThat(node.interfaces()).contains(new Interface("eth0", 0, 1));
    assertThat(node.info(ip(A)).orElseThrow().interfaces().getFirst().linkUp()).isFalse();
    log.clear();
    node.takeoverIp(to(1, A), statuses::add);
    assertThat(log).containsExactly("event updateip [eth0, eth1, " + A + ", 24]");
    kernel.add(ip(A), 2);
    eventEnds(0);
    assertThat(history(A))
        .contains("eth0 has lost its link", "moving from eth0, which has no link, to eth1");
    kernel.withoutLink.clear();
    node.checkNow();
    assertThat(node.interfaces()).contains(new Interface("eth0", 1, 0));
  }

  @Test
  void anInterfaceThatFlapsForAMinuteCostsThreeMoves() {
    take(A);
    node.startChecks();
    log.clear();
    for (int second = 0; second < 60; second++) {
      if (second % 2 == 0) {
        kernel.withoutLink.add("eth0");
        kernel.withoutLink.remove("eth1");
      } else {
        kernel.withoutLink.remove("eth0");
        if (second < 6) {
          // Else the address would stay on eth1, which is as good.
          kernel.withoutLink.add("eth1");
        }
      }
      scheduler.advance(Duration.ofSeconds(1));
      node.takeoverIp(to(1, A), statuses::add);
      while (!events.isEmpty()) {
        kernel.add(ip(A), log.getLast().contains(", eth1,") ? 2 : 1);
        eventEnds(0);
      }
    }
    List<String> moves = log.stream().filter(entry -> entry.contains("updateip")).toList();
    assertThat(moves).hasSizeBetween(3, 7);
    assertThat(node.info(ip(A)).orElseThrow().activeIndex()).isEqualTo(1);
    assertThat(log).anyMatch(entry -> entry.contains("an interface has lost its link"));
  }

  @Test
  void aFailedMoveIsUndoneInTheBooks() {
    take(A);
    node.setLinkState(new Interface("eth0", 0, 0));
    node.takeoverIp(to(1, A), statuses::add);
    assertThat(kept).as("not renewed while it is between two interfaces").isEmpty();
    eventEnds(AddressEvents.TIMED_OUT);
    assertThat(statuses).containsExactly(0, 110);
    assertThat(kept).containsExactly(ip(A));
    assertThat(node.info(ip(A)).orElseThrow().activeIndex()).isZero();
  }

  @Test
  void anAddressThatIsHereWithoutBeingRecordedIsRepaired() {
    kernel.add(ip(A));
    node.takeoverIp(to(1, A), statuses::add);
    assertThat(log).containsExactly("event updateip [__none__, eth0, " + A + ", 24]");
    eventEnds(0);
    assertThat(node.isHere(ip(A))).isTrue();
    assertThat(kept).containsExactly(ip(A));
  }

  @Test
  void releasingTellsSmbdWhenTheAddressIsGone() {
    take(A);
    log.clear();
    node.releaseIp(to(2, A), statuses::add);
    assertThat(kept).as("nobody renews it while the script removes it").isEmpty();
    assertThat(log).containsExactly("event releaseip [eth0, " + A + ", 24]");
    kernel.addresses.clear();
    eventEnds(1);
    assertThat(statuses).as("the script's own status counts for nothing").containsExactly(0, 0);
    assertThat(log).contains("RELEASE_IP " + A);
    assertThat(node.publicIps(false)).contains(to(2, A));
    scheduler.advance(Duration.ofSeconds(10));
    assertThat(log).as("no announcement any more").hasSize(2);
  }

  @Test
  void anAddressThatTheScriptLeftIsRemovedAllTheSame() {
    take(A);
    node.releaseIp(to(2, A), statuses::add);
    eventEnds(0);
    assertThat(kernel.addresses).isEmpty();
    assertThat(statuses).containsExactly(0, 0);
  }

  @Test
  void anAddressThatCannotBeRemovedIsNotReleased() {
    take(A);
    kernel.refusesToDelete = true;
    node.releaseIp(to(2, A), statuses::add);
    eventEnds(0);
    assertThat(statuses).containsExactly(0, -1);
    assertThat(node.isHere(ip(A))).isTrue();
  }

  @Test
  void aRedundantReleaseOnlyNotesTheNewHolder() {
    node.releaseIp(to(2, A), statuses::add);
    assertThat(statuses).containsExactly(0);
    assertThat(log).isEmpty();
    assertThat(node.publicIps(false))
        .as("reverse of the file")
        .containsExactly(to(NOBODY, "fd00::1"), to(NOBODY, B), to(2, A));
  }

  @Test
  void withoutAWordFromTheKernelNothingIsConfirmed() {
    kernel.broken = true;
    node.releaseIp(to(2, A), statuses::add);
    node.takeoverIp(to(1, A), statuses::add);
    assertThat(statuses).containsExactly(-1, -1);
  }

  @Test
  void onlyAHealthyRunningNodeOffersAddresses() {
    assertThat(available()).containsExactly("fd00::1", B, A);
    state = new OwnState(RunState.RUNNING, NodeFlags.UNHEALTHY);
    assertThat(available()).isEmpty();
    state = new OwnState(RunState.STARTUP, 0);
    assertThat(available()).isEmpty();
  }

  /** In the lab a healthy node stayed without addresses: story launcher_killed_too, once. */
  @Test
  void aLeaderThatAskedAMomentTooEarlyIsTold() {
    state = new OwnState(RunState.RUNNING, NodeFlags.UNHEALTHY);
    assertThat(available()).isEmpty();
    node.stateChanged();
    scheduler.advance(Duration.ofSeconds(5));
    assertThat(log).isEmpty();

    state = new OwnState(RunState.RUNNING, 0);
    node.stateChanged();
    node.stateChanged();
    scheduler.advance(Duration.ofSeconds(5));
    assertThat(log).containsExactly("wanted: this node can host addresses now");
  }

  @Test
  void aLeaderThatAsksByItselfIsNotTold() {
    state = new OwnState(RunState.RUNNING, NodeFlags.UNHEALTHY);
    assertThat(available()).isEmpty();
    state = new OwnState(RunState.RUNNING, 0);
    node.stateChanged();
    assertThat(available()).isNotEmpty();
    scheduler.advance(Duration.ofSeconds(5));
    assertThat(log).isEmpty();
  }

  @Test
  void aDeletedAddressGoesWithItsNextRelease() {
    take(A);
    assertThat(node.delete(ip(A))).isZero();
    assertThat(log).last().isEqualTo("wanted: " + A + " has been deleted here");
    assertThat(available()).containsExactly("fd00::1", B);
    assertThat(node.isPublic(ip(A))).isTrue();
    node.releaseIp(to(NOBODY, A), statuses::add);
    kernel.addresses.clear();
    eventEnds(0);
    assertThat(node.isPublic(ip(A))).isFalse();
    assertThat(node.delete(ip(A))).isEqualTo(-1);
  }

  @Test
  void anInterfaceIsForgottenWithItsLastAddress() {
    node.delete(ip("fd00::1"));
    assertThat(node.interfaces()).extracting(Interface::name).containsExactly("eth1", "eth0");
  }

  @Test
  void anAddressCanBeAddedOnceAndOnRealInterfacesOnly() {
    assertThat(node.add(info("10.77.1.200", 24, "eth0,eth2"))).isZero();
    assertThat(node.add(info("10.77.1.200", 24, "eth0"))).isEqualTo(-1);
    assertThat(node.add(info("10.77.1.201", 24, "eth7"))).isEqualTo(-1);
    assertThat(node.add(info("10.77.1.201", 33, "eth0"))).isEqualTo(-1);
    assertThat(node.publicIps(false).getFirst()).isEqualTo(to(NOBODY, "10.77.1.200"));
  }

  @Test
  void reloadingTheFileAddsAndDeletes() {
    node.reload(List.of(line(A, "eth0", "eth1"), line("10.77.1.103", "eth1")));
    assertThat(node.publicIps(false)).containsExactly(to(NOBODY, "10.77.1.103"), to(NOBODY, A));
    assertThat(log).containsExactly("REBALANCE_NODE");
    log.clear();
    node.reload(List.of(line(A, "eth0", "eth1")));
    assertThat(log).isEmpty();
  }

  @Test
  void linkStatesAreReportedForKnownInterfacesOnly() {
    assertThat(node.setLinkState(new Interface("eth0", 0, 0))).isZero();
    assertThat(node.setLinkState(new Interface("eth9", 0, 0))).isEqualTo(-1);
    assertThat(node.setLinkState(new Interface("eth0", 2, 0))).isEqualTo(-1);
    assertThat(node.setLinkState(new Interface("eth0", 1, 1))).isEqualTo(-1);
  }

  @Test
  void fencingDropsEverythingAtOnceAndAgainWhatAScriptStillAdds() {
    take(A);
    node.takeoverIp(to(1, B), statuses::add);
    log.clear();
    node.dropAllNow();
    assertThat(log).containsExactly("RELEASE_IP " + A);
    assertThat(kernel.addresses).isEmpty();
    kernel.add(ip(B));
    eventEnds(0);
    assertThat(kernel.addresses).as("added after the fencing").isEmpty();
    assertThat(statuses).containsExactly(0, -1);
    assertThat(kept).isEmpty();
    assertThat(node.isHere(ip(B))).isFalse();
  }

  @Test
  void aStoppedNodeReleasesAllItHasAndWhatItIsJustTaking() {
    take(A);
    node.takeoverIp(to(1, B), statuses::add);
    log.clear();
    node.releaseAll(() -> log.add("all released"));
    assertThat(log).containsExactly("event releaseip [eth0, " + A + ", 24]");
    kernel.add(ip(B));
    eventEnds(0);
    assertThat(log).last().isEqualTo("event releaseip [eth1, " + B + ", 24]");
    kernel.addresses.clear();
    eventEnds(0);
    assertThat(log).as("the one that was just coming is still here").doesNotContain("all released");
    eventEnds(0);
    assertThat(log).last().isEqualTo("all released");
    assertThat(statuses).containsExactly(0, -1);
    assertThat(node.heldCount()).isZero();
  }

  @Test
  void aNodeThatGoesOutOfServiceIsEmptiedByTheLeader() {
    take(A);
    log.clear();
    Drain drain = drain(true);
    drain.start(() -> log.add("drained"));
    assertThat(log).containsExactly("run wanted");
    assertThat(drain.isActive()).isTrue();
    node.releaseIp(to(2, A), statuses::add);
    kernel.addresses.clear();
    eventEnds(0);
    scheduler.advance(Duration.ofMillis(20));
    assertThat(log).last().isEqualTo("drained");
    assertThat(drain.isActive()).as("until the node serves again").isTrue();
    drain.end();
    assertThat(drain.isActive()).isFalse();
  }

  @Test
  void withoutALeaderItReleasesByItself() {
    take(A);
    log.clear();
    drain(false).start(() -> log.add("drained"));
    assertThat(log).containsExactly("event releaseip [eth0, " + A + ", 24]");
    kernel.addresses.clear();
    eventEnds(0);
    assertThat(log).last().isEqualTo("drained");
  }

  @Test
  void neitherTheLeaderNorAScriptCanHoldItUp() {
    take(A);
    log.clear();
    drain(true).start(() -> log.add("drained"));
    scheduler.advance(Drain.LEADER_MAX);
    assertThat(log).last().isEqualTo("event releaseip [eth0, " + A + ", 24]");
    scheduler.advance(Drain.EVENTS_MAX);
    assertThat(kernel.addresses).isEmpty();
    assertThat(log).contains("drained");
    eventEnds(0);
    assertThat(log).containsOnlyOnce("drained");
  }

  private Drain drain(boolean leaderKnown) {
    return new Drain(node, scheduler, () -> leaderKnown, () -> log.add("run wanted"));
  }

  @Test
  void theNodeCountsWhatItDoesWithAnAddress() {
    take(A);
    node.releaseIp(to(2, A), statuses::add);
    kernel.addresses.clear();
    eventEnds(0);
    node.takeoverIp(to(1, A), statuses::add);
    scheduler.advance(Duration.ofMillis(30));
    eventEnds(1);
    assertThat(node.figures().getFirst())
        .isEqualTo(new AddressFigures(ip(A), 2, 1, 1, 1, 0, Duration.ofMillis(30)));
  }

  @Test
  void theHistoryGoesOnAfterARestart() {
    List<String> diary = new ArrayList<>();
    node.continueHistory(
        new AddressDiary() {
          @Override
          public void write(InetAddress address, AddressStory.Event event) {
            diary.add(event.text());
          }

          @Override
          public void read(BiConsumer<InetAddress, AddressStory.Event> reader) {
            reader.accept(ip(A), new AddressStory.Event(1, false, "in an earlier life"));
            reader.accept(ip(A), new AddressStory.Event(2, true, "the leader's"));
          }
        });
    take(A);
    assertThat(history(A))
        .containsExactly("in an earlier life", "being taken on eth0", "here on eth0");
    assertThat(diary).containsExactly("being taken on eth0", "here on eth0");
  }

  @Test
  void theNodeTellsWhatHappenedToAnAddressAndWhyItCannotHostIt() {
    take(A);
    node.releaseIp(to(2, A), statuses::add);
    kernel.addresses.clear();
    eventEnds(0);
    state = new OwnState(RunState.RUNNING, NodeFlags.UNHEALTHY);
    AddressStory story = node.story(ip(A), false, List.of());
    assertThat(story.known()).isTrue();
    assertThat(story.here()).isFalse();
    assertThat(story.obstacle()).isEqualTo("UNHEALTHY");
    assertThat(story.events())
        .extracting(AddressStory.Event::text)
        .containsExactly("being taken on eth0", "here on eth0", "released here; it goes to node 2");
    assertThat(AddressStory.decode(story.encode())).isEqualTo(story);
    assertThat(node.story(ip("10.0.0.99"), false, List.of()).obstacle())
        .contains("does not have it");
  }

  @Test
  void theCheckAsksForARunWhenAnAddressHasNobody() {
    node.checkNow();
    assertThat(log)
        .containsExactly("wanted: nobody has public address " + A + ", and this node could");
    node.checkNow();
    assertThat(log).as("not every second").hasSize(1);
    scheduler.advance(Duration.ofSeconds(5));
    node.checkNow();
    assertThat(log).hasSize(2);
  }

  @Test
  void anAddressThatVanishedUnderALiveDaemonIsPutBack() {
    state = new OwnState(RunState.RUNNING, 0);
    take(A);
    log.clear();
    kernel.addresses.clear();
    suspended = true;
    node.checkNow();
    assertThat(log).containsExactly("event takeip [eth0, " + A + ", 24]");
    node.checkNow();
    assertThat(log).as("it is on its way").hasSize(1);
    kernel.add(ip(A));
    eventEnds(0);
    assertThat(node.isHere(ip(A))).isTrue();
    assertThat(log).contains("arp eth0 " + A);
    assertThat(node.figures().getFirst().putBacks()).isEqualTo(1);
  }

  @Test
  void anAddressThatVanishedWithTheLeaseIsNotPutBack() {
    take(A);
    log.clear();
    kernel.addresses.clear();
    leaseIsGood = false;
    suspended = true;
    node.checkNow();
    assertThat(log).isEmpty();
  }

  @Test
  void anAddressThatCannotBePutBackIsForTheLeaderToPlace() {
    take(A);
    log.clear();
    kernel.addresses.clear();
    suspended = true;
    node.checkNow();
    eventEnds(1);
    assertThat(node.isHere(ip(A))).isFalse();
    assertThat(log).contains("RELEASE_IP " + A, "wanted: " + A + " cannot be put back here");
  }

  @Test
  void anAddressThatShouldNotBeHereIsRemoved() {
    node.releaseIp(to(2, B), statuses::add);
    kernel.add(ip(B));
    suspended = true;
    log.clear();
    node.checkNow();
    assertThat(log).containsExactly("event releaseip [__none__, " + B + ", 24]");
    eventEnds(0);
    assertThat(kernel.addresses).isEmpty();
    assertThat(node.publicIps(false)).contains(to(2, B));
  }

  @Test
  void anAddressOnTheWrongInterfaceIsMoved() {
    take(A);
    kernel.add(ip(A), 3);
    suspended = true;
    log.clear();
    node.checkNow();
    assertThat(log).containsExactly("event updateip [eth2, eth0, " + A + ", 24]");
    kernel.add(ip(A), 1);
    eventEnds(0);
    node.checkNow();
    assertThat(log).filteredOn(entry -> entry.contains("updateip")).hasSize(1);
    assertThat(history(A)).contains("was found on eth2 and belongs on eth0");
  }

  @Test
  void anAddressThatIsOnTwoInterfacesIsRemovedFromTheWrongOne() throws IOException {
    take(A);
    kernel.addTwin(ip(A), 2);
    suspended = true;
    log.clear();
    node.checkNow();
    assertThat(log).isEmpty();
    assertThat(kernel.find(ip(A))).singleElement().matches(found -> found.interfaceIndex() == 1);
  }

  @Test
  void theCheckNoticesALinkThatChanges() {
    state = new OwnState(RunState.RUNNING, NodeFlags.UNHEALTHY);
    node.checkNow();
    // As ctdb moveip asks for, which must not hide it.
    suspended = true;
    node.setLinkState(new Interface("eth0", 0, 0));
    node.checkNow();
    node.checkNow();
    assertThat(log).containsExactly("wanted: an interface has lost its link");
    node.setLinkState(new Interface("eth0", 1, 0));
    node.checkNow();
    node.setLinkState(new Interface("eth0", 0, 0));
    node.checkNow();
    assertThat(log)
        .as("each at once")
        .endsWith(
            "wanted: an interface has got its link", "wanted: an interface has lost its link");
  }

  // Connections.

  @Test
  void smbdRegistersAConnectionAndTheOthersAreTold() {
    take(A);
    log.clear();
    Connection connection = connection("10.9.9.9", 50_000, A, 445);
    assertThat(node.connections().accepted(7, connection)).isZero();
    assertThat(log).containsExactly("TCP_ADD 10.9.9.9:50000");
    assertThat(tickles(A, 0)).containsExactly(connection);
    assertThat(tickles(A, 2049)).isEmpty();
    node.connections().clientGone(7);
    assertThat(tickles(A, 0)).isEmpty();
    node.connections().distribute();
    assertThat(log).last().isEqualTo("SET_TCP_TICKLE_LIST 0");
  }

  @Test
  void aConnectionOutlivesItsSmbdWhenTheAddressHasMoved() {
    take(A);
    Connection connection = connection("10.9.9.9", 50_000, A, 445);
    node.connections().accepted(7, connection);
    node.releaseIp(to(2, A), statuses::add);
    kernel.addresses.clear();
    eventEnds(0);
    node.connections().clientGone(7);
    assertThat(tickles(A, 0)).containsExactly(connection);
  }

  @Test
  void connectionsToOtherAddressesDoNotMatter() {
    assertThat(node.connections().accepted(7, connection("10.9.9.9", 5, "10.0.0.5", 445))).isZero();
    assertThat(node.connections().accepted(7, connection("10.9.9.9", 5, A, 445)))
        .as("public, but on another node")
        .isEqualTo(-1);
    assertThat(node.connections().add(connection("10.9.9.9", 5, "10.0.0.5", 445), false))
        .isEqualTo(-1);
    assertThat(node.connections().remove(connection("10.9.9.9", 5, "10.0.0.5", 445))).isZero();
    assertThat(node.connections().list(new SockAddr(ip("10.0.0.5"), 0))).isEmpty();
    assertThat(
            node.connections().replace(new TickleList(new SockAddr(ip("10.0.0.5"), 0), List.of())))
        .isEqualTo(1);
  }

  @Test
  void theHoldersListReplacesOursUnlessWeHoldTheAddress() {
    Connection connection = connection("10.9.9.9", 50_000, A, 445);
    TickleList list = new TickleList(new SockAddr(ip(A), 0), List.of(connection));
    assertThat(node.connections().replace(list)).isZero();
    assertThat(tickles(A, 0)).containsExactly(connection);
    take(A);
    node.connections().add(connection("10.9.9.8", 1, A, 445), true);
    assertThat(node.connections().replace(list)).isZero();
    assertThat(tickles(A, 0)).hasSize(1).doesNotContain(connection);
  }

  @Test
  void aClientThatConnectsBeforeTheScriptsHaveEndedIsTrackedAndNotWoken() {
    Connection old = connection("10.9.9.8", 1, A, 445);
    node.connections().add(old, false);
    node.takeoverIp(to(1, A), statuses::add);
    kernel.add(ip(A));
    Connection early = connection("10.9.9.9", 50_000, A, 445);
    assertThat(node.connections().accepted(7, early)).isZero();
    assertThat(log).contains("TCP_ADD 10.9.9.9:50000");
    node.connections().replace(new TickleList(new SockAddr(ip(A), 0), List.of(old)));
    eventEnds(0);
    assertThat(tickles(A, 0)).containsExactly(early);
    assertThat(log).contains("tickle 10.9.9.8:1").doesNotContain("tickle 10.9.9.9:50000");
  }

  @Test
  void whatTheReleaseScriptKillsIsNotForgotten() {
    take(A);
    Connection connection = connection("10.9.9.9", 50_000, A, 445);
    node.connections().accepted(7, connection);
    log.clear();
    node.releaseIp(to(2, A), statuses::add);
    assertThat(log).as("before the address goes").startsWith("SET_TCP_TICKLE_LIST 1");
    node.connections().clientGone(7);
    node.connections().distribute();
    assertThat(tickles(A, 0)).containsExactly(connection);
    kernel.addresses.clear();
    eventEnds(0);
    assertThat(tickles(A, 0)).containsExactly(connection);
    assertThat(log).doesNotContain("SET_TCP_TICKLE_LIST 0");
  }

  @Test
  void aConnectionAcceptedJustBeforeTheAddressWentIsWokenByItsNextHolder() {
    Connection connection = connection("10.9.9.9", 50_000, A, 445);
    assertThat(node.connections().accepted(7, connection)).as("gone already").isEqualTo(-1);
    assertThat(log).containsExactly("TCP_ADD 10.9.9.9:50000");
    take(A);
    log.clear();
    assertThat(node.connections().addedElsewhere(connection)).as("the next holder").isZero();
    assertThat(log).containsExactly("tickle 10.9.9.9:50000");
    scheduler.advance(Duration.ofMillis(1_100));
    assertThat(log).as("while it announces").containsOnlyOnce("arp eth0 " + A).hasSize(3);
    assertThat(tickles(A, 0)).isEmpty();
  }

  @Test
  void whoIsNotWokenForGoodIsHandedOn() {
    Connection connection = connection("10.9.9.9", 50_000, A, 445);
    node.connections().add(connection, false);
    take(A);
    log.clear();
    node.releaseIp(to(2, A), statuses::add);
    assertThat(log).as("after one of three rounds").startsWith("SET_TCP_TICKLE_LIST 1");
    assertThat(tickles(A, 0)).containsExactly(connection);
  }

  @Test
  void connectionsOutliveAMoveBetweenTwoInterfaces() {
    take(A);
    Connection connection = connection("10.9.9.9", 50_000, A, 445);
    node.connections().accepted(7, connection);
    node.setLinkState(new Interface("eth0", 0, 0));
    node.takeoverIp(to(1, A), statuses::add);
    assertThat(log).last().isEqualTo("event updateip [eth0, eth1, " + A + ", 24]");
    eventEnds(0);
    assertThat(tickles(A, 0)).containsExactly(connection);
  }

  @Test
  void aNodeThatIsThereAgainGetsEveryList() {
    take(A);
    node.connections().accepted(7, connection("10.9.9.9", 50_000, A, 445));
    node.connections().distribute();
    log.clear();
    node.connections().distributeAll();
    assertThat(log).containsExactly("SET_TCP_TICKLE_LIST 1");
  }

  @Test
  void theOnlyNodeWakesItsClientsAfterARestart() {
    List<Connection> kept = new ArrayList<>();
    ConnectionKeeper keeper =
        new ConnectionKeeper() {
          @Override
          public void write(List<Connection> connections) {
            kept.clear();
            kept.addAll(connections);
          }

          @Override
          public List<Connection> read() {
            return List.copyOf(kept);
          }
        };
    node.connections().continueWith(keeper);
    node.startChecks();
    take(A);
    node.connections().accepted(7, connection("10.9.9.9", 50_000, A, 445));
    scheduler.advance(Duration.ofSeconds(1));
    assertThat(kept).hasSize(1);
    kernel.addresses.clear();
    log.clear();
    node = node(List.of(line(A, "eth0")));
    node.connections().continueWith(keeper);
    take(A);
    assertThat(log).contains("tickle 10.9.9.9:50000");
  }

  // Between two epochs.

  @Test
  void whatIsToBeTakenDuringARecoveryIsTakenWhenThatIsOver() {
    state = new OwnState(RunState.RUNNING, 0, true);
    node.takeoverIp(to(1, A), statuses::add);
    assertThat(log).as("its scripts may not run").isEmpty();
    assertThat(node.publicIps(false)).as("it is coming").contains(to(1, A));
    state = new OwnState(RunState.RUNNING, 0);
    node.recoveryFinished();
    kernel.add(ip(A));
    eventEnds(0);
    assertThat(statuses).containsExactly(0);
  }

  @Test
  void aTakeThatWaitsForARecoveryIsRefusedWhenTheAddressShallGoElsewhere() {
    state = new OwnState(RunState.RUNNING, 0, true);
    node.takeoverIp(to(1, A), statuses::add);
    node.releaseIp(to(2, A), statuses::add);
    assertThat(statuses).containsExactly(-1, 0);
    node.takeoverIp(to(1, B), statuses::add);
    node.dropAllNow();
    assertThat(statuses).containsExactly(-1, 0, -1);
    node.takeoverIp(to(1, B), statuses::add);
    scheduler.advance(Duration.ofSeconds(3));
    assertThat(statuses).as("a recovery without an end").containsExactly(-1, 0, -1, -1);
    state = new OwnState(RunState.RUNNING, 0);
    node.recoveryFinished();
    assertThat(log).isEmpty();
    assertThat(node.hasNothing()).isTrue();
  }

  private List<Connection> tickles(String address, int port) {
    return node.connections().list(new SockAddr(ip(address), port)).orElseThrow().connections();
  }

  private List<String> available() {
    return node.publicIps(true).stream().map(PublicIp::address).map(SockAddr::host).toList();
  }

  private List<String> history(String address) {
    return node.story(ip(address), false, List.of()).events().stream()
        .map(AddressStory.Event::text)
        .toList();
  }

  private void take(String address) {
    node.takeoverIp(to(1, address), statuses::add);
    String last = log.getLast();
    kernel.add(ip(address), last.contains("[eth1") ? 2 : last.contains("[eth2") ? 3 : 1);
    eventEnds(0);
  }

  /** The oldest event that is under way ends. */
  private void eventEnds(int status) {
    events.remove().accept(status);
  }

  private static AddressInfo info(String address, int mask, String interfaces) {
    return new AddressInfo(new SockAddr(ip(address), 0), mask, interfaces);
  }

  private LocalAddresses node(List<PublicAddress> lines) {
    AddressPorts ports =
        new AddressPorts(
            kernel,
            new Keeper(),
            (event, arguments, status) -> {
              log.add("event " + event + " " + arguments);
              // One event at a time; the test ends the oldest.
              events.add(status);
            },
            new Sender(),
            scheduler,
            new Listener(),
            () -> state,
            () -> suspended);
    return new LocalAddresses(1, ports, lines);
  }

  private final class Keeper implements AddressKeeper {
    @Override
    public boolean mayTake() {
      return leaseIsGood;
    }

    @Override
    public void hold(InetAddress address) {
      kept.add(address);
    }

    @Override
    public void letGo(InetAddress address) {
      kept.remove(address);
    }

    @Override
    public void releaseAllNow() {
      kept.forEach(kernel.addresses::remove);
      kept.clear();
    }
  }

  private final class Sender implements AnnouncementSender {
    @Override
    public void announce(String interfaceName, InetAddress address) {
      log.add("arp " + interfaceName + " " + NumericAddress.toString(address));
    }

    @Override
    public void tickle(Connection connection) {
      log.add("tickle " + connection.source());
    }
  }

  private final class Listener implements AddressListener {
    @Override
    public void taken(InetAddress address) {
      log.add("TAKE_IP " + NumericAddress.toString(address));
    }

    @Override
    public void released(InetAddress address) {
      log.add("RELEASE_IP " + NumericAddress.toString(address));
    }

    @Override
    public void reallocationBegins() {
      log.add("START_IPREALLOCATE");
    }

    @Override
    public void reallocated() {
      log.add("IPREALLOCATED");
    }

    @Override
    public void takeoverRunWanted(String reason) {
      log.add("wanted: " + reason);
    }

    @Override
    public void addressesGained() {
      log.add("REBALANCE_NODE");
    }

    @Override
    public void connectionAdded(Connection connection) {
      log.add("TCP_ADD " + connection.source());
    }

    @Override
    public void connectionRemoved(Connection connection) {
      log.add("TCP_REMOVE " + connection.source());
    }

    @Override
    public void connectionsChanged(TickleList list) {
      log.add("SET_TCP_TICKLE_LIST " + list.connections().size());
    }
  }
}
