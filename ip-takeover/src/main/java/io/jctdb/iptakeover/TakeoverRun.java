package io.jctdb.iptakeover;

import io.jctdb.protocol.Control;
import io.jctdb.protocol.ControlFlag;
import io.jctdb.protocol.MalformedPacketException;
import io.jctdb.protocol.NodeFlags;
import io.jctdb.protocol.NodeMap;
import io.jctdb.protocol.Payload;
import io.jctdb.protocol.PublicIp;
import io.jctdb.protocol.PublicIpList;
import io.jctdb.protocol.SockAddr;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One takeover run of the leader (cluster-and-failover.md 3.6): ask every node what it knows and
 * could host, allocate, release each address wherever it should not be, take it where it should be,
 * and send {@code ipreallocated} to everybody.
 *
 * <p>Unlike ctdbd, an address goes its own way: it is taken as soon as <em>its</em> releases are
 * confirmed, so that a node that cannot release one address holds up only that one.
 *
 * <p>The rule that keeps two nodes from serving one address: it is given to a node only if
 *
 * <ol>
 *   <li>every connected node that knows it, except the target, has confirmed its release in this
 *       run; and
 *   <li>it was hosted by a connected node at the beginning, or no lost node can still have it
 *       ({@link HandOverGate}), nor a silent one, which is connected but did not answer.
 * </ol>
 *
 * An address that fails the second test is <em>deferred</em>; it waits for the lost node's lease,
 * which is a matter of seconds. That holds for every address that nobody claims, whichever node had
 * it last: records of the past would be wrong after {@code ctdb moveip}, which bypasses the leader.
 *
 * <p>Threading: owner thread.
 */
final class TakeoverRun {
  private static final Logger LOG = LoggerFactory.getLogger(TakeoverRun.class);

  private final NodeControls controls;
  private final Scheduler scheduler;
  private final HandOverGate gate;
  private final TakeoverSettings settings;
  private final NodeMap nodes;
  private final Set<Integer> rebalance;
  private final Consumer<TakeoverResult> done;

  private final Map<Integer, Set<InetAddress>> known = new TreeMap<>();
  private final Map<Integer, Set<InetAddress>> hosted = new TreeMap<>();
  private final Map<Integer, Set<InetAddress>> available = new TreeMap<>();
  private final Map<Integer, Integer> failures = new TreeMap<>();
  private final List<InetAddress> deferred = new ArrayList<>();
  private List<Placement> placements = List.of();
  private @Nullable ControlRound round;

  TakeoverRun(
      NodeControls controls,
      Scheduler scheduler,
      HandOverGate gate,
      TakeoverSettings settings,
      NodeMap nodes,
      Set<Integer> rebalance,
      Consumer<TakeoverResult> done) {
    this.controls = controls;
    this.scheduler = scheduler;
    this.gate = gate;
    this.settings = settings;
    this.nodes = nodes;
    this.rebalance = Set.copyOf(rebalance);
    this.done = done;
  }

  void start() {
    if (settings.failoverDisabled()) {
      tellReallocated();
    } else {
      askKnown();
    }
  }

  /** Stops where it is; the result is not reported. */
  void cancel() {
    if (round != null) {
      round.cancel();
    }
  }

  private void askKnown() {
    ControlRound asking = begin(settings.timeout(), this::askAvailable);
    for (int pnn : nodesWithout(NodeFlags.DISCONNECTED | NodeFlags.DELETED)) {
      ask(asking, pnn, 0, list -> rememberKnown(pnn, list));
    }
    asking.seal();
  }

  private void rememberKnown(int pnn, List<PublicIp> list) {
    Set<InetAddress> all = new HashSet<>();
    Set<InetAddress> own = new HashSet<>();
    for (PublicIp ip : list) {
      all.add(ip.address().address());
      if (ip.pnn() == pnn) {
        own.add(ip.address().address());
      }
    }
    known.put(pnn, all);
    hosted.put(pnn, own);
  }

  private void askAvailable() {
    ControlRound asking = begin(settings.timeout(), this::allocate);
    for (int pnn : nodesWithout(NodeFlags.INACTIVE)) {
      if (!known.getOrDefault(pnn, Set.of()).isEmpty()) {
        ask(
            asking,
            pnn,
            ControlFlag.PUBLIC_IP_ONLY_AVAILABLE,
            list -> {
              Set<InetAddress> could = new HashSet<>();
              list.forEach(ip -> could.add(ip.address().address()));
              available.put(pnn, could);
            });
      }
    }
    asking.seal();
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
          failed(pnn, Control.GET_PUBLIC_IPS, null, status);
        });
  }

  private void allocate() {
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
            settings.homeNodes());
    placements = Allocation.allocate(request);
    if (Allocation.nothingToDo(request)) {
      tellReallocated();
    } else {
      place();
    }
  }

  private void place() {
    // Twice, so that with the last phase all of it stays within ctdbd's 3 x TakeoverTimeout.
    ControlRound placing = begin(settings.timeout().multipliedBy(2), this::tellReallocated);
    boolean unsafe = nanosUntilSafe() > 0;
    for (Placement placement : placements) {
      boolean hostedSomewhere =
          hosted.values().stream().anyMatch(own -> own.contains(placement.address()));
      if (unsafe && !hostedSomewhere && placement.pnn() != Placement.NOBODY) {
        deferred.add(placement.address());
        place(placing, new Placement(placement.address(), Placement.NOBODY));
      } else {
        place(placing, placement);
      }
    }
    placing.seal();
  }

  private void place(ControlRound placing, Placement placement) {
    byte[] data = new PublicIp(placement.pnn(), new SockAddr(placement.address(), 0)).encode();
    List<Integer> releasing = new ArrayList<>();
    known.forEach(
        (pnn, addresses) -> {
          if (pnn != placement.pnn() && addresses.contains(placement.address())) {
            releasing.add(pnn);
          }
        });
    if (releasing.isEmpty()) {
      take(placing, placement, data);
      return;
    }
    int[] unconfirmed = {releasing.size()};
    for (int pnn : releasing) {
      placing.call(
          pnn,
          Control.RELEASE_IP,
          0,
          data,
          (status, reply) -> {
            if (status != 0) {
              failed(pnn, Control.RELEASE_IP, placement.address(), status);
            } else if (--unconfirmed[0] == 0) {
              take(placing, placement, data);
            }
          });
    }
  }

  private void take(ControlRound placing, Placement placement, byte[] data) {
    if (placement.pnn() == Placement.NOBODY) {
      return;
    }
    placing.call(
        placement.pnn(),
        Control.TAKEOVER_IP,
        0,
        data,
        (status, reply) -> {
          if (status != 0) {
            failed(placement.pnn(), Control.TAKEOVER_IP, placement.address(), status);
          }
        });
  }

  private void tellReallocated() {
    ControlRound telling = begin(settings.timeout(), this::finish);
    for (int pnn : nodesWithout(NodeFlags.DISCONNECTED | NodeFlags.DELETED)) {
      telling.call(
          pnn,
          Control.IPREALLOCATED,
          0,
          Payload.empty(),
          (status, reply) -> {
            if (status != 0) {
              failed(pnn, Control.IPREALLOCATED, null, status);
            }
          });
    }
    telling.seal();
  }

  private void finish() {
    long wait = deferred.isEmpty() ? 0 : nanosUntilSafe();
    Optional<Duration> retryAfter =
        deferred.isEmpty() || wait == HandOverGate.UNKNOWN
            ? Optional.empty()
            : Optional.of(Duration.ofNanos(wait));
    done.accept(new TakeoverResult(failures, placements, deferred, retryAfter));
  }

  /** Until no lost or silent node can have an address that nobody claims. */
  private long nanosUntilSafe() {
    long longest = 0;
    for (NodeMap.Node node : nodes.nodes()) {
      boolean lost = node.has(NodeFlags.DISCONNECTED | NodeFlags.DELETED);
      if (lost) {
        longest = Math.max(longest, gate.nanosUntilSafe(node.pnn()));
      } else if (!known.containsKey(node.pnn())) {
        longest = HandOverGate.UNKNOWN;
      }
    }
    return longest;
  }

  private ControlRound begin(Duration limit, Runnable next) {
    ControlRound begun = new ControlRound(controls, scheduler, limit, next);
    round = begun;
    return begun;
  }

  private void failed(int pnn, Control control, @Nullable InetAddress address, int status) {
    failures.merge(pnn, 1, Integer::sum);
    LOG.error(
        "Takeover run: {}{} on node {} {}",
        control,
        address == null ? "" : " of " + address.getHostAddress(),
        pnn,
        status == ControlRound.TIMED_OUT ? "was not answered in time" : "failed: " + status);
  }

  private List<Integer> nodesWithout(int flags) {
    List<Integer> pnns = new ArrayList<>();
    for (NodeMap.Node node : nodes.nodes()) {
      if (!node.has(flags)) {
        pnns.add(node.pnn());
      }
    }
    return pnns;
  }
}
