package io.jctdb.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/**
 * A look at the heads of a TDB file's chains, to pass over empty ones without a lock.
 *
 * <p>A head is one aligned word that is written in one piece, and the header part of a file never
 * moves or shrinks while the file is open (databases.md 1.3). So a record that exists during the
 * whole of a look is always seen; one that comes or goes meanwhile may or may not be.
 */
public final class TdbChainHeads implements AutoCloseable {
  private static final VarHandle INT = JAVA_INT.varHandle();

  /** Looked at one by one: in a full file the next one is near. */
  private static final int NEAR_CHAINS = 16;

  /**
   * Beyond those, looked at as a copy. Most files are nearly empty, and before the code is compiled
   * a look into mapped memory is slow: 65 ms for the nine files of a node that starts, and a third
   * of that in pieces. A piece is copied in units of whole words (that is what the JDK promises for
   * aligned memory).
   */
  private static final int PIECE_CHAINS = 1024;

  private final MappedMemory mapping;
  private final int hashSize;
  private final boolean jenkins;

  private TdbChainHeads(MappedMemory mapping, TdbLayout layout) {
    this.mapping = mapping;
    this.hashSize = layout.hashSize();
    this.jenkins = layout.jenkins();
  }

  public static TdbChainHeads of(Tdb tdb) {
    TdbLayout layout = TdbLayout.of(tdb);
    long bytes = TdbLayout.chainHead(layout.hashSize());
    return new TdbChainHeads(MappedMemory.map(tdb.fd(), layout.dataOffset(), bytes, false), layout);
  }

  public int hashSize() {
    return hashSize;
  }

  /** Whether the file's chains are computed with the jenkins hash. */
  public boolean usesJenkinsHash() {
    return jenkins;
  }

  public boolean isEmpty(int chain) {
    return (int) INT.getVolatile(mapping.memory(), TdbLayout.chainHead(chain)) == 0;
  }

  /** The first chain at or after {@code from} that is not empty, or {@link #hashSize()}. */
  public int nextUsed(int from) {
    int near = Math.min(from + NEAR_CHAINS, hashSize);
    for (int chain = from; chain < near; chain++) {
      if (!isEmpty(chain)) {
        return chain;
      }
    }
    return near < hashSize ? nextUsedFar(near) : hashSize;
  }

  private int nextUsedFar(int from) {
    int[] piece = new int[Math.min(PIECE_CHAINS, hashSize - from)];
    for (int start = from; start < hashSize; start += piece.length) {
      int chains = Math.min(piece.length, hashSize - start);
      VarHandle.fullFence(); // not earlier than the look at the piece before
      MemorySegment.copy(mapping.memory(), JAVA_INT, TdbLayout.chainHead(start), piece, 0, chains);
      for (int i = 0; i < chains; i++) {
        if (piece[i] != 0) {
          return start + i;
        }
      }
    }
    return hashSize;
  }

  /** Nothing may be asked afterwards. */
  @Override
  public void close() {
    mapping.close();
  }
}
