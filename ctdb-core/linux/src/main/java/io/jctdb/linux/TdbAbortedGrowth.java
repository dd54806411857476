package io.jctdb.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Tells the harmless trace of a process that died in the middle of a commit from real damage.
 *
 * <p>When a transaction that makes the file larger is cut off, libtdb 1.4.8 puts every old byte
 * back when the file is opened next, but leaves the file at its new size, with pieces of the lost
 * transaction behind the old end. {@code tdb_check} then complains about records that no chain
 * knows (seen in about one of a hundred kill -9 of a process that does nothing but such commits),
 * although nothing is missing. Such a file has a telling shape: from its first record up to some
 * point every byte that is not zero belongs to exactly one record of a chain or of the free list,
 * and behind that point nothing is in use but, perhaps, the recovery area. Damage in the middle,
 * such as a page of zeros, does not look so. Rewriting the file ({@link Tdb#repack}) removes the
 * trace.
 *
 * <p>Layout of records: databases.md 1.3.
 */
public final class TdbAbortedGrowth {
  private static final int RECORD_HEADER_BYTES = 24;
  private static final int TAILER_BYTES = 4;
  private static final int RECOVERY_START = 44;
  private static final int FREE_LIST_HEAD = 168;
  private static final int USED = 0x26011999;
  private static final int DEAD = 0xFEE1DEAD;
  private static final int FREE = 0xD9FEE666;
  private static final int RECOVERY = 0xF53BC0E7;
  private static final int RECOVERY_DONE = 0;

  private final MemorySegment file;
  private final TdbChainHeads heads;
  private final int hashSize;
  private final List<Piece> pieces = new ArrayList<>();

  /** One record, from its header to its end. */
  private record Piece(long start, long end, boolean recovery) {}

  private TdbAbortedGrowth(MemorySegment file, TdbChainHeads heads) {
    this.file = file;
    this.heads = heads;
    this.hashSize = heads.hashSize();
  }

  /**
   * Whether a file shows the trace of a cut-off growth and nothing worse. {@code tdb_check} need
   * not have complained: it passes over zeros, and what follows them. Only for files without
   * mutexes, and while nobody writes.
   */
  public static boolean isIn(Tdb tdb) {
    TdbLayout layout = TdbLayout.of(tdb);
    boolean cutShort = tdb.mapSize() < TdbLayout.chainHead(layout.hashSize());
    if (layout.hasMutexes() || cutShort) {
      return false;
    }
    try (MappedMemory mapping = MappedMemory.map(tdb.fd(), 0, tdb.mapSize(), false);
        TdbChainHeads heads = TdbChainHeads.of(tdb)) {
      return new TdbAbortedGrowth(mapping.memory(), heads).isWholeUpToSomePoint();
    }
  }

  private boolean isWholeUpToSomePoint() {
    if (!collectChains() || !collect(word(FREE_LIST_HEAD), -1) || !collectRecoveryArea()) {
      return false;
    }
    pieces.sort(Comparator.comparingLong(Piece::start));
    long whole = TdbLayout.chainHead(hashSize);
    boolean gap = false;
    boolean remains = false;
    for (Piece piece : pieces) {
      gap |= piece.start() > whole;
      remains |= !isZero(whole, piece.start());
      if (piece.start() < whole || (remains && !piece.recovery())) {
        return false;
      }
      whole = piece.end();
    }
    return gap || whole < file.byteSize();
  }

  private boolean collectChains() {
    for (int chain = heads.nextUsed(0); chain < hashSize; chain = heads.nextUsed(chain + 1)) {
      if (!collect(word(TdbLayout.chainHead(chain)), chain)) {
        return false;
      }
    }
    return true;
  }

  /**
   * Zeros between records are space that an earlier cut-off growth has cost; libtdb accepts them.
   */
  private boolean isZero(long from, long to) {
    for (long at = from; at < to; at += 4) {
      if (word(at) != 0) {
        return false;
      }
    }
    return true;
  }

  /**
   * Follows one list; {@code chain} is −1 for the free list. False if anything is not as it must
   * be.
   */
  private boolean collect(long head, int chain) {
    // More records than fit into the file: the list is a ring.
    long recordsMax = file.byteSize() / RECORD_HEADER_BYTES;
    long at = head;
    while (at != 0) {
      Piece piece = piece(at, false);
      if (piece == null || pieces.size() > recordsMax || !isSound(piece, chain)) {
        return false;
      }
      pieces.add(piece);
      at = word(at);
    }
    return true;
  }

  private boolean isSound(Piece piece, int chain) {
    long at = piece.start();
    int magic = magic(at);
    long length = word(at + 4);
    if (length < TAILER_BYTES || word(piece.end() - TAILER_BYTES) != piece.end() - at) {
      return false;
    }
    if (chain < 0) {
      return magic == FREE;
    }
    boolean inChain = word(at + 16) % hashSize == chain;
    boolean fits = word(at + 8) + word(at + 12) + TAILER_BYTES <= length;
    return inChain && (magic == DEAD || (magic == USED && fits));
  }

  private boolean collectRecoveryArea() {
    long at = word(RECOVERY_START);
    if (at == 0) {
      return true;
    }
    Piece piece = piece(at, true);
    if (piece == null || (magic(at) != RECOVERY && magic(at) != RECOVERY_DONE)) {
      return false;
    }
    pieces.add(piece);
    return true;
  }

  private @Nullable Piece piece(long at, boolean recovery) {
    boolean headerFits =
        at % 4 == 0
            && at >= TdbLayout.chainHead(hashSize)
            && at + RECORD_HEADER_BYTES <= file.byteSize();
    if (!headerFits) {
      return null;
    }
    long end = at + RECORD_HEADER_BYTES + word(at + 4);
    return end % 4 == 0 && end <= file.byteSize() ? new Piece(at, end, recovery) : null;
  }

  private int magic(long record) {
    return file.get(JAVA_INT, record + 20);
  }

  private long word(long offset) {
    return Integer.toUnsignedLong(file.get(JAVA_INT, offset));
  }
}
