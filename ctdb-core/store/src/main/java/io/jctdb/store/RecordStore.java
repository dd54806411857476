package io.jctdb.store;

import io.jctdb.protocol.Key;
import java.util.OptionalInt;

/**
 * The local copies of one volatile database.
 *
 * <p>Other processes (every smbd of this node) share the file behind it and hold chain locks of
 * their own, sometimes for long. So nothing here waits: a section whose chain is taken runs later.
 *
 * <p>Threading: confined to one <em>owner thread</em>, the one the store was created with; sections
 * and scans run on it, too, never two at a time.
 */
public interface RecordStore extends AutoCloseable {
  /**
   * Runs {@code section} exactly once under the chain lock of {@code key}: before this returns if
   * the lock is free and no earlier section waits for that chain, otherwise later on the owner
   * thread. Sections of one chain run in the order in which they were handed in. After {@link
   * #close} those that still wait are dropped.
   */
  void locked(Key key, RecordSection section);

  /**
   * Starts a scan over all records. Records that exist unchanged during the whole scan are seen
   * exactly once; others may be missed.
   */
  Scan scan();

  /**
   * Like {@link #scan}, but sees every record that exists during the whole of it at least once,
   * also one that is being rewritten meanwhile. Slower where that needs more locks; {@code limit}
   * bounds the locks of a slice, too.
   */
  default Scan census() {
    return scan();
  }

  /**
   * Takes every chain lock (waiting in the background, however long another process holds one) and
   * then runs {@code done} on the owner thread. While frozen, {@link #locked} queues.
   */
  void freeze(Runnable done);

  /**
   * Who keeps a {@link #freeze} from being done at this moment: the number of a process, or of a
   * thread of one. Empty if nobody does, or it cannot be told.
   */
  default OptionalInt freezeWaitsFor() {
    return OptionalInt.empty();
  }

  /** Releases what {@link #freeze} took; harmless if not frozen. */
  void thaw();

  /** Removes every record. Only while frozen. */
  void wipe();

  /** Stores one record bypassing the chain lock. Only while frozen. */
  void storeFrozen(Key key, StoredRecord record);

  @Override
  void close();

  /** A scan in slices, so that the owner thread can do other things in between. */
  interface Scan {
    /**
     * Visits up to {@code limit} more records (a soft limit).
     *
     * @return false when every record has been visited. Chains held by other processes are passed
     *     over and tried again; as long as only those are left, this returns true without a visit.
     */
    boolean next(int limit, RecordVisitor visitor);
  }
}
