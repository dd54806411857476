package io.jctdb.iptakeover;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/**
 * Who fails too often to be relied upon at once. A node or an interface that goes down and up every
 * few seconds would carry its addresses along each time, and every move costs clients their
 * connections. So the first failures count for nothing; after each further one it must have been
 * well for a while before it is given anything again: {@link #HOLD_MIN}, and twice as long each
 * time. What has not failed for {@link #FORGOTTEN} after that is as good as any.
 *
 * <p>A pure machine: time comes from the scheduler's clock, nothing is scheduled. Owner thread.
 */
final class FlapDamping<K> {
  /**
   * So many failures cost nothing: a service is restarted, a cable is plugged into another port.
   */
  static final int FREE = 2;

  static final Duration HOLD_MIN = Duration.ofSeconds(10);

  /** The longest hold is 2^5 times the shortest: 320 s. */
  private static final int DOUBLED_MAX = 5;

  static final Duration FORGOTTEN = Duration.ofMinutes(2);

  private record Memory(int failures, long heldUntilNanos) {}

  private final Scheduler scheduler;
  private final Map<K, Memory> memories = new HashMap<>();

  FlapDamping(Scheduler scheduler) {
    this.scheduler = scheduler;
  }

  /**
   * It has failed.
   *
   * @return for how long it is given nothing from now on; zero if that was one of the first
   *     failures
   */
  Duration failed(K who) {
    int failures = failures(who) + 1;
    int beyond = failures - FREE - 1;
    Duration hold =
        beyond < 0 ? Duration.ZERO : HOLD_MIN.multipliedBy(1L << Math.min(beyond, DOUBLED_MAX));
    memories.put(who, new Memory(failures, scheduler.nowNanos() + hold.toNanos()));
    return hold;
  }

  /** Failures that are not forgotten yet. */
  int failures(K who) {
    Memory memory = memories.get(who);
    if (memory == null) {
      return 0;
    }
    if (scheduler.nowNanos() - memory.heldUntilNanos >= FORGOTTEN.toNanos()) {
      memories.remove(who);
      return 0;
    }
    return memory.failures;
  }

  boolean isHeld(K who) {
    Memory memory = memories.get(who);
    return memory != null && memory.heldUntilNanos > scheduler.nowNanos();
  }

  /** Whatever it failed at has nothing to do with what it is now. */
  void forget(K who) {
    memories.remove(who);
  }

  void clear() {
    memories.clear();
  }
}
