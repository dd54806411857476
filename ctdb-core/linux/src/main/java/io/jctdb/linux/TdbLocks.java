package io.jctdb.linux;

import java.util.OptionalInt;

/**
 * The locks of a TDB file taken <em>outside</em> its context, by a thread that can afford to wait.
 *
 * <p>smbd holds chain locks, sometimes for long, and the thread that owns the context must never
 * wait for one. So a waiting thread takes the same lock that libtdb would take, and tells the
 * owner, which makes its context believe in it ({@link Tdb#markChainLock}), works, and lets the
 * waiting thread unlock. No second descriptor of the file is ever opened.
 *
 * <p>Threading: {@code lock…} blocks, and belongs with its {@code unlock…} on one platform thread.
 * At most one user per chain at a time; none while somebody wants or has everything.
 */
public abstract sealed class TdbLocks implements AutoCloseable
    permits TdbMutexLocks, TdbRangeLocks {
  TdbLocks() {}

  /** The locks of an open file: mutexes if it has them, else byte ranges. */
  public static TdbLocks of(Tdb tdb) {
    TdbLayout layout = TdbLayout.of(tdb);
    return layout.hasMutexes()
        ? new TdbMutexLocks(tdb.fd(), layout)
        : new TdbRangeLocks(tdb.fd(), layout);
  }

  /** Waits for a chain's write lock; false if called off. */
  public abstract boolean lockChain(int chain, LockWait wait);

  public abstract void unlockChain(int chain);

  /**
   * Waits until no other process holds any chain or stands on any record, and keeps it so; false if
   * called off.
   */
  public abstract boolean lockAll(LockWait wait);

  public abstract void unlockAll();

  /**
   * The process or thread of another process that {@link #lockAll} waits for at this moment, as the
   * kernel numbers it; empty if it does not wait, or nobody can tell. Any thread, until {@link
   * #close}.
   */
  public abstract OptionalInt holder();

  /** Only when nobody waits or holds a lock any more. */
  @Override
  public abstract void close();
}
