package io.jctdb.iptakeover;

import java.util.List;

/**
 * Which node shall host which public address: a pure function of the request, with the results of
 * ctdbd 4.17 (cluster-and-failover.md 3.3 to 3.5).
 */
public final class Allocation {
  private Allocation() {}

  /** One placement for each address that some node knows, largest address first. */
  public static List<Placement> allocate(AllocationRequest request) {
    AddressTable table = new AddressTable(request);
    if (nothingToDo(request)) {
      return table.placements();
    }
    switch (request.algorithm()) {
      case DETERMINISTIC -> deterministic(table, request);
      case NON_DETERMINISTIC -> nonDeterministic(table, request);
      case LCP2 -> new Lcp2(table).allocate(request.noIpFailback(), request.rebalance());
    }
    return table.placements();
  }

  /** Rule 1: nothing hosted and nothing available. */
  static boolean nothingToDo(AllocationRequest request) {
    return request.nodes().stream()
        .allMatch(node -> node.hosted().isEmpty() && node.available().isEmpty());
  }

  private static void deterministic(AddressTable table, AllocationRequest request) {
    for (int a = 0; a < table.size(); a++) {
      int home = request.homeNodes().getOrDefault(table.addresses.get(a), -1);
      table.assign(a, home >= 0 && home < table.nodes ? home : a % table.nodes);
    }
    table.unassignUnavailable();
    table.placeUnassignedFewestFirst();
  }

  private static void nonDeterministic(AddressTable table, AllocationRequest request) {
    table.unassignUnavailable();
    table.placeUnassignedFewestFirst();
    if (request.noIpFailback()) {
      return;
    }
    // The limit is upstream's: addresses that not every node can host could swing for ever.
    int movesMax = table.size() + 5;
    for (int moves = 0; moves < movesMax; moves++) {
      if (!evenOutOnce(table)) {
        return;
      }
    }
  }

  /** Moves one address from a node that has two more than another one; false if there is none. */
  private static boolean evenOutOnce(AddressTable table) {
    for (int a = 0; a < table.size(); a++) {
      if (table.owner[a] == Placement.NOBODY) {
        continue;
      }
      int max = Placement.NOBODY;
      int min = Placement.NOBODY;
      for (int pnn = 0; pnn < table.nodes; pnn++) {
        if (!table.mayTake(pnn, a)) {
          continue;
        }
        if (max == Placement.NOBODY || table.count(pnn) > table.count(max)) {
          max = pnn;
        }
        if (min == Placement.NOBODY || table.count(pnn) < table.count(min)) {
          min = pnn;
        }
      }
      if (max != Placement.NOBODY && table.count(max) > table.count(min) + 1) {
        moveFirstOf(table, max);
        return true;
      }
    }
    return false;
  }

  private static void moveFirstOf(AddressTable table, int source) {
    for (int a = 0; a < table.size(); a++) {
      if (table.owner[a] == source) {
        table.assign(a, table.fewestFirst(a));
        return;
      }
    }
  }
}
