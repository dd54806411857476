package io.jctdb.store.tdb;

import io.jctdb.linux.Errno;
import io.jctdb.linux.Tdb;
import io.jctdb.linux.TdbAbortedGrowth;
import io.jctdb.linux.TdbError;
import io.jctdb.linux.TdbException;
import io.jctdb.protocol.Key;
import io.jctdb.protocol.RecordHeader;
import io.jctdb.store.RecordVisitor;
import io.jctdb.store.SequenceNumbers;
import io.jctdb.store.StoreException;
import io.jctdb.store.StoredRecord;
import io.jctdb.store.TransactionStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A persistent or replicated database in a TDB file, changed by libtdb's transactions only.
 *
 * <p>A transaction of a persistent database is on disk when it returns: libtdb writes what it is
 * about to overwrite to a recovery area, syncs, changes, syncs again; whoever opens the file after
 * a crash puts the old bytes back if the second part is missing (databases.md 1.4). Replicated
 * databases use the same transactions without syncs.
 *
 * <p>Every operation may wait for readers in other processes. One thread at a time.
 */
public final class TdbTransactionStore implements TransactionStore {
  private static final int ATTEMPTS_MAX = 20;
  private static final long PAUSE_MILLISECONDS_MAX = 50;

  private final Tdb tdb;

  private TdbTransactionStore(Tdb tdb) {
    this.tdb = tdb;
  }

  /**
   * Opens, and if need be creates, the file. A persistent file is checked as a whole; a replicated
   * one starts empty.
   *
   * @throws StoreException naming the file, the reason and the remedy; a damaged file is left as it
   *     is
   */
  public static TdbTransactionStore open(Path file, TdbOpenMode mode, TdbGeometry geometry) {
    if (mode != TdbOpenMode.PERSISTENT && mode != TdbOpenMode.REPLICATED) {
      throw new IllegalArgumentException(file + ": " + mode + " has no transactions");
    }
    return new TdbTransactionStore(TdbFiles.open(file, mode, geometry));
  }

  /**
   * Cleans a persistent file that nobody in this process has open, should a daemon have been killed
   * while it committed; otherwise only looks. For every file, before the {@code init} event, whose
   * script would take the file for corrupt and keep the daemon from starting. Never throws.
   */
  public static void cleanAfterCrash(Path file) {
    TdbFiles.cleanAfterCrash(file);
  }

  public Path path() {
    return tdb.path();
  }

  /** The answer to DB_OPEN_FLAGS. */
  public int openFlags() {
    return tdb.flags();
  }

  /** ENABLE_SEQNUM: from now on changes are counted in the file's header. */
  public void enableSequenceNumber() {
    tdb.enableSequenceNumber();
  }

  /** The file's "something changed" counter, not to be confused with {@link #sequenceNumber}. */
  public int changeCount() {
    return tdb.sequenceNumber();
  }

  /** UPDATE_SEQNUM: counts a change that happened on another node. */
  public void incrementChangeCount() {
    tdb.incrementSequenceNumber();
  }

  /** Reads the whole file; false if it is damaged. */
  public boolean isHealthy() {
    try {
      return tdb.check();
    } catch (TdbException e) {
      throw new StoreException(e.getMessage(), e);
    }
  }

  /**
   * Reads the whole file, for which writers wait; true if opening it anew would refuse it. What a
   * commit that was cut off leaves behind is no damage: the next opening clears it away.
   */
  public boolean isDamaged() {
    return !isHealthy() && !TdbAbortedGrowth.isIn(tdb);
  }

  @Override
  public long sequenceNumber() {
    return SequenceNumbers.of(fetch(SEQUENCE_KEY));
  }

  @Override
  public @Nullable StoredRecord fetch(Key key) {
    try {
      return tdb.read(key.bytes(), TdbValues::read);
    } catch (TdbException e) {
      throw new StoreException(e.getMessage(), e);
    }
  }

  @Override
  public void apply(List<Update> updates) {
    if (!updates.isEmpty()) {
      transaction(() -> storeAll(updates));
    }
  }

  @Override
  public void replaceAll(Iterable<Update> content) {
    transaction(
        () -> {
          tdb.wipeAll();
          storeAll(content);
        });
  }

  private void storeAll(Iterable<Update> updates) {
    byte[] head = new byte[RecordHeader.SIZE];
    for (Update update : updates) {
      update.record().header().write(head, 0);
      tdb.store(update.key().bytes(), head, update.record().data());
    }
  }

  /**
   * Runs {@code changes} in a transaction, again if a lock was refused: the kernel takes two
   * processes that wait for each other's threads for a deadlock that is none.
   */
  private void transaction(Runnable changes) {
    for (int attempt = 1; ; attempt++) {
      try {
        transactionOnce(changes);
        return;
      } catch (TdbException e) {
        if (attempt == ATTEMPTS_MAX || !isRefusedLock(e)) {
          throw new StoreException(e.getMessage() + "; nothing was changed" + freeSpace(), e);
        }
        pause(Math.min(1L << attempt, PAUSE_MILLISECONDS_MAX));
      }
    }
  }

  /** For the text of an error: libtdb does not say that the disk is full. */
  private String freeSpace() {
    try {
      long bytes = Files.getFileStore(path()).getUsableSpace();
      return "; its file system has " + (bytes >> 10) + " KiB free";
    } catch (IOException e) {
      return "";
    }
  }

  private void transactionOnce(Runnable changes) {
    tdb.transactionStart();
    boolean done = false;
    try {
      changes.run();
      tdb.transactionPrepare();
      tdb.transactionCommit();
      done = true;
    } finally {
      if (!done && tdb.transactionActive()) {
        tdb.transactionCancel();
      }
    }
  }

  private static boolean isRefusedLock(TdbException e) {
    return e.error() == TdbError.LOCK
        && switch (e.errno()) {
          case Errno.EDEADLK, Errno.EAGAIN, Errno.EACCES, Errno.EINTR -> true;
          default -> false;
        };
  }

  private static void pause(long milliseconds) {
    try {
      Thread.sleep(milliseconds);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StoreException("interrupted while waiting for a lock; nothing was changed", e);
    }
  }

  @Override
  public void forEach(RecordVisitor visitor) {
    try {
      tdb.traverseRead(
          (key, value) -> {
            StoredRecord record = TdbValues.read(value);
            if (record != null) {
              visitor.visit(new Key(key), record);
            }
            return true;
          });
    } catch (TdbException e) {
      throw new StoreException(e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    tdb.close();
  }
}
