package io.jctdb.iptakeover;

import io.jctdb.protocol.AddressStory;
import io.jctdb.protocol.DisableMessage;
import io.jctdb.protocol.HostableAddresses;
import io.jctdb.protocol.MalformedPacketException;
import io.jctdb.protocol.NodeFlags;
import io.jctdb.protocol.NodeMap;
import io.jctdb.protocol.Payload;
import io.jctdb.protocol.SpecialPnn;
import io.jctdb.protocol.Srvid;
import io.jctdb.protocol.SrvidMessage;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * When takeover runs take place: on request, one at a time, by the leader only, and again until
 * they succeed. Every node has one of these; while the node is not the leader it only keeps the
 * time for which runs and checks are disabled (client-protocol.md 5.3), and, while there is no
 * leader at all, who has asked for a run: nobody is left without an answer because the last node
 * that could lead has been stopped.
 *
 * <p>Tools suspend runs, or the checks, for longer than they need (20 s). A change of the cluster's
 * state does not wait for that: it starts a run that touches only the addresses whose holder is
 * lost or must not have them any more. While {@code ctdb moveip} may be moving one, nothing else
 * does.
 *
 * <p>A run that is wanted while another one is under way does not wait for slow nodes: the first
 * run comes to an end soon ({@link TakeoverRun#hurry}), and who waited for it waits for the next.
 *
 * <p>Addresses that nodes at remote sites could host have runs of their own, beside the others,
 * which wait for no remote node ({@link RunPart}). Who asks from a remote node is answered when the
 * former are over, everybody else after the latter.
 *
 * <p>Threading: owner thread.
 */
public final class TakeoverRuns {
  private static final Logger LOG = LoggerFactory.getLogger(TakeoverRuns.class);

  /** The answer to DISABLE_TAKEOVER_RUNS while a run is under way (-EAGAIN). */
  private static final int BUSY = -11;

  /** For how long the others shall keep quiet; a run ends well before. */
  private static final int QUIET_SECONDS = 60;

  private static final Duration RETRY_PAUSE = Duration.ofSeconds(1);

  /** When an address has been refused: another node shall have it soon. */
  private static final Duration ELSEWHERE_PAUSE = Duration.ofMillis(50);

  /** How often the nodes that deferred addresses wait for are looked at. */
  private static final Duration DEFERRED_LOOK = Duration.ofMillis(100);

  /** What {@code ctdb moveip} and {@code reloadips} need. */
  private static final int SUSPENDED_MAX_SECONDS = 2;

  static final Duration SUSPENDED_MAX = Duration.ofSeconds(SUSPENDED_MAX_SECONDS);

  /** How long a leader is waited for before a request is answered without one. */
  private static final Duration LEADERLESS = Duration.ofSeconds(1);

  /** So many runs may remain unfinished before who asked is told that it failed. */
  private static final int UNFINISHED_MAX = 3;

  /** So many reasons for one run are remembered, for people to read. */
  private static final int REASONS_MAX = 3;

  /** So many runs in a row may a node fail to release an address before it is complained about. */
  static final int KEEPING_MAX = 10;

  private final int self;
  private final NodeControls controls;
  private final Scheduler scheduler;
  private final HandOverGate gate;
  private final Supplier<NodeMap> nodes;
  private final Supplier<TakeoverSettings> settings;
  private final TakeoverListener listener;

  private final Set<Integer> rebalance = new HashSet<>();
  private final LeaderMemory memory;
  private List<Asker> waiting = new ArrayList<>();

  /** Who waits for the run that is under way. */
  private List<Asker> answering = List.of();

  private final AddressHistory history;

  /** What remote nodes could host. */
  private final BoundLists lists;

  /** The runs about addresses that remote nodes could host; null in these themselves. */
  private final @Nullable TakeoverRuns far;

  /** The runs that {@link #far} belongs to; null there. */
  private final @Nullable TakeoverRuns main;

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

  private OptionalInt leader = OptionalInt.empty();
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
  private Scheduler.@Nullable Timer leaderless;

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

  /** Asked for by a tool: no runs, no checks. */
  private final Suspension disabled;

  /** Asked for by a leader during its run: no checks here; it does not bind the next leader. */
  private final Suspension quiet;

  /** A tool is moving an address by itself. */
  private final Suspension moving;

  /**
   * @param nodes the node map as the leader sees it, asked at the beginning of each run
   * @param settings asked at the beginning of each run
   */
  public TakeoverRuns(
      int self,
      NodeControls controls,
      Scheduler scheduler,
      HandOverGate gate,
      Supplier<NodeMap> nodes,
      Supplier<TakeoverSettings> settings,
      TakeoverListener listener) {
    this.self = self;
    this.controls = controls;
    this.scheduler = scheduler;
    this.gate = gate;
    this.nodes = nodes;
    this.settings = settings;
    this.listener = listener;
    this.disabled = new Suspension(scheduler);
    this.quiet = new Suspension(scheduler);
    this.moving = new Suspension(scheduler);
    this.history = new AddressHistory(scheduler, true);
    this.memory = memory(new LastHolders());
    this.lists = new BoundLists();
    this.main = null;
    this.far = new TakeoverRuns(this);
  }

  /** The runs about addresses that remote nodes could host. */
  private TakeoverRuns(TakeoverRuns beside) {
    this.self = beside.self;
    this.controls = beside.controls;
    this.scheduler = beside.scheduler;
    this.gate = beside.gate;
    this.nodes = beside.nodes;
    this.settings = beside.settings;
    this.listener = new FarListener(beside.listener);
    this.disabled = beside.disabled;
    this.quiet = beside.quiet;
    this.moving = beside.moving;
    this.history = beside.history;
    // An address may have been placed by the other kind of run before.
    this.memory = memory(beside.memory.holders());
    this.lists = beside.lists;
    this.main = beside;
    this.far = null;
  }

  private LeaderMemory memory(LastHolders holders) {
    return new LeaderMemory(
        holders,
        new Refusals(scheduler, () -> requestHere("a node that refused an address is tried again")),
        new UnsteadyNodes(
            scheduler, history, () -> requestHere("a node may have become steady again")));
  }

  /** Nobody is kept quiet by runs that take as long as a line is. */
  private record FarListener(TakeoverListener to) implements TakeoverListener {
    @Override
    public void reply(int pnn, long srvid, int value) {
      to.reply(pnn, srvid, value);
    }

    @Override
    public void handOn(int leader, SrvidMessage request) {
      to.handOn(leader, request);
    }

    @Override
    public void disableElsewhere(int seconds) {}

    @Override
    public void keepsAddresses(int pnn, int runs) {
      to.keepsAddresses(pnn, runs);
    }

    @Override
    public void finished(TakeoverResult result) {
      to.finished(result);
    }
  }

  // What remote nodes could host.

  /** A remote node has told what it could host; {@code status} when that is heeded. */
  public void hostableAddresses(HostableAddresses list, IntConsumer status) {
    lists.received(list, status);
    settle();
  }

  /**
   * This node is about to promise an epoch.
   *
   * @param lives incarnations of its members
   */
  public void livesPromised(Set<Integer> members, Map<Integer, Long> lives) {
    lists.livesPromised(members, lives);
    settle();
  }

  /** This node is in no epoch any more. */
  public void leftCluster() {
    lists.forget();
    settle();
  }

  private void settle() {
    requestIf(settleLists());
  }

  /** Returns whether that has changed something. */
  private boolean settleLists() {
    if (main != null) {
      return main.settleLists();
    }
    return lists.settle(running != null, far != null && far.running != null);
  }

  private void requestIf(boolean changed) {
    if (main != null) {
      main.requestIf(changed);
    } else if (changed) {
      request("what a remote node could host has changed");
    }
  }

  /**
   * Who is the leader. A node that stops leading abandons its run: the next leader begins afresh.
   * Becoming leader starts nothing: request a run when the epoch is in force.
   */
  public void setLeader(OptionalInt newLeader) {
    if (far != null) {
      far.setLeader(newLeader);
    }
    boolean before = isLeader();
    leader = newLeader;
    if (before && !isLeader()) {
      stepDown();
    } else if (!before && isLeader()) {
      quiet.end();
      if (!waiting.isEmpty()) {
        request("asked for while there was no leader");
      }
    } else if (leader.isPresent() && !isLeader()) {
      handOn();
    }
    if (leader.isPresent() && leaderless != null) {
      leaderless.cancel();
      leaderless = null;
    }
    if (main == null) {
      settle();
    }
  }

  private boolean isLeader() {
    return leader.isPresent() && leader.getAsInt() == self;
  }

  private void stepDown() {
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
      listener.disableElsewhere(0);
    }
    if (leader.isPresent()) {
      handOn();
    } else if (!waiting.isEmpty()) {
      waiting.replaceAll(Asker::asLeader);
      waitForLeader();
    }
  }

  /**
   * Such requests go to everybody, but who leads now may have had them when it left them to the
   * leader before.
   */
  private void handOn() {
    List<Asker> askers = waiting;
    waiting = new ArrayList<>();
    askers.forEach(asker -> listener.handOn(leader.getAsInt(), asker.message));
  }

  /** Asks for a run; nothing happens unless this node is the leader. */
  public void request(String reason) {
    if (isLeader()) {
      LOG.info("Takeover run wanted: {}", reason);
    }
    requestHere(reason);
    if (far != null) {
      far.requestHere(reason);
    }
  }

  private void requestHere(String reason) {
    if (isLeader()) {
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
  }

  /** The same, because a node has changed: not to be held up by a tool that suspends runs. */
  public void requestUrgently(String reason) {
    urgent |= isLeader();
    if (far != null) {
      far.urgent |= isLeader();
    }
    request(reason);
  }

  /** Nodes may have come, or have been lost: what a run asked of those is not waited for. */
  public void nodesChanged() {
    if (running != null) {
      running.nodesChanged();
    }
    lookAtDeferred();
    if (far != null) {
      far.nodesChanged();
    }
  }

  /** True while runs or address checks are disabled: for {@link AddressPorts#checksSuspended}. */
  public boolean isDisabled() {
    return disabled.isInForce() || quiet.isInForce();
  }

  /** True while a run of this leader is under way. */
  public boolean isRunning() {
    return running != null || (far != null && far.running != null);
  }

  /**
   * Handles TAKEOVER_RUN, REBALANCE_NODE, DISABLE_TAKEOVER_RUNS and DISABLE_IP_CHECK. A wrong size
   * is ignored.
   *
   * @return false if the message is for somebody else
   */
  public boolean onMessage(long srvid, byte[] data) {
    try {
      if (srvid == Srvid.TAKEOVER_RUN) {
        requested(SrvidMessage.decode(data));
      } else if (srvid == Srvid.REBALANCE_NODE) {
        rebalance(Payload.u32(data));
      } else if (srvid == Srvid.DISABLE_TAKEOVER_RUNS) {
        disable(DisableMessage.decode(data));
      } else if (srvid == Srvid.DISABLE_IP_CHECK) {
        // It says for how long the checks shall be off; the move itself takes a moment only.
        quiet.forSeconds(Payload.u32(data));
        moving.forSeconds(Payload.u32(data) == 0 ? 0 : SUSPENDED_MAX_SECONDS);
      } else {
        return false;
      }
    } catch (MalformedPacketException e) {
      LOG.warn("Ignored message {}: {}", Long.toHexString(srvid), e.getMessage());
    }
    return true;
  }

  private void requested(SrvidMessage message) {
    if (leader.isPresent() && !isLeader()) {
      return;
    }
    if (message.srvid() != 0) {
      boolean fromAfar = isLeader() && lists.isBound(message.pnn());
      (fromAfar && far != null ? far : this).await(message);
    }
    if (isLeader()) {
      request("by message from node " + message.pnn());
    } else if (!waiting.isEmpty() && leaderless == null) {
      waitForLeader();
    }
  }

  private void await(SrvidMessage message) {
    if (waiting.stream().noneMatch(one -> one.message.equals(message))) {
      waiting.add(new Asker(message));
    }
  }

  private void waitForLeader() {
    leaderless = scheduler.after(LEADERLESS, this::answerWithoutLeader);
  }

  /**
   * No leader, and no node that could be one: no address can be anywhere, and that is what a run
   * would have seen to. One node says so; the others keep quiet.
   */
  private void answerWithoutLeader() {
    leaderless = null;
    int connected = NodeFlags.DISCONNECTED | NodeFlags.DELETED;
    boolean anyActive = false;
    int spokesman = self;
    for (NodeMap.Node node : nodes.get().nodes()) {
      anyActive |= !node.has(NodeFlags.INACTIVE);
      if (!node.has(connected)) {
        spokesman = Math.min(spokesman, node.pnn());
      }
    }
    if (anyActive) {
      waitForLeader();
    } else {
      List<Asker> askers = waiting;
      waiting = new ArrayList<>();
      boolean speaks = spokesman == self;
      askers.stream()
          .filter(asker -> speaks || asker.leaderOnly)
          .forEach(asker -> answer(asker, self));
    }
  }

  private void answer(Asker asker, int value) {
    listener.reply(asker.message.pnn(), asker.message.srvid(), value);
  }

  private void rebalance(int pnn) {
    if (isLeader()) {
      rebalance.add(pnn);
    }
    if (far != null) {
      far.rebalance(pnn);
    }
  }

  private void disable(DisableMessage message) {
    if (message.pnn() == SpecialPnn.UNKNOWN && message.srvid() == 0) {
      quiet.forSeconds(message.timeout());
      return;
    }
    int answer = self;
    if (isRunning() && message.timeout() != 0) {
      answer = BUSY;
    } else {
      disableFor(message.timeout());
    }
    if (message.srvid() != 0) {
      listener.reply(message.pnn(), message.srvid(), answer);
    }
  }

  private void disableFor(int seconds) {
    disabled.forSeconds(seconds);
    startIfPossible();
    if (far != null) {
      far.startIfPossible();
    }
  }

  private void startIfPossible() {
    if (!isLeader() || !wanted || running != null) {
      return;
    }
    if (main != null && lists.isEmpty()) {
      endWithoutARun();
      return;
    }
    boolean suspended = disabled.isInForce();
    if (suspended && !(urgent && disabled.age().compareTo(SUSPENDED_MAX) >= 0)) {
      Duration left = disabled.left();
      Duration pause = SUSPENDED_MAX.minus(disabled.age());
      startLater(urgent && pause.compareTo(left) < 0 ? pause : left);
      return;
    }
    if (moving.isInForce() && !urgent) {
      startLater(moving.left());
      return;
    }
    boolean restricted = suspended || moving.isInForce();
    String why = reasons.isEmpty() ? "tried again" : String.join("; ", reasons);
    reasons.clear();
    cancelLater();
    wanted = false;
    urgent = false;
    deferred = List.of();
    answering = waiting;
    waiting = new ArrayList<>();
    Set<Integer> rebalanced = Set.copyOf(rebalance);
    listener.disableElsewhere(QUIET_SECONDS);
    long begun = scheduler.nowNanos();
    TakeoverRun run =
        new TakeoverRun(
            controls.ofPresentTerm(),
            scheduler,
            gate,
            settings.get(),
            new RunPart(main != null, lists.bound(), lists.shared()),
            nodes,
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
    List<Asker> askers = waiting;
    waiting = new ArrayList<>();
    askers.forEach(asker -> answer(asker, self));
  }

  private void remember(TakeoverResult result, String why, long begunNanos) {
    runsEnded++;
    runsFailed += result.isSuccess() ? 0 : 1;
    result
        .moved()
        .forEach(
            (placement, time) -> {
              history.note(placement.address(), "given to node " + placement.pnn() + ": " + why);
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
        history.note(
            one.address(), "given to nobody yet: nodes " + one.mayHaveIt() + " may still have it");
      }
    }
    lastDeferred = List.copyOf(result.deferred());
  }

  /** What this node has done while it led. */
  public LeaderFigures figures() {
    if (far == null) {
      return new LeaderFigures(runsEnded, runsFailed, handOvers);
    }
    LeaderFigures others = far.figures();
    Map<InetAddress, LeaderFigures.HandOvers> all = new HashMap<>(handOvers);
    others
        .handOvers()
        .forEach(
            (address, more) ->
                all.merge(
                    address,
                    more,
                    (a, b) -> new LeaderFigures.HandOvers(a.count() + b.count(), b.last())));
    return new LeaderFigures(runsEnded + others.runs(), runsFailed + others.failedRuns(), all);
  }

  /** Goes on with the history that an earlier life of this daemon has left. */
  public void continueHistory(AddressDiary diary) {
    history.continueIn(diary);
  }

  /** What this node has decided about an address while it led, the oldest first. */
  public List<AddressStory.Event> decisions(InetAddress address) {
    return history.of(address);
  }

  private void ended(TakeoverResult result, Set<Integer> rebalanced, boolean wasRestricted) {
    running = null;
    boolean listsChanged = settleLists();
    List<Asker> askers = answering;
    answering = List.of();
    listener.disableElsewhere(0);
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
    listener.finished(result);
    if (again) {
      startIfPossible();
    } else if (wasRestricted && result.isSuccess()) {
      wanted = true;
      startIfPossible();
    }
    requestIf(listsChanged);
    lookAtDeferred();
  }

  private void complain(TakeoverResult result) {
    keeping.keySet().retainAll(result.keeping());
    for (int pnn : result.keeping()) {
      int runs = keeping.merge(pnn, 1, Integer::sum);
      if (runs >= KEEPING_MAX) {
        keeping.remove(pnn);
        listener.keepsAddresses(pnn, runs);
      }
    }
  }

  private void answer(Asker asker, TakeoverResult result) {
    if (result.isSuccess()) {
      answer(asker, self);
    } else if (result.failures().isEmpty() && asker.unfinished < UNFINISHED_MAX) {
      waiting.add(new Asker(asker.message, asker.unfinished + 1, false));
    } else {
      answer(asker, -1);
    }
  }

  /** Starts a run as soon as one of the deferred addresses can be given away. */
  private void lookAtDeferred() {
    if (deferredLook != null) {
      deferredLook.cancel();
      deferredLook = null;
    }
    if (deferred.isEmpty() || !isLeader() || running != null) {
      return;
    }
    long earliest = HandOverGate.UNKNOWN;
    for (Deferral one : deferred) {
      long wait = 0;
      for (int pnn : one.mayHaveIt()) {
        wait = Math.max(wait, gate.nanosUntilSafe(pnn));
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
