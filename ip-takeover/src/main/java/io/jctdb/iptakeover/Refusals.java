package io.jctdb.iptakeover;

import java.net.InetAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * Nodes that have just failed to take an address. For a while another node is preferred, so that a
 * script that fails on one node costs the address a moment, and not its service. Owner thread.
 */
final class Refusals {
  /** Long enough to find another place, short enough that a mended node is not passed over. */
  private static final Duration REMEMBERED = Duration.ofSeconds(30);

  private record Refusal(InetAddress address, int pnn) {}

  private final Scheduler scheduler;
  private final Map<Refusal, Long> untilNanos = new HashMap<>();
  private boolean isNew;

  Refusals(Scheduler scheduler) {
    this.scheduler = scheduler;
  }

  void add(InetAddress address, int pnn) {
    long until = scheduler.nowNanos() + REMEMBERED.toNanos();
    isNew |= untilNanos.put(new Refusal(address, pnn), until) == null;
  }

  /** Whether a node has refused since this was last asked: then it pays to try another at once. */
  boolean isNew() {
    boolean result = isNew;
    isNew = false;
    return result;
  }

  /** Takes the nodes that have refused an address off its list, unless no other node is left. */
  void apply(Map<Integer, Set<InetAddress>> available) {
    long now = scheduler.nowNanos();
    untilNanos.values().removeIf(until -> now - until >= 0);
    for (Refusal refusal : untilNanos.keySet()) {
      boolean another =
          available.entrySet().stream()
              .anyMatch(
                  node ->
                      node.getValue().contains(refusal.address)
                          && !untilNanos.containsKey(
                              new Refusal(refusal.address, node.getKey())));
      if (another && available.containsKey(refusal.pnn)) {
        available.get(refusal.pnn).remove(refusal.address);
      }
    }
  }

  void clear() {
    untilNanos.clear();
  }
}
