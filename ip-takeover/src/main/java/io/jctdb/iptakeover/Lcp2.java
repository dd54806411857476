package io.jctdb.iptakeover;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * The longest-common-prefix algorithm (cluster-and-failover.md 3.4): addresses that look alike cost
 * a node more than addresses that do not, so every subnet spreads over the nodes.
 *
 * <p>All arithmetic is unsigned 32 bit and wraps, as layouts of large clusters depend on it. Java's
 * {@code int} wraps the same way; only comparisons must say that they are unsigned.
 *
 * <p>Intuition for the speed: the cost that an address would add to a node is kept for every pair
 * in a table, and each assignment changes one column of it. Computing it afresh at each step, as
 * the definition reads, is cubic in the addresses.
 */
final class Lcp2 {
  /**
   * One failback move.
   *
   * @param sourceChange change of the source's imbalance (negative)
   * @param destinationCost what the address added at its destination
   */
  record Move(int from, int address, int to, int sourceChange, int destinationCost) {}

  private final AddressTable table;
  private final int[][] words;

  /** [address][pnn]: the cost to all other addresses on that node. */
  private final int[][] added;

  private final int[] imbalance;
  private final List<Move> moves = new ArrayList<>();

  Lcp2(AddressTable table) {
    this.table = table;
    this.words = table.addresses.stream().map(AddressOrder::words).toArray(int[][]::new);
    this.added = new int[table.size()][table.nodes];
    this.imbalance = new int[table.nodes];
  }

  void allocate(boolean noIpFailback, Set<Integer> rebalance) {
    table.unassignUnavailable();
    takeStock();
    boolean[] candidates = new boolean[table.nodes];
    for (int pnn = 0; pnn < table.nodes; pnn++) {
      candidates[pnn] = table.count(pnn) == 0 || rebalance.contains(pnn);
    }
    placeUnassigned();
    if (!noIpFailback) {
      boolean moved;
      do {
        moved = moveOne(candidates);
      } while (moved);
    }
  }

  List<Move> moves() {
    return moves;
  }

  int[] imbalance() {
    return imbalance.clone();
  }

  private void takeStock() {
    for (int a = 0; a < table.size(); a++) {
      int pnn = table.owner[a];
      if (pnn != Placement.NOBODY) {
        // added[a][pnn] so far holds the cost to the addresses before a: each pair counts once.
        imbalance[pnn] += added[a][pnn];
        changeColumn(a, pnn, 1);
      }
    }
  }

  /** Accounts for address {@code a} having come to (sign 1) or left (sign -1) a node. */
  private void changeColumn(int a, int pnn, int sign) {
    for (int other = 0; other < added.length; other++) {
      if (other != a) {
        added[other][pnn] += sign * cost(a, other);
      }
    }
  }

  private int cost(int a, int b) {
    int distance = AddressOrder.distance(words[a], words[b]);
    return distance * distance;
  }

  private void placeUnassigned() {
    int[] cheapest = new int[table.size()];
    for (int a = 0; a < table.size(); a++) {
      cheapest[a] = table.owner[a] == Placement.NOBODY ? cheapest(a) : Placement.NOBODY;
    }
    while (true) {
      int best = -1;
      for (int a = 0; a < table.size(); a++) {
        if (cheapest[a] != Placement.NOBODY
            && (best < 0
                || Integer.compareUnsigned(added[a][cheapest[a]], added[best][cheapest[best]])
                    < 0)) {
          best = a;
        }
      }
      if (best < 0) {
        return;
      }
      int pnn = cheapest[best];
      imbalance[pnn] += added[best][pnn];
      table.assign(best, pnn);
      cheapest[best] = Placement.NOBODY;
      changeColumn(best, pnn, 1);
      for (int a = 0; a < table.size(); a++) {
        if (cheapest[a] != Placement.NOBODY) {
          cheapest[a] = stillCheapest(a, cheapest[a], pnn);
        }
      }
    }
  }

  /** The node to which an address adds least, the lowest of several; or nobody. */
  private int cheapest(int a) {
    int best = Placement.NOBODY;
    for (int pnn = 0; pnn < table.nodes; pnn++) {
      if (table.mayTake(pnn, a)
          && (best == Placement.NOBODY
              || Integer.compareUnsigned(added[a][pnn], added[a][best]) < 0)) {
        best = pnn;
      }
    }
    return best;
  }

  /** The same, when it was {@code before} and only the costs of one node have changed since. */
  private int stillCheapest(int a, int before, int changed) {
    if (before == changed) {
      return cheapest(a);
    }
    // Costs grow; but they may grow beyond 32 bits, and be small again.
    int order = Integer.compareUnsigned(added[a][changed], added[a][before]);
    boolean now = table.mayTake(changed, a) && (order < 0 || order == 0 && changed < before);
    return now ? changed : before;
  }

  /** One failback move from the most unbalanced node that has a valid one. */
  private boolean moveOne(boolean[] candidates) {
    List<Integer> sources =
        IntStream.range(0, table.nodes)
            .boxed()
            .sorted(
                Comparator.comparing(
                    (Integer pnn) -> imbalance[pnn], (x, y) -> Integer.compareUnsigned(y, x)))
            .toList();
    for (int source : sources) {
      if (imbalance[source] == 0) {
        return false;
      }
      if (moveFrom(source, candidates)) {
        return true;
      }
    }
    return false;
  }

  private boolean moveFrom(int source, boolean[] candidates) {
    int best = -1;
    int bestPnn = -1;
    int bestSum = 0;
    for (int a = 0; a < table.size(); a++) {
      if (table.owner[a] != source) {
        continue;
      }
      int sourceAfter = imbalance[source] - added[a][source];
      for (int pnn = 0; pnn < table.nodes; pnn++) {
        if (!candidates[pnn] || !table.mayTake(pnn, a)) {
          continue;
        }
        int destinationAfter = imbalance[pnn] + added[a][pnn];
        boolean valid =
            Integer.compareUnsigned(destinationAfter, imbalance[source]) < 0
                && Integer.compareUnsigned(added[a][pnn], added[a][source]) < 0;
        int sum = sourceAfter + destinationAfter;
        if (valid && (best < 0 || isBetter(a, sum, best, bestSum))) {
          best = a;
          bestPnn = pnn;
          bestSum = sum;
        }
      }
    }
    if (best < 0) {
      return false;
    }
    move(best, source, bestPnn);
    return true;
  }

  private boolean isBetter(int a, int sum, int best, int bestSum) {
    int order = Integer.compareUnsigned(sum, bestSum);
    return order < 0 || (order == 0 && table.movedAfter(a, best));
  }

  private void move(int a, int source, int destination) {
    moves.add(new Move(source, a, destination, -added[a][source], added[a][destination]));
    imbalance[source] -= added[a][source];
    imbalance[destination] += added[a][destination];
    changeColumn(a, source, -1);
    table.assign(a, destination);
    changeColumn(a, destination, 1);
  }
}
