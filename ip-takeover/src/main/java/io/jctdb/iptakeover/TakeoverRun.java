package io.jctdb.iptakeover;

import io.jctdb.protocol.Control;
import io.jctdb.protocol.ControlFlag;
import io.jctdb.protocol.MalformedPacketException;
import io.jctdb.protocol.NodeFlags;
import io.jctdb.protocol.NodeMap;
import io.jctdb.protocol.NumericAddress;
import io.jctdb.protocol.Payload;
import io.jctdb.protocol.PublicIp;
import io.jctdb.protocol.PublicIpList;
import io.jctdb.protocol.SockAddr;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One takeover run of the leader (cluster-and-failover.md 3.6): ask every node what it knows and
 * could host, allocate, tell everybody that addresses are about to move, release each address
 * wherever it should not be, take it where it should be, and send {@code ipreallocated} to
 * everybody.
 *
 * <p>Unlike ctdbd, an address goes its own way: it is taken as soon as those who had it have
 * confirmed its release, so that a node that cannot release one address, or does not answer at all,
 * holds up only what it has itself. Nodes that do not have an address are told of its new holder,
 * but not waited for.
 *
 * <p>The rule that keeps two nodes from serving one address: it is given to a node only if
 *
 * <ol>
 *   <li>every node that said at the beginning of this run that it has it (or is about to have it),
 *       except the target, has confirmed its release; and
 *   <li>if nobody said so, no node that could not be asked can still have it ({@link
 *       HandOverGate}): neither a lost one, nor one that is connected and silent.
 * </ol>
 *
 * An address that fails the second test is <em>deferred</em>, for as long as the nodes that may
 * have it are not safe. Which these are is known from where this leader has seen it or sent it
 * ({@link LastHolders}) and from whom the other nodes believe to have it, as {@code ctdb moveip}
 * bypasses the leader. If all that leads nowhere, any node that could not be asked may have it.
 *
 * <p>In a cluster over several sites a run is about some of the addresses only, and a node that can
 * have none of these is neither asked nor waited for ({@link RunPart}).
 *
 * <p>A node that is lost during the run ends what was asked of it at once.
 *
 * <p>Threading: owner thread.
 */
final class TakeoverRun {
  private static final Logger LOG = LoggerFactory.getLogger(TakeoverRun.class);

  /** A node that needs longer to say what it has is treated as silent. */
  static final Duration ASKING_MAX = Duration.ofSeconds(1);

  /**
   * The same in a run about addresses that remote nodes could host: two questions, one after the
   * other, each as long as a slow line is. Nobody else waits for that.
   */
  static final Duration ASKING_FAR_MAX = Duration.ofSeconds(3);

  /** The same for a node that can have nothing: it is no member any more, or not yet. */
  static final Duration ASKING_OTHERS_MAX = Duration.ofMillis(100);

  /** How much longer a run may place addresses when another run is wanted. */
  static final Duration HURRY = Duration.ofMillis(500);

  /**
   * So long is waited for {@code startipreallocate}, with which services prepare themselves for
   * addresses that move: longer than an NFS server needs to begin its grace period, shorter than
   * its clients' patience. No address is away meanwhile that was not away before.
   */
  static final Duration PREPARING_MAX = Duration.ofSeconds(1);

  /** When preparing took longer, the nodes are asked once more what they have. */
  private static final Duration ANSWERS_KEEP = Duration.ofMillis(50);

  private final NodeControls controls;
  private final Scheduler scheduler;
  private final HandOverGate gate;
  private final TakeoverSettings settings;
  private final RunPart part;
  private final Supplier<NodeMap> nodesNow;
  private final NodeMap nodes;
  private final Set<Integer> rebalance;
  private final LeaderMemory memory;
  private final boolean tellAlways;
  private final boolean onlyStranded;
  private final Consumer<TakeoverResult> done;

  private final Map<Integer, Set<InetAddress>> known = new TreeMap<>();
  private final Map<Integer, Set<InetAddress>> hosted = new TreeMap<>();
  private final Map<Integer, Set<InetAddress>> available = new TreeMap<>();
  private final Map<InetAddress, Set<Integer>> believed = new HashMap<>();
  private final Map<Integer, Integer> failures = new TreeMap<>();
  private final List<Deferral> deferred = new ArrayList<>();
  private final Set<Integer> keeping = new HashSet<>();
  private final Map<Placement, Duration> moved = new HashMap<>();
  private long begunNanos;
  private List<Placement> placements = List.of();
  private boolean changed;
  private boolean unfinished;
  private boolean replaced;
  private boolean prepared;
  private boolean telling;
  private @Nullable ControlRound round;

  /**
   * @param part which nodes and addresses it is about
   * @param nodesNow the node map as the leader sees it at the time of asking
   * @param tellAlways send {@code ipreallocated} even if nothing changes
   * @param onlyStranded touch no address but those whose holder is lost or must not have it:
   *     somebody else, {@code ctdb moveip}, may be moving the others
   */
  TakeoverRun(
      NodeControls controls,
      Scheduler scheduler,
      HandOverGate gate,
      TakeoverSettings settings,
      RunPart part,
      Supplier<NodeMap> nodesNow,
      Set<Integer> rebalance,
      LeaderMemory memory,
      boolean tellAlways,
      boolean onlyStranded,
      Consumer<TakeoverResult> done) {
    this.controls = controls;
    this.scheduler = scheduler;
    this.gate = gate;
    this.settings = settings;
    this.part = part;
    this.nodesNow = nodesNow;
    this.nodes = nodesNow.get();
    this.rebalance = Set.copyOf(rebalance);
    this.memory = memory;
    this.tellAlways = tellAlways;
    this.onlyStranded = onlyStranded;
    this.done = done;
  }

  void start() {
    begunNanos = scheduler.nowNanos();
    if (settings.failoverDisabled()) {
      tellReallocated();
    } else {
      ask();
    }
  }

  /** Stops where it is; the result is not reported. */
  void cancel() {
    if (round != null) {
      round.cancel();
    }
  }

  /** Nodes may have been lost: nothing is expected from those any more. */
  void nodesChanged() {
    if (round != null) {
      round.abandon(this::isLost);
    }
  }

  /** Another run is wanted: what takes long is left to that one. */
  void hurry() {
    if (round != null && telling) {
      round.endWithin(Duration.ZERO);
    } else if (round != null && !placements.isEmpty()) {
      round.endWithin(HURRY);
    }
  }

  private boolean isLost(int pnn) {
    for (NodeMap.Node node : nodesNow.get().nodes()) {
      if (node.pnn() == pnn && !node.has(NodeFlags.DISCONNECTED | NodeFlags.DELETED)) {
        long wait = gate.nanosUntilSafe(pnn);
        return wait > 0 && wait != HandOverGate.UNKNOWN;
      }
    }
    return true;
  }

  // Asking.

  private void ask() {
    Duration most = part.far() ? ASKING_FAR_MAX : ASKING_MAX;
    Duration limit = settings.timeout().compareTo(most) < 0 ? settings.timeout() : most;
    ControlRound asking = begin(limit, this::allocate);
    for (NodeMap.Node node : nodes.nodes()) {
      if (part.asks(node.pnn()) && !isLost(node.pnn())) {
        ask(asking, node.pnn(), 0, list -> remember(asking, node, list));
      }
    }
    scheduler.after(ASKING_OTHERS_MAX, () -> asking.abandon(this::hasNothing));
    asking.seal();
  }

  private boolean hasNothing(int pnn) {
    return gate.nanosUntilSafe(pnn) <= 0;
  }

  private void remember(ControlRound asking, NodeMap.Node node, List<PublicIp> list) {
    int pnn = node.pnn();
    Set<InetAddress> all = new HashSet<>();
    Set<InetAddress> own = new HashSet<>();
    for (PublicIp ip : list) {
      InetAddress address = ip.address().address();
      if (!part.isAbout(address)) {
        continue;
      }
      all.add(address);
      if (ip.pnn() == pnn) {
        own.add(address);
      } else if (ip.pnn() >= 0) {
        believed.computeIfAbsent(address, a -> new HashSet<>()).add(ip.pnn());
      }
    }
    known.put(pnn, all);
    hosted.put(pnn, own);
    if (!all.isEmpty() && !node.has(NodeFlags.INACTIVE)) {
      ask(
          asking,
          pnn,
          ControlFlag.PUBLIC_IP_ONLY_AVAILABLE,
          could -> {
            Set<InetAddress> addresses = new HashSet<>();
            could.forEach(ip -> addresses.add(ip.address().address()));
            addresses.removeIf(address -> !part.isAbout(address));
            available.put(pnn, addresses);
          });
    }
  }

  private void ask(ControlRound asking, int pnn, int flags, Consumer<List<PublicIp>> remember) {
    asking.call(
        pnn,
        Control.GET_PUBLIC_IPS,
        flags,
        Payload.empty(),
        (status, data) -> {
          try {
            if (status == 0) {
              remember.accept(PublicIpList.decode(data).addresses());
              return;
            }
          } catch (MalformedPacketException e) {
            LOG.error("Node {} gave a malformed list of public addresses", pnn, e);
          }
          if (hasNothing(pnn)) {
            LOG.info("Takeover run: node {} is no member and does not answer; going on", pnn);
          } else if (status == ControlRound.TIMED_OUT) {
            LOG.warn("Takeover run: node {} does not say in time what it has; going on", pnn);
            unfinished = true;
          } else {
            failed(pnn, Control.GET_PUBLIC_IPS, null, status);
          }
        });
  }

  // Placing.

  private void allocate() {
    memory.unsteady().look(nodes, known, available);
    memory.unsteady().apply(available, hosted);
    for (NodeMap.Node node : nodes.nodes()) {
      if (node.has(NodeFlags.INACTIVE)) {
        memory.refusals().forget(node.pnn());
      }
    }
    memory.refusals().apply(available);
    List<NodeAddresses> perNode = new ArrayList<>();
    for (NodeMap.Node node : nodes.nodes()) {
      int pnn = node.pnn();
      perNode.add(
          new NodeAddresses(
              known.getOrDefault(pnn, Set.of()),
              hosted.getOrDefault(pnn, Set.of()),
              available.getOrDefault(pnn, Set.of())));
    }
    AllocationRequest request =
        new AllocationRequest(
            settings.algorithm(),
            perNode,
            settings.noIpTakeover(),
            settings.noIpFailback(),
            rebalance,
            settings.homeNodes(),
            memory.holders().movesInOrder());
    placements = Allocation.allocate(request);
    for (Placement placement : placements) {
      memory.holders().claimed(placement.address(), claimers(placement.address()));
    }
    if (Allocation.nothingToDo(request)) {
      tellReallocated();
    } else if (!prepared && placements.stream().anyMatch(this::moves)) {
      prepare();
    } else {
      place();
    }
  }

  // Preparing.

  /** Whether the address is to be released or taken by anybody in this run. */
  private boolean moves(Placement placement) {
    Set<Integer> claimers = claimers(placement.address());
    if (onlyStranded && !isStranded(placement.address(), claimers)) {
      return false;
    }
    return claimers.isEmpty()
        ? placement.pnn() != Placement.NOBODY && mayHave(placement.address()).isEmpty()
        : !claimers.equals(Set.of(placement.pnn()));
  }

  /**
   * Every service of the cluster hears of it before any address is released: an NFS server that did
   * not would grant to its own clients what the client of a moving address is about to claim again.
   * Newer ctdb sends this in every run, we only if something moves. A node that does not manage it
   * holds up nothing, and is not blamed: services that do without work as with ctdb 4.17.
   */
  private void prepare() {
    prepared = true;
    Duration limit =
        settings.timeout().compareTo(PREPARING_MAX) < 0 ? settings.timeout() : PREPARING_MAX;
    long begun = scheduler.nowNanos();
    ControlRound preparing = begin(limit, () -> goOn(begun));
    for (int pnn : known.keySet()) {
      if (!isLost(pnn)) {
        preparing.call(
            pnn,
            Control.START_IPREALLOCATE,
            0,
            Payload.empty(),
            (status, reply) -> {
              if (status == AddressControls.REPLACED) {
                failed(pnn, Control.START_IPREALLOCATE, null, status);
              } else if (status != 0) {
                LOG.warn(
                    "Takeover run: services of node {} have not prepared themselves: {}",
                    pnn,
                    status == ControlRound.TIMED_OUT ? "not in time" : status);
              }
            });
      }
    }
    preparing.seal();
  }

  private void goOn(long preparingSince) {
    if (scheduler.nowNanos() - preparingSince <= ANSWERS_KEEP.toNanos()) {
      place();
      return;
    }
    List.of(known, hosted, available).forEach(Map::clear);
    believed.clear();
    placements = List.of();
    ask();
  }

  private void place() {
    // Twice, so that with the last phase all of it stays within ctdbd's 3 x TakeoverTimeout.
    ControlRound placing = begin(settings.timeout().multipliedBy(2), this::tellReallocated);
    placements.forEach(placement -> place(placing, placement));
    placing.seal();
  }

  private void place(ControlRound placing, Placement placement) {
    InetAddress address = placement.address();
    Set<Integer> claimers = claimers(address);
    if (onlyStranded && !isStranded(address, claimers)) {
      return;
    }
    Set<Integer> unsafe = claimers.isEmpty() ? mayHave(address) : Set.of();
    if (!unsafe.isEmpty()) {
      // Nothing is said to anybody: who is believed to have it is what protects it.
      defer(placement, unsafe);
      return;
    }
    byte[] data = new PublicIp(placement.pnn(), new SockAddr(address, 0)).encode();
    Set<Integer> unconfirmed = new HashSet<>(claimers);
    unconfirmed.remove(placement.pnn());
    List<Integer> confirming = List.copyOf(unconfirmed);
    known.forEach(
        (pnn, addresses) -> {
          if (pnn != placement.pnn() && addresses.contains(address) && !claimers.contains(pnn)) {
            tellOfHolder(placing, pnn, address, data);
          }
        });
    if (confirming.isEmpty()) {
      take(placing, placement, data);
    }
    for (int pnn : confirming) {
      changed = true;
      placing.call(
          pnn,
          Control.RELEASE_IP,
          0,
          data,
          (status, reply) -> {
            if (isReleased(pnn, placement, status)
                && unconfirmed.remove(pnn)
                && unconfirmed.isEmpty()) {
              take(placing, placement, data);
            }
          });
    }
  }

  private boolean isStranded(InetAddress address, Set<Integer> claimers) {
    if (!claimers.isEmpty()) {
      return claimers.stream()
          .anyMatch(pnn -> !available.getOrDefault(pnn, Set.of()).contains(address));
    }
    Set<Integer> traces = traces(address);
    traces.removeIf(pnn -> !part.asks(pnn));
    return traces.isEmpty() || !known.keySet().containsAll(traces);
  }

  private boolean isReleased(int pnn, Placement placement, int status) {
    if (status == 0) {
      return true;
    }
    if (!isLost(pnn)) {
      if (status != ControlRound.ABANDONED && status != AddressControls.REPLACED) {
        keeping.add(pnn);
      }
      failed(pnn, Control.RELEASE_IP, placement.address(), status);
      return false;
    }
    if (gate.nanosUntilSafe(pnn) <= 0) {
      return true;
    }
    defer(placement, Set.of(pnn));
    return false;
  }

  private void defer(Placement placement, Set<Integer> mayHaveIt) {
    if (placement.pnn() != Placement.NOBODY) {
      deferred.add(new Deferral(placement.address(), mayHaveIt));
    }
  }

  private void tellOfHolder(ControlRound placing, int pnn, InetAddress address, byte[] data) {
    placing.call(
        pnn,
        Control.RELEASE_IP,
        0,
        data,
        (status, reply) -> {
          if (status != 0) {
            failed(pnn, Control.RELEASE_IP, address, status);
          }
        });
  }

  private void take(ControlRound placing, Placement placement, byte[] data) {
    int pnn = placement.pnn();
    if (pnn == Placement.NOBODY) {
      return;
    }
    boolean moves = !claimers(placement.address()).contains(pnn);
    changed |= moves;
    memory.holders().told(placement.address(), pnn);
    if (moves) {
      memory.holders().moves(placement.address());
    }
    placing.call(
        pnn,
        Control.TAKEOVER_IP,
        0,
        data,
        (status, reply) -> {
          if (status != 0) {
            failed(pnn, Control.TAKEOVER_IP, placement.address(), status);
          } else if (moves) {
            moved.put(placement, Duration.ofNanos(scheduler.nowNanos() - begunNanos));
          }
        });
  }

  /** The nodes that said that they have it. */
  private Set<Integer> claimers(InetAddress address) {
    Set<Integer> claimers = new HashSet<>();
    hosted.forEach(
        (pnn, own) -> {
          if (own.contains(address)) {
            claimers.add(pnn);
          }
        });
    return claimers;
  }

  /** The nodes that could not be asked and may have an address that nobody claims. */
  private Set<Integer> mayHave(InetAddress address) {
    Set<Integer> unsafe = new HashSet<>();
    for (NodeMap.Node node : nodes.nodes()) {
      int pnn = node.pnn();
      if (!known.containsKey(pnn) && part.asks(pnn) && gate.nanosUntilSafe(pnn) > 0) {
        unsafe.add(pnn);
      }
    }
    if (memory.holders().of(address).isEmpty()) {
      return unsafe;
    }
    Set<Integer> traces = traces(address);
    traces.removeIf(pnn -> known.containsKey(pnn) || !part.asks(pnn));
    if (!traces.isEmpty()) {
      unsafe.retainAll(traces);
    }
    return unsafe;
  }

  /** Where it was seen or sent by this leader, or is believed to be. */
  private Set<Integer> traces(InetAddress address) {
    Set<Integer> traces = new HashSet<>(memory.holders().of(address));
    traces.addAll(believed.getOrDefault(address, Set.of()));
    return traces;
  }

  // The end.

  private void tellReallocated() {
    telling = true;
    if (!changed && !(tellAlways && deferred.isEmpty())) {
      finish();
      return;
    }
    ControlRound all = begin(settings.timeout(), this::finish);
    for (NodeMap.Node node : nodes.nodes()) {
      int pnn = node.pnn();
      boolean asked = settings.failoverDisabled() || known.containsKey(pnn);
      if (asked && part.tells(pnn, changed) && !isLost(pnn)) {
        all.call(
            pnn,
            Control.IPREALLOCATED,
            0,
            Payload.empty(),
            (status, reply) -> {
              if (status != 0 && status != ControlRound.ABANDONED) {
                failed(pnn, Control.IPREALLOCATED, null, status);
              }
            });
      }
    }
    all.seal();
  }

  private void finish() {
    done.accept(
        new TakeoverResult(failures, placements, deferred, unfinished, replaced, keeping, moved));
  }

  private ControlRound begin(Duration limit, Runnable next) {
    ControlRound begun = new ControlRound(controls, scheduler, limit, next);
    round = begun;
    return begun;
  }

  private void failed(int pnn, Control control, @Nullable InetAddress address, int status) {
    String what = control + (address == null ? "" : " of " + NumericAddress.toString(address));
    if (status == AddressControls.REPLACED) {
      LOG.info("Takeover run: {} on node {} is left to the next leader", what, pnn);
      replaced = true;
      return;
    }
    if (status == ControlRound.ABANDONED || isLost(pnn)) {
      LOG.warn("Takeover run: {} on node {} is given up", what, pnn);
      unfinished = true;
      return;
    }
    failures.merge(pnn, 1, Integer::sum);
    if (address != null && control == Control.TAKEOVER_IP && status != ControlRound.TIMED_OUT) {
      memory.refusals().add(address, pnn);
    }
    LOG.error(
        "Takeover run: {} on node {} {}",
        what,
        pnn,
        status == ControlRound.TIMED_OUT ? "was not answered in time" : "failed: " + status);
  }
}
