package io.jctdb.linux;

import java.util.OptionalInt;

/** The locks of a file without mutexes: one byte per chain (databases.md 1.7). */
final class TdbRangeLocks extends TdbLocks {
  private static final int NONE = -1;

  private final int fd;
  private final TdbLayout layout;

  /** The chain that lockAll blocks for. */
  private volatile int awaited = NONE;

  TdbRangeLocks(int fd, TdbLayout layout) {
    this.fd = fd;
    this.layout = layout;
  }

  @Override
  public boolean lockChain(int chain, LockWait wait) {
    return OpenFileLock.lock(fd, TdbLayout.chainLock(chain), 1, wait);
  }

  @Override
  public void unlockChain(int chain) {
    OpenFileLock.unlock(fd, TdbLayout.chainLock(chain), 1);
  }

  @Override
  public boolean lockAll(LockWait wait) {
    if (lockHalves(0, layout.hashSize(), wait) && waitForTraversers(fd, layout, wait)) {
      return true;
    }
    unlockAll();
    return false;
  }

  /**
   * Tries the range as a whole, else each half, and blocks only for single chains: so a stream of
   * short locks here and there cannot starve it.
   */
  private boolean lockHalves(int from, int to, LockWait wait) {
    if (wait.isCancelled()) {
      return false;
    }
    if (to - from == 1) {
      awaited = from;
      boolean locked = lockChain(from, wait);
      awaited = NONE;
      return locked;
    }
    if (OpenFileLock.tryLock(fd, TdbLayout.chainLock(from), 4L * (to - from))) {
      return true;
    }
    int middle = (from + to) >>> 1;
    return lockHalves(from, middle, wait) && lockHalves(middle, to, wait);
  }

  @Override
  public void unlockAll() {
    OpenFileLock.unlock(fd, TdbLayout.CHAIN_LOCKS, 4L * layout.hashSize());
  }

  /**
   * A traverser in another process holds a lock on the record it stands on, and needs a chain lock
   * to step on. With all chains held, having had every record's lock once is enough; keeping it
   * would only stand in the way of our own libtdb, which looks at these locks when it deletes.
   */
  static boolean waitForTraversers(int fd, TdbLayout layout, LockWait wait) {
    if (!OpenFileLock.lock(fd, layout.recordLocks(), 0, wait)) {
      return false;
    }
    OpenFileLock.unlock(fd, layout.recordLocks(), 0);
    return true;
  }

  @Override
  public OptionalInt holder() {
    int chain = awaited;
    return chain == NONE
        ? OptionalInt.empty()
        : OpenFileLock.holder(fd, TdbLayout.chainLock(chain), 1);
  }

  @Override
  public void close() {}
}
