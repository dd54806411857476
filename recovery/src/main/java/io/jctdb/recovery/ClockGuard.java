package io.jctdb.recovery;

import java.time.Duration;

/**
 * Notices when the assumptions behind leases do not hold: this process was not run for long, or the
 * boot clock and the monotonic clock drift apart, which means that the machine was suspended (or
 * that one of the clocks is broken). A pure machine; stepped with every tick.
 */
public final class ClockGuard {
  private static final long NEVER = Long.MIN_VALUE / 2;

  private final long lateNanos;
  private long ticked = NEVER;
  private long difference;
  private volatile long stalls;
  private volatile long jumps;
  private volatile long longestStallNanos;

  /** What was noticed in one step; zero is nothing. */
  public record Finding(long stalledNanos, long jumpedNanos) {
    public boolean nothing() {
      return stalledNanos == 0 && jumpedNanos == 0;
    }
  }

  /**
   * @param late a step that comes so much later than the one before it, or a difference of the two
   *     clocks that changes by so much, is worth telling
   */
  public ClockGuard(Duration late) {
    this.lateNanos = late.toNanos();
  }

  /** Time has passed on both clocks. */
  public Finding step(long bootNanos, long monotonicNanos) {
    long stalled = 0;
    long jumped = 0;
    long apart = bootNanos - monotonicNanos;
    if (ticked != NEVER) {
      if (bootNanos - ticked > lateNanos) {
        stalled = bootNanos - ticked;
        stalls++;
        longestStallNanos = Math.max(longestStallNanos, stalled);
      }
      if (Math.abs(apart - difference) > lateNanos) {
        jumped = apart - difference;
        jumps++;
      }
    }
    ticked = bootNanos;
    difference = apart;
    return new Finding(stalled, jumped);
  }

  /** How often the process was not run for long. */
  public long stalls() {
    return stalls;
  }

  /** How often the clocks moved apart. */
  public long jumps() {
    return jumps;
  }

  public long longestStallNanos() {
    return longestStallNanos;
  }
}
