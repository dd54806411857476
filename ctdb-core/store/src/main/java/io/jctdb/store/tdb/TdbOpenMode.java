package io.jctdb.store.tdb;

import io.jctdb.linux.Tdb;

/**
 * The ways in which the daemon opens database files, and with it everybody else: smbd and the tool
 * ask for these flags and use them verbatim (databases.md 2.2).
 */
public enum TdbOpenMode {
  /** Volatile, with robust mutexes. */
  VOLATILE_MUTEX(
      Tdb.NOSYNC
          | Tdb.CLEAR_IF_FIRST
          | Tdb.INCOMPATIBLE_HASH
          | Tdb.MUTEX_LOCKING
          | Tdb.DISALLOW_NESTING), // 0x1C41

  /** Volatile, with fcntl locks ({@code tdb mutexes = false}). */
  VOLATILE_FCNTL(
      Tdb.NOSYNC | Tdb.CLEAR_IF_FIRST | Tdb.INCOMPATIBLE_HASH | Tdb.DISALLOW_NESTING), // 0x0C41

  /** Replicated: a full copy that is refilled from the other nodes after a restart. */
  REPLICATED(
      Tdb.NOSYNC | Tdb.CLEAR_IF_FIRST | Tdb.INCOMPATIBLE_HASH | Tdb.DISALLOW_NESTING), // 0x0C41

  /** Persistent: survives everything, fsync'ed. */
  PERSISTENT(Tdb.DISALLOW_NESTING); // 0x0400

  private final int flags;

  TdbOpenMode(int flags) {
    this.flags = flags;
  }

  public int flags() {
    return flags;
  }

  /** The volatile mode for this machine: mutexes if wanted and if they work here. */
  public static TdbOpenMode volatileMode(boolean mutexesWanted) {
    return mutexesWanted && Tdb.robustMutexesWork() ? VOLATILE_MUTEX : VOLATILE_FCNTL;
  }

  boolean startsEmpty() {
    return (flags & Tdb.CLEAR_IF_FIRST) != 0;
  }
}
