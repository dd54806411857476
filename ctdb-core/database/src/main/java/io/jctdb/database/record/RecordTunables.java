package io.jctdb.database.record;

/**
 * The times and limits of a {@link RecordEngine}.
 *
 * @param holdNanos how long a record stays after the clients that waited for it were answered, so
 *     that they get its chain lock before it is handed on. Longer than a client needs from reading
 *     the answer to taking the lock (tens of microseconds), else contended records bounce unused;
 *     every microsecond more is one in which all others wait. 0 = none
 * @param retryNanos how long a requester or lmaster waits for an answer before it asks again;
 *     doubles with each repetition. Far longer than a round trip and than chain locks are usually
 *     held: what repeats is only what a broken link lost
 * @param retryMaxNanos where the doubling ends
 * @param burialDelayNanos how long an empty record rests before its removal is asked for, and
 *     before that is asked again. ctdb's VacuumInterval is 10 s; here it is shorter, because until
 *     then others wait for the owner's lease when the owner falls silent, for a file that nobody
 *     has open (and for a new one to which the file system gives the same inode). Far longer than
 *     between two uses of one file by one client, which would fetch the record anew each time
 * @param burialBatch how many removals are asked for at a time
 * @param visitNanos how long a record of the main site stays at a remote member before it is
 *     fetched home, the first time: many round trips. 0 = until somebody wants it
 * @param limits how much is remembered
 * @param aside when a silent member is done without
 */
public record RecordTunables(
    long holdNanos,
    long retryNanos,
    long retryMaxNanos,
    long burialDelayNanos,
    int burialBatch,
    long visitNanos,
    RecordLimits limits,
    AsideTimes aside) {
  public static final RecordTunables DEFAULT =
      new RecordTunables(
          300_000L,
          1_000_000_000L,
          8_000_000_000L,
          2_000_000_000L,
          1_000,
          2_000_000_000L,
          RecordLimits.DEFAULT,
          AsideTimes.DEFAULT);

  public RecordTunables {
    if (holdNanos < 0
        || retryNanos <= 0
        || retryMaxNanos < retryNanos
        || burialDelayNanos <= 0
        || burialBatch <= 0
        || visitNanos < 0) {
      throw new IllegalArgumentException("record tunables out of range");
    }
  }

  public RecordTunables withRetryNanos(long nanos, long maxNanos) {
    return new RecordTunables(
        holdNanos, nanos, maxNanos, burialDelayNanos, burialBatch, visitNanos, limits, aside);
  }

  public RecordTunables withVisitNanos(long nanos) {
    return new RecordTunables(
        holdNanos, retryNanos, retryMaxNanos, burialDelayNanos, burialBatch, nanos, limits, aside);
  }

  public RecordTunables withLimits(RecordLimits other) {
    return new RecordTunables(
        holdNanos,
        retryNanos,
        retryMaxNanos,
        burialDelayNanos,
        burialBatch,
        visitNanos,
        other,
        aside);
  }

  public RecordTunables withAside(AsideTimes times) {
    return new RecordTunables(
        holdNanos,
        retryNanos,
        retryMaxNanos,
        burialDelayNanos,
        burialBatch,
        visitNanos,
        limits,
        times);
  }

  /** The pause before attempt {@code attempts + 1}. */
  long retryAfter(int attempts) {
    return Math.min(retryMaxNanos, retryNanos << Math.min(attempts, 16));
  }
}
