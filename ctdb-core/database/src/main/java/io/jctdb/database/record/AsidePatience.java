package io.jctdb.database.record;

/**
 * How long a member may be silent before this node sets it aside, learned from false alarms. One
 * now and then costs an epoch of the same members, a few milliseconds; hosts that stand still again
 * and again are given longer. So the second false alarm within {@link AsideTimes#calmNanos} of the
 * one before doubles the time, and each such time without any halves it. A pure machine.
 */
final class AsidePatience {
  private final AsideTimes times;
  private long silenceNanos;
  private boolean alarmed;
  private long calmSince;

  AsidePatience(AsideTimes times) {
    this.times = times;
    this.silenceNanos = times.silenceNanos();
  }

  /** A member that was set aside is heard again. */
  void falseAlarm(long now) {
    calm(now);
    if (alarmed) {
      silenceNanos = Math.min(2 * silenceNanos, times.silenceMaxNanos());
    }
    alarmed = true;
    calmSince = now;
  }

  /** So long a member may be silent now. */
  long silenceNanos(long now) {
    calm(now);
    return silenceNanos;
  }

  private void calm(long now) {
    while (alarmed && now - calmSince >= times.calmNanos()) {
      alarmed = silenceNanos > times.silenceNanos();
      silenceNanos = Math.max(times.silenceNanos(), silenceNanos / 2);
      calmSince += times.calmNanos();
    }
  }
}
