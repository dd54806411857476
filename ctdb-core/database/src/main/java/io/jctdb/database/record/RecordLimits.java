package io.jctdb.database.record;

/**
 * How much a {@link RecordEngine} remembers of records. What is beyond costs time or space, and is
 * never wrong.
 *
 * @param burials how many empty records are remembered for removal; the rest stays as it is, which
 *     costs only space
 * @param settled how many owners of records at rest an lmaster remembers; a forgotten one costs the
 *     next requester a round trip
 * @param delegated of how many own records this node remembers who has read-only copies; of
 *     another, all members are told when it is to be written
 * @param lines how many records may be on the move at an lmaster at once; requests beyond are
 *     dropped, and repeated by the requester
 * @param early how many messages of an epoch that has not begun here yet are kept for it
 */
public record RecordLimits(int burials, int settled, int delegated, int lines, int early) {
  public static final RecordLimits DEFAULT =
      new RecordLimits(1_000_000, 131_072, 1_000_000, 1_000_000, 10_000);

  public RecordLimits {
    if (burials < 0 || settled < 0 || delegated < 0 || lines <= 0 || early < 0) {
      throw new IllegalArgumentException("record limits out of range");
    }
  }

  public RecordLimits withDelegated(int records) {
    return new RecordLimits(burials, settled, records, lines, early);
  }
}
