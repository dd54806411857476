package io.jctdb.wanlink;

/** The smallest value of the last one to two minutes: a line that is moved may get longer. */
final class WindowedMinimum {
  static final long WINDOW_NANOS = 60_000_000_000L;

  private long current = Long.MAX_VALUE;
  private long last = Long.MAX_VALUE;
  private long beganNanos;
  private boolean begun;

  void add(long value, long nowNanos) {
    if (!begun || nowNanos - beganNanos > WINDOW_NANOS) {
      last = begun && nowNanos - beganNanos <= 2 * WINDOW_NANOS ? current : Long.MAX_VALUE;
      current = Long.MAX_VALUE;
      beganNanos = nowNanos;
      begun = true;
    }
    current = Math.min(current, value);
  }

  /** {@link Long#MAX_VALUE} before the first. */
  long value() {
    return Math.min(current, last);
  }
}
