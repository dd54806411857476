package io.jctdb.iptakeover;

import java.net.InetAddress;
import java.util.Set;

/**
 * Which nodes and addresses a takeover run is about, fixed when it begins. In a cluster over
 * several sites there are two kinds of runs, side by side: the <em>far</em> ones place the
 * addresses that a bound node ({@link BoundLists}) could host, ask everybody, and take as long as
 * the line is; the others place all the rest without a word from a bound node.
 *
 * @param far the addresses are those of {@code shared}, and not all others
 * @param bound nodes that can have nothing but some of {@code shared}
 * @param shared what bound nodes could host
 */
record RunPart(boolean far, Set<Integer> bound, Set<InetAddress> shared) {
  /** Everything, and everybody is asked. */
  static final RunPart ALL = new RunPart(false, Set.of(), Set.of());

  RunPart {
    bound = Set.copyOf(bound);
    shared = Set.copyOf(shared);
  }

  boolean isAbout(InetAddress address) {
    return far == shared.contains(address);
  }

  /** Whether this node may have something that the run is about, and so is asked. */
  boolean asks(int pnn) {
    return far || !bound.contains(pnn);
  }

  /**
   * Whether this node hears of the end of the run.
   *
   * @param changed some address has been moved by it
   */
  boolean tells(int pnn, boolean changed) {
    return far ? changed || bound.contains(pnn) : !bound.contains(pnn);
  }
}
