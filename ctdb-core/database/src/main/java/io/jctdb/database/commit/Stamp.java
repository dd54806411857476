package io.jctdb.database.commit;

/**
 * The rsn of the sequence number record: in which epoch a content was written last, and how far the
 * sequence number went up then. Nobody else gives a meaning to this rsn.
 *
 * <pre>
 *  63..24  number of the epoch; 0 if ctdbd wrote it
 *  23..0   sequence number less that of the content it was written on, usually 1
 * </pre>
 */
record Stamp(long rsn) {
  private static final int STEP_BITS = 24;
  private static final long STEP_MAX = (1L << STEP_BITS) - 1;
  private static final long EPOCH_MAX = Long.MAX_VALUE >> STEP_BITS;

  static Stamp of(long epoch, long step) {
    return new Stamp((epoch & EPOCH_MAX) << STEP_BITS | Math.min(step, STEP_MAX));
  }

  /** Of what is written on this content. A backup of another cluster may be of a later epoch. */
  Stamp next(long epochNow, long step) {
    return of(Math.max(epoch(), epochNow), step);
  }

  long epoch() {
    return rsn >> STEP_BITS & EPOCH_MAX;
  }

  /** The sequence number of the content that the one with this stamp was written on. */
  long base(long sequenceNumber) {
    boolean known = epoch() > 0;
    return sequenceNumber - (known ? Math.max(1, rsn & STEP_MAX) : 1);
  }
}
