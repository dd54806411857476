package io.jctdb.store.tdb;

import io.jctdb.linux.LockWait;
import io.jctdb.linux.Tdb;
import io.jctdb.linux.TdbLocks;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Having every chain of a file at once. Owner thread only.
 *
 * <p>First the threads that wait for single chains are called back (locks of theirs and of the
 * freeze must not overlap); then one thread takes everything outside the context and keeps it,
 * while the context believes in it.
 */
final class Freeze implements LockVisit.Listener {
  /** The store around it. */
  interface Store {
    /** Calls off the waits for single chains. */
    void recallVisits();

    boolean hasVisits();

    /** The freeze is over: sections may run again. */
    void resume();
  }

  private enum Phase {
    THAWED,
    /** Waits for single chains are being called back. */
    GATHERING,
    /** A thread takes the lock of everything. */
    LOCKING,
    FROZEN,
    /** That thread is unlocking, or finding out that it was called off. */
    THAWING
  }

  private static final Logger LOG = LoggerFactory.getLogger(Freeze.class);
  private static final long RETRY_MILLISECONDS = 100;

  private final Tdb tdb;
  private final TdbLocks locks;
  private final Executor ownerThread;
  private final LockWaiters waiters;
  private final Store store;
  private List<Runnable> callbacks = new ArrayList<>();
  private Phase phase = Phase.THAWED;
  private @Nullable LockVisit visit;

  Freeze(Tdb tdb, TdbLocks locks, Executor ownerThread, LockWaiters waiters, Store store) {
    this.tdb = tdb;
    this.locks = locks;
    this.ownerThread = ownerThread;
    this.waiters = waiters;
    this.store = store;
  }

  boolean isThawed() {
    return phase == Phase.THAWED;
  }

  boolean isFrozen() {
    return phase == Phase.FROZEN;
  }

  void freeze(Runnable done) {
    if (phase == Phase.FROZEN) {
      done.run();
      return;
    }
    callbacks.add(done);
    if (phase == Phase.THAWED) {
      gather();
    }
  }

  /** Who has the lock of a chain for which the freeze waits now. */
  OptionalInt waitsFor() {
    return phase == Phase.LOCKING ? locks.holder() : OptionalInt.empty();
  }

  private void gather() {
    phase = Phase.GATHERING;
    store.recallVisits();
    visitEnded();
  }

  /** The wait for a single chain has ended; perhaps it was the last. */
  void visitEnded() {
    if (phase != Phase.GATHERING || store.hasVisits()) {
      return;
    }
    phase = Phase.LOCKING;
    LockVisit everything = new LockVisit(new Everything(locks), ownerThread, this);
    visit = everything;
    waiters.submitUnbounded(everything);
  }

  private record Everything(TdbLocks locks) implements LockVisit.Target {
    @Override
    public boolean lock(LockWait wait) {
      return locks.lockAll(wait);
    }

    @Override
    public void unlock() {
      locks.unlockAll();
    }
  }

  @Override
  public void granted(LockVisit granted) {
    if (phase != Phase.LOCKING || granted != visit) {
      granted.release();
      return;
    }
    tdb.markLockAll();
    phase = Phase.FROZEN;
    List<Runnable> waiting = callbacks;
    callbacks = new ArrayList<>();
    waiting.forEach(Runnable::run);
  }

  @Override
  public void ended(LockVisit ended) {
    if (ended != visit) {
      return;
    }
    visit = null;
    RuntimeException failure = ended.failure();
    if (failure != null) {
      LOG.error("{}: could not freeze, trying again", tdb.path(), failure);
      phase = Phase.GATHERING;
      waiters.after(RETRY_MILLISECONDS, () -> ownerThread.execute(this::visitEnded));
    } else if (callbacks.isEmpty()) {
      phase = Phase.THAWED;
      store.resume();
    } else {
      gather();
    }
  }

  void thaw() {
    callbacks.clear();
    switch (phase) {
      case THAWED, THAWING -> {}
      case GATHERING -> {
        phase = Phase.THAWED;
        store.resume();
      }
      case LOCKING -> {
        phase = Phase.THAWING;
        repeatCancel();
      }
      case FROZEN -> {
        tdb.unmarkLockAll();
        phase = Phase.THAWING;
        releaseVisit();
      }
    }
  }

  /** Until the visit has ended: a single signal can be lost. */
  private void repeatCancel() {
    LockVisit waiting = visit;
    if (phase == Phase.THAWING && waiting != null) {
      waiting.cancel();
      waiters.after(5, () -> ownerThread.execute(this::repeatCancel));
    }
  }

  private void releaseVisit() {
    LockVisit holding = visit;
    if (holding != null) {
      holding.release();
    }
  }

  /** Lets go of everything at once; false if the waiting thread could not be called back. */
  boolean close(long nanos) {
    callbacks.clear();
    if (phase == Phase.FROZEN) {
      tdb.unmarkLockAll();
    }
    phase = Phase.THAWED;
    LockVisit last = visit;
    visit = null;
    return last == null || last.end(nanos);
  }
}
