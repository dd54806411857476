package io.jctdb.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.OptionalInt;

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
  private static final VarHandle INT = JAVA_INT.varHandle();
  private static final int MUTEX_WORDS = RobustMutex.BYTES / Integer.BYTES;
  private static final int PIECE_CHAINS = 1024;
  private static final long NONE = -1;

  /**
   * On x86 whoever locks a mutex does it with an instruction that is a full barrier, so of two who
   * each write their own word and then read the other's, one sees the other. Elsewhere the reading
   * may come first, and every mutex must be locked once.
   */
  private static final boolean LOCKING_IS_A_BARRIER =
      System.getProperty("os.arch", "").equals("amd64");

  /** A wait for a mutex cannot be interrupted; this bounds how late it notices being called off. */
  private static final long SLICE_NANOS = 50_000_000L;

  private final int fd;
  private final TdbLayout layout;
  private final MappedMemory mapping;

  /** Offset of the mutex that lockAll waits for. */
  private volatile long awaited = NONE;

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
    awaited = TdbLayout.ALLRECORD_MUTEX;
    boolean locked = lockAllrecordMutex(wait);
    awaited = NONE;
    if (!locked) {
      return false;
    }
    allrecordState(F_WRLCK);
    if (!waitForChains(wait) || !TdbRangeLocks.waitForTraversers(fd, layout, wait)) {
      unlockAll();
      return false;
    }
    return true;
  }

  /**
   * Until each chain has been free once. Whoever locks one after that sees that everything is
   * taken.
   *
   * <p>There are 100,001 chains in a database, and nearly all are free. To lock and unlock each
   * costs 10 to 450 ms for one file, as warm as the code is and as busy the machine; so a mutex
   * that can be seen to be free is passed over. They are looked at in pieces, because that is quick
   * before the code is compiled, too: a node is not stopped often. A piece is copied in units of
   * whole words (that is what the JDK promises for aligned memory).
   */
  private boolean waitForChains(LockWait wait) {
    // The mutex that this thread has just locked must show it, or the word is not what we think.
    boolean seen =
        LOCKING_IS_A_BARRIER && mapping.memory().get(JAVA_INT, TdbLayout.ALLRECORD_MUTEX) != 0;
    VarHandle.fullFence();
    int[] piece = new int[PIECE_CHAINS * MUTEX_WORDS];
    for (int from = 0; from < layout.hashSize(); from += PIECE_CHAINS) {
      int chains = Math.min(PIECE_CHAINS, layout.hashSize() - from);
      MemorySegment.copy(
          mapping.memory(), JAVA_INT, layout.chainMutex(from), piece, 0, chains * MUTEX_WORDS);
      for (int i = 0; i < chains; i++) {
        // The first word of a robust mutex is 0 if and only if nobody has it, or died with it.
        boolean free = seen && piece[i * MUTEX_WORDS] == 0;
        if (!free && !waitForChain(from + i, wait)) {
          return false;
        }
      }
    }
    return true;
  }

  private boolean waitForChain(int chain, LockWait wait) {
    awaited = layout.chainMutex(chain);
    boolean locked = lock(chainMutex(chain), wait);
    awaited = NONE;
    if (locked) {
      RobustMutex.unlock(chainMutex(chain));
    }
    return locked;
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
  public OptionalInt holder() {
    long mutex = awaited;
    return mutex == NONE
        ? OptionalInt.empty()
        : RobustMutex.holder((int) INT.getVolatile(mapping.memory(), mutex));
  }

  @Override
  public void close() {
    mapping.close();
  }
}
