package io.jctdb.iptakeover;

import java.net.InetAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * Nodes that have just failed to take an address. For a while another node is preferred, so that a
 * script that fails on one node costs the address a moment, and not its service. When that time is
 * over the node is tried again; if it refuses again, it is left alone for twice as long. Owner
 * thread.
 */
final class Refusals {
  /** Long enough to find another place, short enough that a mended node is not passed over. */
  static final Duration REMEMBERED = Duration.ofSeconds(30);

  private static final int DOUBLED_MAX = 5;

  /** Whoever has not refused again for so long after being tried is as good as any. */
  private static final Duration FORGOTTEN = Duration.ofMinutes(30);

  private record Refusal(InetAddress address, int pnn) {}

  private record Memory(long untilNanos, int times) {}

  private final Scheduler scheduler;
  private final Runnable tryAgain;
  private final Map<Refusal, Memory> memories = new HashMap<>();
  private boolean isNew;

  /**
   * @param tryAgain called when a node is to be asked again
   */
  Refusals(Scheduler scheduler, Runnable tryAgain) {
    this.scheduler = scheduler;
    this.tryAgain = tryAgain;
  }

  void add(InetAddress address, int pnn) {
    Refusal refusal = new Refusal(address, pnn);
    Memory before = memories.get(refusal);
    long now = scheduler.nowNanos();
    if (before != null && before.untilNanos > now) {
      return;
    }
    int times = before == null ? 0 : Math.min(before.times + 1, DOUBLED_MAX);
    Duration time = REMEMBERED.multipliedBy(1L << times);
    memories.put(refusal, new Memory(now + time.toNanos(), times));
    isNew = true;
    scheduler.after(time, tryAgain);
  }

  /** What a node refused before it went out of service says nothing of how it comes back. */
  void forget(int pnn) {
    memories.keySet().removeIf(refusal -> refusal.pnn == pnn);
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
    memories.values().removeIf(memory -> now - memory.untilNanos >= FORGOTTEN.toNanos());
    for (Refusal refusal : memories.keySet()) {
      boolean another =
          available.entrySet().stream()
              .anyMatch(
                  node ->
                      node.getValue().contains(refusal.address)
                          && !isRefused(new Refusal(refusal.address, node.getKey()), now));
      if (isRefused(refusal, now) && another && available.containsKey(refusal.pnn)) {
        available.get(refusal.pnn).remove(refusal.address);
      }
    }
  }

  private boolean isRefused(Refusal refusal, long now) {
    Memory memory = memories.get(refusal);
    return memory != null && memory.untilNanos > now;
  }

  void clear() {
    memories.clear();
  }
}
