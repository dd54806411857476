package io.jctdb.iptakeover;

import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * All that decides where public addresses go.
 *
 * @param nodes by pnn, one for every entry of the node map: deleted and disconnected nodes count,
 *     too, with {@link NodeAddresses#NONE}
 * @param rebalance nodes that failback of LCP2 considers besides those without any address
 * @param homeNodes preferred pnn of an address, for the deterministic algorithm
 * @param moves addresses that have moved, the later the greater: of several that failback of LCP2
 *     may move equally well it takes the last one, whose clients have moved a moment ago, and
 *     leaves those alone that nothing had happened to. Where it is empty, the order of the list
 *     decides, as with ctdbd
 */
public record AllocationRequest(
    AllocationAlgorithm algorithm,
    List<NodeAddresses> nodes,
    boolean noIpTakeover,
    boolean noIpFailback,
    Set<Integer> rebalance,
    Map<InetAddress, Integer> homeNodes,
    Map<InetAddress, Long> moves) {
  public AllocationRequest {
    nodes = List.copyOf(nodes);
    rebalance = Set.copyOf(rebalance);
    homeNodes = Map.copyOf(homeNodes);
    moves = Map.copyOf(moves);
  }

  /** Nothing has moved yet. */
  public AllocationRequest(
      AllocationAlgorithm algorithm,
      List<NodeAddresses> nodes,
      boolean noIpTakeover,
      boolean noIpFailback,
      Set<Integer> rebalance,
      Map<InetAddress, Integer> homeNodes) {
    this(algorithm, nodes, noIpTakeover, noIpFailback, rebalance, homeNodes, Map.of());
  }
}
