package io.jctdb.database;

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
 * @param burialsMax how many empty records are remembered for removal; the rest stays as it is,
 *     which costs only space
 * @param settledMax how many owners of records at rest an lmaster remembers; a forgotten one costs
 *     the next requester a round trip
 * @param delegatedMax of how many own records this node remembers who has read-only copies; of
 *     another, all members are told when it is to be written
 * @param linesMax how many records may be on the move at an lmaster at once; requests beyond are
 *     dropped, and repeated by the requester
 * @param earlyMax how many messages of an epoch that has not begun here yet are kept for it
 * @param visitNanos how long a record of the main site stays at a remote member before it is
 *     fetched home, the first time: many round trips. 0 = until somebody wants it
 * @param aside when a silent member is done without
 */
public record RecordTunables(
    long holdNanos,
    long retryNanos,
    long retryMaxNanos,
    long burialDelayNanos,
    int burialBatch,
    int burialsMax,
    int settledMax,
    int delegatedMax,
    int linesMax,
    int earlyMax,
    long visitNanos,
    AsideTimes aside) {
  public static final RecordTunables DEFAULT =
      new RecordTunables(
          300_000L,
          1_000_000_000L,
          8_000_000_000L,
          2_000_000_000L,
          1_000,
          1_000_000,
          131_072,
          1_000_000,
          1_000_000,
          10_000,
          2_000_000_000L,
          AsideTimes.DEFAULT);

  public RecordTunables {
    if (holdNanos < 0
        || retryNanos <= 0
        || retryMaxNanos < retryNanos
        || burialDelayNanos <= 0
        || burialBatch <= 0
        || burialsMax < 0
        || settledMax < 0
        || delegatedMax < 0
        || linesMax <= 0
        || earlyMax < 0
        || visitNanos < 0) {
      throw new IllegalArgumentException("record tunables out of range");
    }
  }

  public RecordTunables withHoldNanos(long nanos) {
    return new RecordTunables(
        nanos,
        retryNanos,
        retryMaxNanos,
        burialDelayNanos,
        burialBatch,
        burialsMax,
        settledMax,
        delegatedMax,
        linesMax,
        earlyMax,
        visitNanos,
        aside);
  }

  public RecordTunables withBurialDelayNanos(long nanos) {
    return new RecordTunables(
        holdNanos,
        retryNanos,
        retryMaxNanos,
        nanos,
        burialBatch,
        burialsMax,
        settledMax,
        delegatedMax,
        linesMax,
        earlyMax,
        visitNanos,
        aside);
  }

  public RecordTunables withDelegatedMax(int records) {
    return new RecordTunables(
        holdNanos,
        retryNanos,
        retryMaxNanos,
        burialDelayNanos,
        burialBatch,
        burialsMax,
        settledMax,
        records,
        linesMax,
        earlyMax,
        visitNanos,
        aside);
  }

  public RecordTunables withRetryNanos(long nanos, long maxNanos) {
    return new RecordTunables(
        holdNanos,
        nanos,
        maxNanos,
        burialDelayNanos,
        burialBatch,
        burialsMax,
        settledMax,
        delegatedMax,
        linesMax,
        earlyMax,
        visitNanos,
        aside);
  }

  public RecordTunables withVisitNanos(long nanos) {
    return new RecordTunables(
        holdNanos,
        retryNanos,
        retryMaxNanos,
        burialDelayNanos,
        burialBatch,
        burialsMax,
        settledMax,
        delegatedMax,
        linesMax,
        earlyMax,
        nanos,
        aside);
  }

  public RecordTunables withAside(AsideTimes times) {
    return new RecordTunables(
        holdNanos,
        retryNanos,
        retryMaxNanos,
        burialDelayNanos,
        burialBatch,
        burialsMax,
        settledMax,
        delegatedMax,
        linesMax,
        earlyMax,
        visitNanos,
        times);
  }

  /** The pause before attempt {@code attempts + 1}. */
  long retryAfter(int attempts) {
    return Math.min(retryMaxNanos, retryNanos << Math.min(attempts, 16));
  }
}
