package io.jctdb.wanlink;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What is known of the line to a peer: round trips from our own pings, loss from the segments that
 * TCP had to send again. A repeated segment may have been late rather than lost, so the estimate is
 * an upper one.
 *
 * <p>A pure machine: time and readings come in.
 */
final class LineMeter {
  /** As TCP does it (RFC 6298): an eighth of each new round trip. */
  private static final int SMOOTHING = 8;

  /** The share of the past in the loss estimate halves with so many segments. */
  private static final double LOSS_HALF_LIFE_SEGMENTS = 500;

  private final WindowedMinimum shortest = new WindowedMinimum();
  private long smoothedNanos;
  private double segments;
  private double repeated;
  private int lastSegments;
  private int lastRepeated;
  private boolean counting;

  void roundTrip(long nanos, long nowNanos) {
    smoothedNanos =
        smoothedNanos == 0 ? nanos : smoothedNanos + (nanos - smoothedNanos) / SMOOTHING;
    shortest.add(nanos, nowNanos);
  }

  /** A new connection, whose counters begin at zero. */
  void newConnection() {
    counting = false;
  }

  /** The counters of the connection as they are now; they wrap at 2^32. */
  void counters(int segmentsSent, int segmentsRepeated) {
    if (counting) {
      double sent = Integer.toUnsignedLong(segmentsSent - lastSegments);
      double fade = Math.pow(0.5, sent / LOSS_HALF_LIFE_SEGMENTS);
      segments = segments * fade + sent;
      repeated = repeated * fade + Integer.toUnsignedLong(segmentsRepeated - lastRepeated);
    }
    counting = true;
    lastSegments = segmentsSent;
    lastRepeated = segmentsRepeated;
  }

  /** Null before the first. */
  @Nullable Duration smoothed() {
    return smoothedNanos == 0 ? null : Duration.ofNanos(smoothedNanos);
  }

  /** Of the last one to two minutes; null before the first. */
  @Nullable Duration shortest() {
    long value = shortest.value();
    return value == Long.MAX_VALUE ? null : Duration.ofNanos(value);
  }

  /** Of 1; 0 while too little was sent to tell. */
  double loss() {
    return segments < 1 ? 0 : Math.min(1, repeated / segments);
  }
}
