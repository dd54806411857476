package io.jctdb.iptakeover;

import io.jctdb.protocol.NodeFlags;
import io.jctdb.protocol.NodeMap;
import java.net.InetAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Nodes whose health or links come and go: the leader gives such a node no address that it has not
 * got already, until it has been steady for a while ({@link FlapDamping}), unless nobody else can
 * host the address. What an administrator does (disable, stop, a restart of the daemon) does not
 * count, and neither do bans, which have a time of their own.
 *
 * <p>Owner thread.
 */
final class UnsteadyNodes {
  private static final Logger LOG = LoggerFactory.getLogger(UnsteadyNodes.class);

  private static final int NOT_BY_ITSELF = NodeFlags.PERMANENTLY_DISABLED | NodeFlags.INACTIVE;

  private final Scheduler scheduler;
  private final AddressHistory history;
  private final Runnable tryAgain;
  private final FlapDamping<Integer> damping;

  /** What each node could host when it was last asked. */
  private final Map<Integer, Set<InetAddress>> before = new HashMap<>();

  /** What has become unavailable on a node, for what reason is not known yet. */
  private final Map<Integer, Set<InetAddress>> missing = new HashMap<>();

  /**
   * @param tryAgain called when a node may have been steady for long enough
   */
  UnsteadyNodes(Scheduler scheduler, AddressHistory history, Runnable tryAgain) {
    this.scheduler = scheduler;
    this.history = history;
    this.tryAgain = tryAgain;
    this.damping = new FlapDamping<>(scheduler);
  }

  /**
   * Looks at what a run has been told.
   *
   * @param known by the nodes that have answered
   * @param available on the nodes that have answered and are active
   */
  void look(
      NodeMap nodes,
      Map<Integer, Set<InetAddress>> known,
      Map<Integer, Set<InetAddress>> available) {
    for (NodeMap.Node node : nodes.nodes()) {
      int pnn = node.pnn();
      if (node.has(NodeFlags.DISCONNECTED | NodeFlags.DELETED)) {
        // A daemon that comes back is a new one; whoever starts it has a patience of its own.
        before.remove(pnn);
        missing.remove(pnn);
        damping.forget(pnn);
      } else if (node.has(NOT_BY_ITSELF)) {
        before.remove(pnn);
        missing.remove(pnn);
      } else if (available.containsKey(pnn)) {
        look(pnn, known.getOrDefault(pnn, Set.of()), Set.copyOf(available.get(pnn)));
      }
    }
  }

  /**
   * A failure counts when it is over: only then is known that the node did not go out of service in
   * good order, which begins with offering nothing, too.
   */
  private void look(int pnn, Set<InetAddress> known, Set<InetAddress> now) {
    Set<InetAddress> gone = missing.computeIfAbsent(pnn, p -> new HashSet<>());
    Set<InetAddress> regained = new HashSet<>(gone);
    regained.retainAll(now);
    gone.addAll(before.getOrDefault(pnn, Set.of()));
    gone.removeAll(now);
    gone.retainAll(known);
    before.put(pnn, now);
    if (!regained.isEmpty()) {
      failed(pnn, regained);
    }
  }

  private void failed(int pnn, Set<InetAddress> lost) {
    Duration hold = damping.failed(pnn);
    if (hold.isZero()) {
      return;
    }
    String why =
        "not given to node "
            + pnn
            + " before it has been steady for "
            + hold.toSeconds()
            + " s: it has become unable to host it "
            + damping.failures(pnn)
            + " times";
    LOG.warn("Public addresses are {}", why);
    lost.forEach(address -> history.noteOfMany(address, why));
    scheduler.after(hold, tryAgain);
  }

  /** Takes what an unsteady node has not got off its list, unless no steady node is left for it. */
  void apply(Map<Integer, Set<InetAddress>> available, Map<Integer, Set<InetAddress>> hosted) {
    Set<InetAddress> elsewhere = new HashSet<>();
    available.forEach(
        (pnn, addresses) -> {
          if (!damping.isHeld(pnn)) {
            elsewhere.addAll(addresses);
          }
        });
    available.forEach(
        (pnn, addresses) -> {
          if (damping.isHeld(pnn)) {
            Set<InetAddress> own = hosted.getOrDefault(pnn, Set.of());
            addresses.removeIf(address -> !own.contains(address) && elsewhere.contains(address));
          }
        });
  }

  void clear() {
    before.clear();
    missing.clear();
    damping.clear();
  }
}
