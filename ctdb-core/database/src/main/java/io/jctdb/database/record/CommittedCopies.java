package io.jctdb.database.record;

import io.jctdb.database.message.CopyNumbers;

/**
 * What the records of locks must know of persistent and replicated databases. Owner thread only.
 */
public interface CommittedCopies {
  /** How far the copies here have come. A member has what its clients were told is committed. */
  CopyNumbers numbers();

  /** Whether the copies here have come so far. One that is not attached here lacks nothing. */
  boolean have(CopyNumbers numbers);

  /** There is one listener; it hears when a copy here has come further. */
  void onProgress(Runnable listener);
}
