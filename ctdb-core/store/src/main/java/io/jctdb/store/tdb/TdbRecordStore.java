package io.jctdb.store.tdb;

import io.jctdb.linux.LockWait;
import io.jctdb.linux.Tdb;
import io.jctdb.linux.TdbChainHeads;
import io.jctdb.linux.TdbException;
import io.jctdb.linux.TdbLocks;
import io.jctdb.protocol.Key;
import io.jctdb.protocol.RecordHeader;
import io.jctdb.store.RecordSection;
import io.jctdb.store.RecordStore;
import io.jctdb.store.StoreException;
import io.jctdb.store.StoredRecord;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A volatile database in a TDB file that smbd has mapped, too.
 *
 * <p>A section first tries its chain without blocking; that is the way of nearly all. If another
 * process holds the chain, the section waits in the line of that chain, and one thread of {@link
 * LockWaiters} takes the real lock outside libtdb's context. Once it has it, the owner thread makes
 * the context believe in the lock ({@code tdb_chainlock_mark}), runs the whole line, and the
 * waiting thread unlocks. ctdbd starts a helper process for this; here it costs two thread
 * switches. The owner thread itself never waits, except for the few instructions for which somebody
 * else holds the file's free list, as everybody who stores must.
 *
 * <p>The file is opened once and never again in this process (see {@link Tdb}).
 */
public final class TdbRecordStore implements RecordStore {
  private static final Logger LOG = LoggerFactory.getLogger(TdbRecordStore.class);

  /** How often waits that have no thread yet are retried without one. */
  private static final long RETRY_MILLISECONDS = 5;

  private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(5);

  private final Tdb tdb;
  private final TdbLocks locks;
  private final TdbChainHeads heads;
  private final Executor ownerThread;
  private final LockWaiters waiters;
  private final Freeze freeze;
  private final Map<Integer, ContendedChain> contended = new HashMap<>();
  private boolean inside;
  private boolean retryArmed;
  private boolean closed;
  private long sectionCount;
  private long contendedCount;

  private TdbRecordStore(
      Tdb tdb, TdbLocks locks, TdbChainHeads heads, Executor ownerThread, LockWaiters waiters) {
    this.tdb = tdb;
    this.locks = locks;
    this.heads = heads;
    this.ownerThread = ownerThread;
    this.waiters = waiters;
    this.freeze = new Freeze(tdb, locks, ownerThread, waiters, new AroundFreeze());
  }

  /**
   * Opens the file, empty. If a process of an earlier time still uses a file of that name with
   * content in it, that file is moved to {@code <file>.stale.<time>}.
   *
   * <p>May be called on any thread, and takes milliseconds to initialise a new file; afterwards the
   * store belongs to the owner thread.
   *
   * @param mode one of the volatile modes
   * @param ownerThread runs what it is given on the one thread that uses the store, in order
   * @throws StoreException naming the file, the reason and the remedy
   */
  public static TdbRecordStore open(
      Path file,
      TdbOpenMode mode,
      TdbGeometry geometry,
      Executor ownerThread,
      LockWaiters waiters) {
    if (!mode.startsEmpty()) {
      throw new IllegalArgumentException(file + ": " + mode + " is not for records that migrate");
    }
    Tdb tdb = TdbFiles.open(file, mode, geometry);
    try {
      TdbChainHeads heads = TdbChainHeads.of(tdb);
      if (!heads.usesJenkinsHash()) {
        throw new StoreException(file + ": another process created the file with the old hash");
      }
      return new TdbRecordStore(tdb, TdbLocks.of(tdb), heads, ownerThread, waiters);
    } catch (RuntimeException e) {
      tdb.close();
      throw e;
    }
  }

  public Path path() {
    return tdb.path();
  }

  /** The answer to DB_OPEN_FLAGS: with these flags, smbd opens the file. */
  public int openFlags() {
    return tdb.flags();
  }

  /** ENABLE_SEQNUM: from now on changes of this store, and of those who open later, are counted. */
  public void enableSequenceNumber() {
    tdb.enableSequenceNumber();
  }

  /** The file's "something changed" counter; wraps at 32 bits. */
  public int changeCount() {
    return tdb.sequenceNumber();
  }

  /** UPDATE_SEQNUM: counts a change that happened on another node. */
  public void incrementChangeCount() {
    tdb.incrementSequenceNumber();
  }

  /** Size of the file's data area in bytes. */
  public long sizeBytes() {
    return tdb.mapSize();
  }

  /** How the locks of this file fared since it was opened. */
  public LockStatistics lockStatistics() {
    int pending = 0;
    for (ContendedChain chain : contended.values()) {
      pending += chain.sections().size();
    }
    return new LockStatistics(sectionCount, contendedCount, pending);
  }

  // ---- sections

  @Override
  public void locked(Key key, RecordSection section) {
    checkOpen();
    int chain = chainOf(key);
    boolean lineExists = !contended.isEmpty() && contended.containsKey(chain);
    if (!lineExists && !inside && freeze.isThawed() && tryLock(key.bytes())) {
      try {
        runSection(key, section);
      } finally {
        tdb.chainUnlock(key.bytes());
      }
    } else {
      enqueue(chain, key, section);
    }
  }

  private int chainOf(Key key) {
    return Integer.remainderUnsigned(key.jenkinsHash(), heads.hashSize());
  }

  private boolean tryLock(byte[] key) {
    try {
      return tdb.tryChainLock(key);
    } catch (TdbException e) {
      throw new StoreException(e.getMessage(), e);
    }
  }

  private void runSection(Key key, RecordSection section) {
    LockedTdbRecord record = new LockedTdbRecord(tdb, key);
    inside = true;
    sectionCount++;
    try {
      section.run(record);
    } finally {
      inside = false;
      record.end();
    }
  }

  private void enqueue(int chain, Key key, RecordSection section) {
    contendedCount++;
    ContendedChain line = contended.get(chain);
    if (line != null) {
      line.sections().add(new ContendedChain.Waiting(key, section));
      return; // whoever serves the line will come to it
    }
    ContendedChain created = new ContendedChain(chain);
    created.sections().add(new ContendedChain.Waiting(key, section));
    contended.put(chain, created);
    if (inside) {
      ownerThread.execute(() -> retry(created));
    } else if (freeze.isThawed()) {
      beginVisit(created);
    }
  }

  private void beginVisit(ContendedChain line) {
    LockVisit visit =
        new LockVisit(new Chain(locks, line.chain()), ownerThread, new LineListener(line));
    line.visit = visit;
    waiters.submit(visit);
    armRetry();
  }

  private record Chain(TdbLocks locks, int chain) implements LockVisit.Target {
    @Override
    public boolean lock(LockWait wait) {
      return locks.lockChain(chain, wait);
    }

    @Override
    public void unlock() {
      locks.unlockChain(chain);
    }
  }

  /** What the waiting thread of one chain reports; on the owner thread. */
  private final class LineListener implements LockVisit.Listener {
    private final ContendedChain line;

    LineListener(ContendedChain line) {
      this.line = line;
    }

    @Override
    public void granted(LockVisit visit) {
      if (closed) {
        return;
      }
      try {
        tdb.markChainLock(line.lockKey());
        try {
          serve(line);
        } finally {
          tdb.unmarkChainLock(line.lockKey());
        }
      } finally {
        visit.release();
      }
    }

    @Override
    public void ended(LockVisit visit) {
      if (closed) {
        return;
      }
      line.visit = null;
      RuntimeException failure = visit.failure();
      if (failure != null) {
        LOG.error("{}: waiting for chain {} failed", tdb.path(), line.chain(), failure);
      }
      freeze.visitEnded();
      if (line.sections().isEmpty()) {
        contended.remove(line.chain());
      } else if (failure != null) {
        waiters.after(100, () -> post(() -> retry(line)));
      } else {
        retry(line);
      }
    }
  }

  /**
   * Runs those sections that wait now; the chain is locked. Not those that come meanwhile: smbd
   * must get its turn, too. If sections throw, the others run all the same and the first exception
   * goes on.
   */
  private void serve(ContendedChain line) {
    Queue<ContendedChain.Waiting> sections = line.sections();
    RuntimeException first = null;
    for (int count = sections.size(); count > 0; count--) {
      ContendedChain.Waiting next = sections.remove();
      try {
        runSection(next.key(), next.section());
      } catch (RuntimeException e) {
        if (first == null) {
          first = e;
        } else {
          first.addSuppressed(e);
        }
      }
    }
    if (first != null) {
      throw first;
    }
  }

  /** Serves a line that no thread waits for, or finds it a thread. */
  private void retry(ContendedChain line) {
    boolean ours = !closed && line.visit == null && contended.get(line.chain()) == line;
    if (!ours || !freeze.isThawed()) {
      return; // closed, or another is on it, or resume() will come here again
    }
    if (!tryLock(line.lockKey())) {
      beginVisit(line);
      return;
    }
    try {
      serve(line);
    } finally {
      tdb.chainUnlock(line.lockKey());
      if (line.sections().isEmpty()) {
        contended.remove(line.chain());
      } else {
        post(() -> retry(line));
      }
    }
  }

  // ---- what no thread could be found for, or must be called back

  private void armRetry() {
    if (!retryArmed) {
      retryArmed = true;
      waiters.after(RETRY_MILLISECONDS, () -> post(this::retryQueued));
    }
  }

  private void retryQueued() {
    retryArmed = false;
    if (closed) {
      return;
    }
    boolean again = false;
    for (ContendedChain line : List.copyOf(contended.values())) {
      LockVisit visit = line.visit;
      if (visit == null) {
        continue;
      }
      if (!freeze.isThawed()) {
        recall(line, visit);
      } else if (visit.isQueued()) {
        tryWithoutThread(line, visit);
      }
      again |= line.visit != null && (visit.isQueued() || !freeze.isThawed());
    }
    if (again) {
      armRetry();
    }
  }

  /** The lock excludes the waiting thread, should it begin just now: both are real. */
  private void tryWithoutThread(ContendedChain line, LockVisit visit) {
    if (!tryLock(line.lockKey())) {
      return;
    }
    try {
      serve(line);
    } finally {
      tdb.chainUnlock(line.lockKey());
      if (line.sections().isEmpty() && visit.takeBack()) {
        line.visit = null;
        contended.remove(line.chain());
      }
    }
  }

  private static void recall(ContendedChain line, LockVisit visit) {
    if (visit.takeBack()) {
      line.visit = null;
    } else {
      visit.cancel();
    }
  }

  private void post(Runnable work) {
    try {
      ownerThread.execute(work);
    } catch (RejectedExecutionException e) {
      LOG.debug("{}: the owner thread has ended", tdb.path());
    }
  }

  // ---- scan

  @Override
  public Scan scan() {
    checkOpen();
    return new TdbScan(tdb, heads, false, this::enter);
  }

  @Override
  public Scan census() {
    checkOpen();
    return new TdbScan(tdb, heads, true, this::enter);
  }

  /** Runs a piece of a scan as if it were a section: what it asks for waits until it is over. */
  private void enter(Runnable piece) {
    checkOpen();
    if (inside) {
      throw new IllegalStateException(tdb.path() + ": a scan inside a section");
    }
    inside = true;
    try {
      piece.run();
    } finally {
      inside = false;
    }
  }

  // ---- freeze

  @Override
  public void freeze(Runnable done) {
    checkOpen();
    freeze.freeze(done);
  }

  @Override
  public OptionalInt freezeWaitsFor() {
    return closed ? OptionalInt.empty() : freeze.waitsFor();
  }

  @Override
  public void thaw() {
    if (!closed) {
      freeze.thaw();
    }
  }

  private final class AroundFreeze implements Freeze.Store {
    @Override
    public void recallVisits() {
      for (ContendedChain line : contended.values()) {
        LockVisit visit = line.visit;
        if (visit != null) {
          recall(line, visit);
        }
      }
      armRetry();
    }

    @Override
    public boolean hasVisits() {
      return contended.values().stream().anyMatch(line -> line.visit != null);
    }

    @Override
    public void resume() {
      for (ContendedChain line : List.copyOf(contended.values())) {
        post(() -> retry(line));
      }
    }
  }

  @Override
  public void wipe() {
    requireFrozen("wiped");
    try {
      tdb.wipeAll();
    } catch (TdbException e) {
      throw new StoreException(e.getMessage(), e);
    }
  }

  @Override
  public void storeFrozen(Key key, StoredRecord record) {
    requireFrozen("filled");
    byte[] head = new byte[RecordHeader.SIZE];
    record.header().write(head, 0);
    try {
      tdb.store(key.bytes(), head, record.data());
    } catch (TdbException e) {
      throw new StoreException(e.getMessage(), e);
    }
  }

  private void requireFrozen(String what) {
    checkOpen();
    if (!freeze.isFrozen()) {
      throw new IllegalStateException(tdb.path() + " can only be " + what + " while frozen");
    }
  }

  // ---- end

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException(tdb.path() + " is closed");
    }
  }

  /**
   * Closes the file. If other processes hold chains that sections wait for, this takes up to some
   * 50 milliseconds, until the waiting threads have noticed.
   */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    boolean quiet = freeze.close(CLOSE_PATIENCE.toNanos());
    for (ContendedChain line : contended.values()) {
      LockVisit visit = line.visit;
      if (visit != null) {
        visit.cancel();
      }
    }
    for (ContendedChain line : contended.values()) {
      LockVisit visit = line.visit;
      quiet &= visit == null || visit.end(CLOSE_PATIENCE.toNanos());
    }
    contended.clear();
    if (!quiet) {
      throw new StoreException(
          tdb.path() + ": a thread cannot be called back from a lock; the file stays open");
    }
    heads.close();
    locks.close();
    tdb.close();
  }

  /**
   * Counts since the file was opened.
   *
   * @param sections sections run
   * @param contended sections that could not run at once
   * @param pending sections that wait now
   */
  public record LockStatistics(long sections, long contended, int pending) {}

  /** For tests: the context, to look at what only libtdb knows. */
  @Nullable Tdb context() {
    return closed ? null : tdb;
  }
}
