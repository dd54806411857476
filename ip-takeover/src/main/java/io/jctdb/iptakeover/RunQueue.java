package io.jctdb.iptakeover;

import io.jctdb.protocol.SrvidMessage;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The takeover runs of one kind ({@link RunPart}), one at a time and again until they succeed; who
 * waits for their end; and what the leader remembers from one to the next. On a node that does not
 * lead it only keeps who has asked.
 *
 * <p>A run that is wanted while another one is under way does not wait for slow nodes: the first
 * run comes to an end soon ({@link TakeoverRun#hurry}), and who waited for it waits for the next.
 *
 * <p>Threading: owner thread.
 */
final class RunQueue {
  private static final Logger LOG = LoggerFactory.getLogger(RunQueue.class);

  /** For how long the others shall keep quiet; a run ends well before. */
  private static final int QUIET_SECONDS = 60;

  private static final Duration RETRY_PAUSE = Duration.ofSeconds(1);

  /** When an address has been refused: another node shall have it soon. */
  private static final Duration ELSEWHERE_PAUSE = Duration.ofMillis(50);

  /** How often the nodes that deferred addresses wait for are looked at. */
  private static final Duration DEFERRED_LOOK = Duration.ofMillis(100);

  /** What {@code ctdb moveip} and {@code reloadips} need. */
  static final Duration SUSPENDED_MAX = Duration.ofSeconds(2);

  /** Why a run is wanted when {@link RunOffice#settleLists} has changed something. */
  static final String LISTS_CHANGED = "what a remote node could host has changed";

  /** So many runs may remain unfinished before who asked is told that it failed. */
  private static final int UNFINISHED_MAX = 3;

  /** So many reasons for one run are remembered, for people to read. */
  private static final int REASONS_MAX = 3;

  /** So many runs in a row may a node fail to release an address before it is complained about. */
  static final int KEEPING_MAX = 10;

  private final boolean far;
  private final RunOffice office;
  private final Scheduler scheduler;
  private final LeaderMemory memory;

  /** Tells the others to keep quiet for so many seconds. */
  private final IntConsumer quietElsewhere;

  private final Set<Integer> rebalance = new HashSet<>();
  private List<Asker> waiting = new ArrayList<>();

  /** Who waits for the run that is under way. */
  private List<Asker> answering = List.of();

  private final Map<InetAddress, LeaderFigures.HandOvers> handOvers = new HashMap<>();

  /** When a run first wanted to give away an address that is deferred still. */
  private final Map<InetAddress, Long> wantedSinceNanos = new HashMap<>();

  private long runsEnded;
  private long runsFailed;
  private List<Deferral> deferred = List.of();

  /** Those of the last run that is over. */
  private List<Deferral> lastDeferred = List.of();

  /** Why a run is wanted, in the words of who asked. */
  private final Set<String> reasons = new LinkedHashSet<>();

  private boolean wanted;

  /** A holder is lost or must not hold: that does not wait for the end of a suspension. */
  private boolean urgent;

  /** In how many runs in a row a node has failed to release something. */
  private final Map<Integer, Integer> keeping = new HashMap<>();

  /** Somebody asked, or something changed, since {@code ipreallocated} was last sent. */
  private boolean tellOwed;

  private @Nullable TakeoverRun running;
  private Scheduler.@Nullable Timer later;
  private Scheduler.@Nullable Timer deferredLook;

  /** Who waits for the end of a run, and how many have ended without being finished. */
  private record Asker(SrvidMessage message, int unfinished, boolean leaderOnly) {
    Asker(SrvidMessage message) {
      this(message, 0, false);
    }

    /** The others have left this to the leader that this node was. */
    Asker asLeader() {
      return new Asker(message, unfinished, true);
    }
  }

  /**
   * @param far the runs are about what remote nodes could host; nobody else is kept quiet by runs
   *     that take as long as a line is
   * @param holders shared by all kinds: another kind of run may have placed an address before
   */
  RunQueue(boolean far, RunOffice office, LastHolders holders) {
    this.far = far;
    this.office = office;
    this.scheduler = office.scheduler();
    this.quietElsewhere = far ? seconds -> {} : office.listener()::disableElsewhere;
    this.memory =
        new LeaderMemory(
            holders,
            new Refusals(scheduler, () -> request("a node that refused an address is tried again")),
            new UnsteadyNodes(
                scheduler, office.history(), () -> request("a node may have become steady again")));
  }

  // Who waits.

  void await(SrvidMessage message) {
    if (waiting.stream().noneMatch(one -> one.message.equals(message))) {
      waiting.add(new Asker(message));
    }
  }

  boolean isAwaited() {
    return !waiting.isEmpty();
  }

  /**
   * Such requests go to everybody, but who leads now may have had them when it left them to the
   * leader before.
   */
  void handOn(int leader) {
    List<Asker> askers = waiting;
    waiting = new ArrayList<>();
    askers.forEach(asker -> office.listener().handOn(leader, asker.message));
  }

  /**
   * Answers who waits, or forgets them: a run has nothing to do.
   *
   * @param spokesman false: another node answers what was asked of all
   */
  void answerWithoutARun(boolean spokesman) {
    List<Asker> askers = waiting;
    waiting = new ArrayList<>();
    askers.stream()
        .filter(asker -> spokesman || asker.leaderOnly)
        .forEach(asker -> answer(asker, office.self()));
  }

  private void answer(Asker asker, int value) {
    office.listener().reply(asker.message.pnn(), asker.message.srvid(), value);
  }

  private void answer(Asker asker, TakeoverResult result) {
    if (result.isSuccess()) {
      answer(asker, office.self());
    } else if (result.failures().isEmpty() && asker.unfinished < UNFINISHED_MAX) {
      waiting.add(new Asker(asker.message, asker.unfinished + 1, false));
    } else {
      answer(asker, -1);
    }
  }

  // What is wanted.

  /** Asks for a run; nothing happens unless this node is the leader. */
  void request(String reason) {
    if (!office.isLeader()) {
      return;
    }
    if (reasons.size() < REASONS_MAX) {
      reasons.add(reason);
    }
    wanted = true;
    tellOwed = true;
    if (running != null) {
      running.hurry();
    }
    startIfPossible();
  }

  /** What is asked for next does not wait for the end of a suspension. */
  void hasten() {
    urgent |= office.isLeader();
  }

  /** A node is to get its share of the addresses in the next run. */
  void rebalance(int pnn) {
    rebalance.add(pnn);
  }

  /** Nodes may have come, or have been lost: what a run asked of those is not waited for. */
  void nodesChanged() {
    if (running != null) {
      running.nodesChanged();
    }
    lookAtDeferred();
  }

  boolean isRunning() {
    return running != null;
  }

  /** This node leads no more: the run is abandoned, and who waited for it waits on. */
  void stepDown() {
    rebalance.clear();
    memory.clear();
    keeping.clear();
    wantedSinceNanos.clear();
    deferred = List.of();
    wanted = false;
    if (running != null) {
      running.cancel();
      running = null;
      waiting.addAll(answering);
      answering = List.of();
      quietElsewhere.accept(0);
    }
    waiting.replaceAll(Asker::asLeader);
  }

  // The runs.

  /** When nothing is in the way, and else later. */
  void startIfPossible() {
    if (!office.isLeader() || !wanted || running != null) {
      return;
    }
    if (far && office.lists().isEmpty()) {
      endWithoutARun();
      return;
    }
    boolean suspended = office.disabled().isInForce();
    if (suspended && !(urgent && office.disabled().age().compareTo(SUSPENDED_MAX) >= 0)) {
      Duration left = office.disabled().left();
      Duration pause = SUSPENDED_MAX.minus(office.disabled().age());
      startLater(urgent && pause.compareTo(left) < 0 ? pause : left);
      return;
    }
    if (office.moving().isInForce() && !urgent) {
      startLater(office.moving().left());
      return;
    }
    boolean restricted = suspended || office.moving().isInForce();
    String why = reasons.isEmpty() ? "tried again" : String.join("; ", reasons);
    reasons.clear();
    cancelLater();
    wanted = false;
    urgent = false;
    deferred = List.of();
    answering = waiting;
    waiting = new ArrayList<>();
    Set<Integer> rebalanced = Set.copyOf(rebalance);
    quietElsewhere.accept(QUIET_SECONDS);
    long begun = scheduler.nowNanos();
    TakeoverRun run =
        new TakeoverRun(
            office.controls().ofPresentTerm(),
            scheduler,
            office.gate(),
            office.settings().get(),
            new RunPart(far, office.lists().bound(), office.lists().shared()),
            office.nodes(),
            rebalanced,
            memory,
            tellOwed,
            restricted,
            result -> {
              remember(result, why, begun);
              ended(result, rebalanced, restricted);
            });
    running = run;
    run.start();
  }

  /** There is no remote node, and so nothing that this kind of run is about. */
  private void endWithoutARun() {
    wanted = false;
    urgent = false;
    tellOwed = false;
    reasons.clear();
    rebalance.clear();
    cancelLater();
    answerWithoutARun(true);
  }

  private void remember(TakeoverResult result, String why, long begunNanos) {
    runsEnded++;
    runsFailed += result.isSuccess() ? 0 : 1;
    result
        .moved()
        .forEach(
            (placement, time) -> {
              office
                  .history()
                  .note(placement.address(), "given to node " + placement.pnn() + ": " + why);
              Long since = wantedSinceNanos.remove(placement.address());
              long deferredNanos = since == null ? 0 : begunNanos - since;
              handOvers.merge(
                  placement.address(),
                  new LeaderFigures.HandOvers(1, time.plusNanos(deferredNanos)),
                  (before, now) -> new LeaderFigures.HandOvers(before.count() + 1, now.last()));
            });
    result.deferred().forEach(one -> wantedSinceNanos.putIfAbsent(one.address(), begunNanos));
    for (Deferral one : result.deferred()) {
      if (!lastDeferred.contains(one)) {
        office
            .history()
            .note(
                one.address(),
                "given to nobody yet: nodes " + one.mayHaveIt() + " may still have it");
      }
    }
    lastDeferred = List.copyOf(result.deferred());
  }

  /** What this node has done while it led. */
  LeaderFigures figures() {
    return new LeaderFigures(runsEnded, runsFailed, handOvers);
  }

  private void ended(TakeoverResult result, Set<Integer> rebalanced, boolean wasRestricted) {
    running = null;
    boolean listsChanged = office.settleLists().getAsBoolean();
    List<Asker> askers = answering;
    answering = List.of();
    quietElsewhere.accept(0);
    boolean again = wanted;
    if (result.isSuccess() && rebalance.equals(rebalanced)) {
      rebalance.clear();
    }
    if (result.isSuccess() && result.deferred().isEmpty()) {
      tellOwed = again;
    }
    if (wasRestricted || result.replaced()) {
      waiting.addAll(askers);
    } else {
      askers.forEach(asker -> answer(asker, result));
    }
    deferred = result.deferred();
    if (!result.isSuccess()) {
      LOG.warn(
          "Takeover run {}",
          result.failures().isEmpty()
              ? "is not finished"
              : "failed on nodes " + result.failures().keySet());
      wanted = true;
      urgent |= wasRestricted;
      startLater(memory.refusals().isNew() ? ELSEWHERE_PAUSE : RETRY_PAUSE);
    }
    complain(result);
    office.listener().finished(result);
    if (again) {
      startIfPossible();
    } else if (wasRestricted && result.isSuccess()) {
      wanted = true;
      startIfPossible();
    }
    if (listsChanged) {
      office.requestAll().accept(LISTS_CHANGED);
    }
    lookAtDeferred();
  }

  private void complain(TakeoverResult result) {
    keeping.keySet().retainAll(result.keeping());
    for (int pnn : result.keeping()) {
      int runs = keeping.merge(pnn, 1, Integer::sum);
      if (runs >= KEEPING_MAX) {
        keeping.remove(pnn);
        office.listener().keepsAddresses(pnn, runs);
      }
    }
  }

  /** Starts a run as soon as one of the deferred addresses can be given away. */
  private void lookAtDeferred() {
    if (deferredLook != null) {
      deferredLook.cancel();
      deferredLook = null;
    }
    if (deferred.isEmpty() || !office.isLeader() || running != null) {
      return;
    }
    long earliest = HandOverGate.UNKNOWN;
    for (Deferral one : deferred) {
      long wait = 0;
      for (int pnn : one.mayHaveIt()) {
        wait = Math.max(wait, office.gate().nanosUntilSafe(pnn));
      }
      earliest = Math.min(earliest, wait);
    }
    if (earliest <= 0) {
      LOG.info("Takeover run: addresses that were waited for are free");
      reasons.add("whoever may have had it is safely gone");
      wanted = true;
      urgent = true;
      startIfPossible();
    } else {
      Duration pause = Duration.ofNanos(Math.min(earliest, DEFERRED_LOOK.toNanos()));
      deferredLook = scheduler.after(pause, this::lookAtDeferred);
    }
  }

  private void startLater(Duration delay) {
    cancelLater();
    later = scheduler.after(delay, this::startIfPossible);
  }

  private void cancelLater() {
    if (later != null) {
      later.cancel();
      later = null;
    }
  }
}
