package io.jctdb.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.MemorySegment;

/**
 * Where in a TDB file the things are that this package touches without libtdb (databases.md 1.1 and
 * 1.6). Read from the file itself and checked against the context.
 *
 * @param hashSize number of chains
 * @param dataOffset where the data area starts: 0, or behind the mutexes
 * @param jenkins whether chains are computed with the jenkins hash
 */
record TdbLayout(int hashSize, long dataOffset, boolean jenkins) {
  private static final int HEADER_BYTES = 168;
  private static final int VERSION = 0x2601196D;
  private static final int FEATURE_MARKER = 0x0BAD1A52;
  private static final int MUTEX_FEATURE = 1;
  private static final int JENKINS_MAGIC = 0xD7B694E5;
  private static final int PAGE_BYTES = 4096;

  /** fcntl lock byte of chain 0, which is also where the allrecord range starts. */
  static final long CHAIN_LOCKS = 168;

  /** Offset of {@code allrecord_mutex}. */
  static final long ALLRECORD_MUTEX = HEADER_BYTES;

  /** Offset of the 16-bit state of the allrecord lock. */
  static final long ALLRECORD_STATE = ALLRECORD_MUTEX + RobustMutex.BYTES;

  private static final long FREE_LIST_MUTEX = ALLRECORD_STATE + 8;
  private static final long CHAIN_HEADS = 172;

  static TdbLayout of(Tdb tdb) {
    try (MappedMemory first = MappedMemory.map(tdb.fd(), 0, HEADER_BYTES, false)) {
      MemorySegment header = first.memory();
      int hashSize = header.get(JAVA_INT, 36);
      boolean mutexes =
          header.get(JAVA_INT, 40) == FEATURE_MARKER
              && (header.get(JAVA_INT, 60) & MUTEX_FEATURE) != 0;
      long dataOffset = mutexes ? Integer.toUnsignedLong(header.get(JAVA_INT, 64)) : 0;
      TdbLayout layout =
          new TdbLayout(hashSize, dataOffset, header.get(JAVA_INT, 52) == JENKINS_MAGIC);
      if (header.get(JAVA_INT, 32) != VERSION
          || hashSize != tdb.hashSize()
          || dataOffset != (mutexes ? layout.mutexAreaBytes() : 0)) {
        throw new IllegalStateException(
            tdb.path()
                + ": the file's header is not laid out as expected (hash size "
                + hashSize
                + ", mutex area "
                + dataOffset
                + " bytes); is libtdb newer than 1.4?");
      }
      return layout;
    }
  }

  boolean hasMutexes() {
    return dataOffset != 0;
  }

  /** Size of everything in front of the data area, in whole pages. */
  private long mutexAreaBytes() {
    // On machines with larger pages libtdb rounds up further; the check in of() then refuses.
    long bytes = chainMutex(hashSize);
    return (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
  }

  long chainMutex(int chain) {
    return FREE_LIST_MUTEX + (1L + chain) * RobustMutex.BYTES;
  }

  /** Offset of a chain's head, inside the data area. */
  static long chainHead(int chain) {
    return CHAIN_HEADS + 4L * chain;
  }

  /** fcntl lock byte of a chain; not shifted by the mutex area. */
  static long chainLock(int chain) {
    return CHAIN_LOCKS + 4L * chain;
  }

  /** First byte behind the chains' lock bytes: where the locks of single records begin. */
  long recordLocks() {
    return chainLock(hashSize);
  }
}
