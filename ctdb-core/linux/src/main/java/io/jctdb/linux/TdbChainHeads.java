package io.jctdb.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

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
    int chain = from;
    while (chain < hashSize && isEmpty(chain)) {
      chain++;
    }
    return chain;
  }

  /** Nothing may be asked afterwards. */
  @Override
  public void close() {
    mapping.close();
  }
}
