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
 */
public record AllocationRequest(
    AllocationAlgorithm algorithm,
    List<NodeAddresses> nodes,
    boolean noIpTakeover,
    boolean noIpFailback,
    Set<Integer> rebalance,
    Map<InetAddress, Integer> homeNodes) {
  public AllocationRequest {
    nodes = List.copyOf(nodes);
    rebalance = Set.copyOf(rebalance);
    homeNodes = Map.copyOf(homeNodes);
  }
}
