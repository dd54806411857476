package io.jctdb.store;

import io.jctdb.protocol.Key;
import io.jctdb.protocol.RecordHeader;
import org.jspecify.annotations.Nullable;

/**
 * A record whose chain lock is held for the duration of one {@link RecordSection}. Not to be kept:
 * every method fails after the section has returned.
 */
public interface LockedRecord {
  Key key();

  /** The local copy, or null if there is none (or one shorter than a header). */
  @Nullable StoredRecord fetch();

  /** Creates or replaces the local copy. */
  void store(RecordHeader header, byte[] data);

  /** Removes the local copy; nothing happens if there is none. */
  void delete();
}
