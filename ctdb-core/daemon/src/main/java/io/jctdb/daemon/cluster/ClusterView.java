package io.jctdb.daemon.cluster;

import io.jctdb.database.Epoch;
import io.jctdb.protocol.NodeFlags;
import io.jctdb.protocol.NodeMap;
import io.jctdb.protocol.SockAddr;
import io.jctdb.protocol.SpecialPnn;
import io.jctdb.protocol.VnnMap;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What this node knows of the cluster, put together from the nodes file, the links and the members'
 * own words in ZooKeeper, in the form in which clients ask for it. Owner thread only.
 *
 * <p>A node's own opinion of its flags wins; only DISCONNECTED is ours to say, and implies
 * UNHEALTHY (cluster-and-failover.md 1.1, 1.2).
 */
public final class ClusterView {
  private final int self;
  private final int port;
  private List<ClusterNode> nodes;
  private final SortedSet<Integer> connected = new TreeSet<>();
  private final Map<Integer, Integer> publishedFlags = new HashMap<>();
  private int ownFlags;
  private OptionalInt leader = OptionalInt.empty();
  private @Nullable Epoch epoch;
  private List<Integer> lastLmasters = List.of();

  public ClusterView(int self, int port, List<ClusterNode> nodes, int ownFlags) {
    this.self = self;
    this.port = port;
    this.nodes = List.copyOf(nodes);
    this.ownFlags = ownFlags;
  }

  public int self() {
    return self;
  }

  public List<ClusterNode> nodes() {
    return nodes;
  }

  public void setNodes(List<ClusterNode> newNodes) {
    nodes = List.copyOf(newNodes);
  }

  public boolean exists(int pnn) {
    return pnn >= 0 && pnn < nodes.size();
  }

  public boolean isDeleted(int pnn) {
    return !exists(pnn) || nodes.get(pnn).deleted();
  }

  /** Whether packets reach that node now; this node always reaches itself. */
  public boolean isConnected(int pnn) {
    return pnn == self || (connected.contains(pnn) && !isDeleted(pnn));
  }

  public void linkUp(int pnn) {
    connected.add(pnn);
  }

  public void linkDown(int pnn) {
    connected.remove(pnn);
  }

  /** The nodes that packets reach, this one included, ascending. */
  public SortedSet<Integer> connectedNodes() {
    SortedSet<Integer> result = new TreeSet<>(connected);
    result.removeIf(this::isDeleted);
    result.add(self);
    return result;
  }

  /** Connected nodes without an INACTIVE flag, ascending. */
  public SortedSet<Integer> activeNodes() {
    SortedSet<Integer> result = connectedNodes();
    result.removeIf(pnn -> (flagsOf(pnn) & NodeFlags.INACTIVE) != 0);
    return result;
  }

  /** Replaces what members say of themselves. */
  public void setPublishedFlags(Map<Integer, Integer> flags) {
    publishedFlags.clear();
    publishedFlags.putAll(flags);
  }

  public int ownFlags() {
    return ownFlags;
  }

  public void setOwnFlags(int flags) {
    ownFlags = flags;
  }

  public boolean isInactive() {
    return (flagsOf(self) & NodeFlags.INACTIVE) != 0;
  }

  /** A node that was expelled is lost, though its link may not have noticed yet. */
  public boolean isLost(int pnn) {
    return pnn != self && !publishedFlags.isEmpty() && !publishedFlags.containsKey(pnn);
  }

  public int flagsOf(int pnn) {
    if (isDeleted(pnn)) {
      return NodeFlags.DELETED | NodeFlags.DISCONNECTED;
    }
    if (pnn == self) {
      return ownFlags;
    }
    int flags = publishedFlags.getOrDefault(pnn, NodeFlags.UNHEALTHY);
    return connected.contains(pnn) && !isLost(pnn)
        ? flags
        : flags | NodeFlags.DISCONNECTED | NodeFlags.UNHEALTHY;
  }

  public OptionalInt leader() {
    return leader;
  }

  public int leaderOrUnknown() {
    return leader.orElse(SpecialPnn.UNKNOWN);
  }

  public boolean isLeader() {
    return leader.isPresent() && leader.getAsInt() == self;
  }

  public void setLeader(OptionalInt newLeader) {
    leader = newLeader;
  }

  /** The epoch of which this node is an active member, or null. */
  public @Nullable Epoch epoch() {
    return epoch;
  }

  public void setEpoch(@Nullable Epoch newEpoch) {
    epoch = newEpoch;
    if (newEpoch != null) {
      lastLmasters = List.copyOf(newEpoch.lmasters());
    }
  }

  /** What clients call the generation; 1 (invalid) while this node is no member. */
  public int generation() {
    return epoch == null ? Epoch.INVALID_GENERATION : epoch.generation();
  }

  public NodeMap nodeMap() {
    List<NodeMap.Node> list = new ArrayList<>(nodes.size());
    for (ClusterNode node : nodes) {
      list.add(
          new NodeMap.Node(node.pnn(), flagsOf(node.pnn()), new SockAddr(node.address(), port)));
    }
    return new NodeMap(list);
  }

  /** As ctdbd, a node that is no member shows the last map it had, with the invalid generation. */
  public VnnMap vnnMap() {
    return new VnnMap(generation(), lastLmasters);
  }
}
