package io.jctdb.linux;

import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/**
 * The locks of a file with mutexes, by libtdb's own protocol (databases.md 1.6).
 *
 * <p>A chain's lock is its mutex, provided that nobody holds everything; who wants everything takes
 * the allrecord mutex, says so in a word beside it, and then waits each chain out once.
 */
final class TdbMutexLocks extends TdbLocks {
  private static final short F_WRLCK = 1;
  private static final short F_UNLCK = 2;
  private static final VarHandle SHORT = JAVA_SHORT.varHandle();

  /** A wait for a mutex cannot be interrupted; this bounds how late it notices being called off. */
  private static final long SLICE_NANOS = 50_000_000L;

  private final int fd;
  private final TdbLayout layout;
  private final MappedMemory mapping;

  TdbMutexLocks(int fd, TdbLayout layout) {
    this.fd = fd;
    this.layout = layout;
    this.mapping = MappedMemory.map(fd, 0, layout.dataOffset(), true);
  }

  @Override
  public boolean lockChain(int chain, LockWait wait) {
    while (lock(chainMutex(chain), wait)) {
      if (allrecordState() == F_UNLCK) {
        return true;
      }
      // Somebody has, or is about to have, everything: let go of the chain, wait for them, retry.
      RobustMutex.unlock(chainMutex(chain));
      if (!lockAllrecordMutex(wait)) {
        return false;
      }
      RobustMutex.unlock(allrecordMutex());
    }
    return false;
  }

  @Override
  public void unlockChain(int chain) {
    RobustMutex.unlock(chainMutex(chain));
  }

  @Override
  public boolean lockAll(LockWait wait) {
    if (!lockAllrecordMutex(wait)) {
      return false;
    }
    allrecordState(F_WRLCK);
    for (int chain = 0; chain < layout.hashSize(); chain++) {
      if (!lock(chainMutex(chain), wait)) {
        unlockAll();
        return false;
      }
      RobustMutex.unlock(chainMutex(chain));
    }
    if (!TdbRangeLocks.waitForTraversers(fd, layout, wait)) {
      unlockAll();
      return false;
    }
    return true;
  }

  @Override
  public void unlockAll() {
    allrecordState(F_UNLCK);
    RobustMutex.unlock(allrecordMutex());
  }

  /**
   * Only the owner of the allrecord mutex may set the word beside it, and clears it before letting
   * go. So if the new owner finds it set, a former owner died.
   */
  private boolean lockAllrecordMutex(LockWait wait) {
    if (!lock(allrecordMutex(), wait)) {
      return false;
    }
    if (allrecordState() != F_UNLCK) {
      allrecordState(F_UNLCK);
    }
    return true;
  }

  private static boolean lock(MemorySegment mutex, LockWait wait) {
    while (!wait.isCancelled()) {
      switch (RobustMutex.lock(mutex, SLICE_NANOS)) {
        case LOCKED, LOCKED_AFTER_DEATH -> {
          return true;
        }
        case BUSY -> {}
      }
    }
    return false;
  }

  private MemorySegment chainMutex(int chain) {
    return mapping.memory().asSlice(layout.chainMutex(chain), RobustMutex.BYTES);
  }

  private MemorySegment allrecordMutex() {
    return mapping.memory().asSlice(TdbLayout.ALLRECORD_MUTEX, RobustMutex.BYTES);
  }

  private short allrecordState() {
    return (short) SHORT.getVolatile(mapping.memory(), TdbLayout.ALLRECORD_STATE);
  }

  private void allrecordState(short state) {
    SHORT.setVolatile(mapping.memory(), TdbLayout.ALLRECORD_STATE, state);
  }

  @Override
  public void close() {
    mapping.close();
  }
}
