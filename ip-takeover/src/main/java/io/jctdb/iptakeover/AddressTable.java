package io.jctdb.iptakeover;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.TreeSet;

/**
 * The working table of one allocation: every address with its owner, in list order, under the
 * common rules of cluster-and-failover.md 3.3.
 */
final class AddressTable {
  final List<InetAddress> addresses;
  final int[] owner;
  final int nodes;

  /** Which nodes can host an address, whether or not takeover is allowed. */
  private final BitSet[] available;

  /** When an address moved last; 0 where that is not known. */
  private final long[] moved;

  private final boolean noIpTakeover;
  private final int[] count;

  AddressTable(AllocationRequest request) {
    TreeSet<InetAddress> merged = new TreeSet<>(AddressOrder.DESCENDING);
    request.nodes().forEach(node -> merged.addAll(node.known()));
    this.addresses = List.copyOf(merged);
    this.nodes = request.nodes().size();
    this.noIpTakeover = request.noIpTakeover();
    this.owner = new int[addresses.size()];
    this.available = new BitSet[addresses.size()];
    this.count = new int[nodes];
    this.moved = addresses.stream().mapToLong(a -> request.moves().getOrDefault(a, 0L)).toArray();
    Arrays.fill(owner, Placement.NOBODY);
    for (int a = 0; a < owner.length; a++) {
      available[a] = new BitSet(nodes);
      for (int pnn = 0; pnn < nodes; pnn++) {
        NodeAddresses node = request.nodes().get(pnn);
        available[a].set(pnn, node.available().contains(addresses.get(a)));
        if (node.hosted().contains(addresses.get(a)) && node.known().contains(addresses.get(a))) {
          // Several claim it: the highest pnn counts, the others will be told to release.
          assign(a, pnn);
        }
      }
    }
  }

  int size() {
    return owner.length;
  }

  void assign(int a, int pnn) {
    if (owner[a] != Placement.NOBODY) {
      count[owner[a]]--;
    }
    owner[a] = pnn;
    if (pnn != Placement.NOBODY) {
      count[pnn]++;
    }
  }

  /** Rule 4: an owner that cannot host the address loses it. */
  void unassignUnavailable() {
    for (int a = 0; a < owner.length; a++) {
      if (owner[a] != Placement.NOBODY && !available[a].get(owner[a])) {
        assign(a, Placement.NOBODY);
      }
    }
  }

  /** Rule 5. */
  boolean mayTake(int pnn, int a) {
    return !noIpTakeover && available[a].get(pnn);
  }

  boolean movedAfter(int a, int other) {
    return moved[a] > moved[other];
  }

  int count(int pnn) {
    return count[pnn];
  }

  /** Rule 6: the node with the fewest addresses that may take this one, or nobody. */
  int fewestFirst(int a) {
    int best = Placement.NOBODY;
    for (int pnn = 0; pnn < nodes; pnn++) {
      if (mayTake(pnn, a) && (best == Placement.NOBODY || count[pnn] < count[best])) {
        best = pnn;
      }
    }
    return best;
  }

  void placeUnassignedFewestFirst() {
    for (int a = 0; a < owner.length; a++) {
      if (owner[a] == Placement.NOBODY) {
        assign(a, fewestFirst(a));
      }
    }
  }

  List<Placement> placements() {
    List<Placement> placements = new ArrayList<>(owner.length);
    for (int a = 0; a < owner.length; a++) {
      placements.add(new Placement(addresses.get(a), owner[a]));
    }
    return placements;
  }
}
