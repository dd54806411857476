package io.jctdb.iptakeover;

import java.net.InetAddress;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Which nodes a leader has seen with an address, or has told to take it, since somebody last said
 * that it has it. When its holder falls silent, these are the nodes that may still serve it. And
 * which addresses it has moved last.
 *
 * <p>It begins empty with each leadership: what an earlier leader told its nodes in its last moment
 * is known to nobody. Owner thread.
 */
final class LastHolders {
  private final Map<InetAddress, Set<Integer>> nodes = new HashMap<>();
  private final Map<InetAddress, Long> moves = new HashMap<>();
  private long movesSoFar;

  /** These nodes said that they have the address; nothing changes if nobody did. */
  void claimed(InetAddress address, Set<Integer> by) {
    if (!by.isEmpty()) {
      nodes.put(address, new HashSet<>(by));
    }
  }

  /** This node is being told to take the address. */
  void told(InetAddress address, int pnn) {
    nodes.computeIfAbsent(address, a -> new HashSet<>()).add(pnn);
  }

  /** It goes to another node. */
  void moves(InetAddress address) {
    moves.put(address, ++movesSoFar);
  }

  /** Later is greater; without those that this leader has never moved. */
  Map<InetAddress, Long> movesInOrder() {
    return Map.copyOf(moves);
  }

  /** Empty: nothing is known, so any node may have it. */
  Set<Integer> of(InetAddress address) {
    return Set.copyOf(nodes.getOrDefault(address, Set.of()));
  }

  void clear() {
    nodes.clear();
    moves.clear();
  }
}
