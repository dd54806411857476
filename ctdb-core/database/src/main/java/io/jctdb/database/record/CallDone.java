package io.jctdb.database.record;

import io.jctdb.protocol.RecordHeader;

/**
 * How a {@link RecordEngine#call} ends. Exactly one method is called, once, on the owner thread.
 */
public interface CallDone {
  /**
   * The record was here, owned by this node ({@code header.dmaster()} is its pnn in the local
   * store), or, for a client that only reads, as a read-only copy; and its chain lock is released.
   * Another node may take it away at any moment from now on.
   *
   * @param data the value as it was under the lock; not to be modified
   */
  void record(RecordHeader header, byte[] data);

  /** No volatile database with that id is attached here (any more). */
  void unknownDatabase();
}
