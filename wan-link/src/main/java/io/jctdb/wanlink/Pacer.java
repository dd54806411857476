package io.jctdb.wanlink;

/**
 * Keeps to a number of bytes a second. Whoever wants to send asks how long to wait, and says what
 * was sent; a piece may go as soon as the one before it has been paid for.
 *
 * <p>A pure machine: time comes in.
 */
final class Pacer {
  /** What may go at once after a quiet time: enough for one answer, too little to fill a queue. */
  private static final long BURST_NANOS = 20_000_000L;

  private static final double NANOS_PER_SECOND = 1e9;

  private final long bytesPerSecond;
  private long paidNanos;
  private boolean used;

  /**
   * @param bytesPerSecond 0 for no limit
   */
  Pacer(long bytesPerSecond) {
    this.bytesPerSecond = bytesPerSecond;
  }

  long bytesPerSecond() {
    return bytesPerSecond;
  }

  /** How long the next piece has to wait; 0 if it may go now. */
  long waitNanos(long nowNanos) {
    return used ? Math.max(0, paidNanos - nowNanos) : 0;
  }

  /** So many bytes go now. */
  void spend(long bytes, long nowNanos) {
    if (bytesPerSecond == 0) {
      return;
    }
    long earliest = nowNanos - BURST_NANOS;
    if (!used || paidNanos - earliest < 0) {
      paidNanos = earliest;
    }
    used = true;
    paidNanos += (long) (bytes * NANOS_PER_SECOND / bytesPerSecond);
  }
}
