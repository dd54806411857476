package io.jctdb.database.traverse;

import io.jctdb.protocol.Key;
import io.jctdb.store.StoredRecord;

/** Where the records of one traverse go. Owner thread. */
public interface TraverseSink {
  void record(Key key, StoredRecord record);

  /** False while the reader is behind: the traverse waits, and asks again a little later. */
  boolean canTakeMore();

  /**
   * The end, exactly once and after the last record; nothing follows.
   *
   * @param complete false if a member was lost meanwhile or the time was up, so that records may be
   *     missing
   */
  void end(boolean complete);
}
