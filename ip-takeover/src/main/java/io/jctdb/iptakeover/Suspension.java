package io.jctdb.iptakeover;

import java.time.Duration;

/** Something that is off until a point in time. Owner thread. */
final class Suspension {
  /** The longest that a message may ask for. */
  private static final int SECONDS_MAX = 24 * 60 * 60;

  private final Scheduler scheduler;
  private boolean set;
  private long startNanos;
  private long endNanos;

  Suspension(Scheduler scheduler) {
    this.scheduler = scheduler;
  }

  /** Begins anew; 0 ends it. A number beyond all reason, as an unsigned one, means a day. */
  void forSeconds(int seconds) {
    boolean reasonable = seconds >= 0 && seconds <= SECONDS_MAX;
    set = seconds != 0;
    startNanos = scheduler.nowNanos();
    endNanos =
        scheduler.nowNanos() + Duration.ofSeconds(reasonable ? seconds : SECONDS_MAX).toNanos();
  }

  void end() {
    set = false;
  }

  boolean isInForce() {
    return set && scheduler.nowNanos() - endNanos < 0;
  }

  /** Since it was last asked for. */
  Duration age() {
    return Duration.ofNanos(scheduler.nowNanos() - startNanos);
  }

  Duration left() {
    return isInForce() ? Duration.ofNanos(endNanos - scheduler.nowNanos()) : Duration.ZERO;
  }
}
