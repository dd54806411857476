package io.jctdb.store.tdb;

import io.jctdb.linux.LockWait;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One visit of a waiting thread to a lock: it waits until the lock is free, takes it, tells the
 * owner thread, and holds it until the owner thread says {@link #release}; then it unlocks.
 *
 * <p>Lock and unlock happen on the same thread because a mutex demands it. Every visit that has
 * begun ends with exactly one call of {@code ended} on the owner thread, after the unlock.
 */
final class LockVisit implements Runnable {
  /** The lock to be taken; both methods are called on the waiting thread. */
  interface Target {
    /** Blocks until locked (true) or called off (false). */
    boolean lock(LockWait wait);

    void unlock();
  }

  /** What the owner thread hears. */
  interface Listener {
    void granted(LockVisit visit);

    void ended(LockVisit visit);
  }

  private enum State {
    QUEUED,
    BEGUN,
    TAKEN_BACK
  }

  private final Target target;
  private final Executor ownerThread;
  private final Listener listener;
  private final LockWait wait = new LockWait();
  private final AtomicReference<State> state = new AtomicReference<>(State.QUEUED);
  private final CountDownLatch released = new CountDownLatch(1);
  private final CountDownLatch finished = new CountDownLatch(1);
  private volatile @Nullable RuntimeException failure;

  LockVisit(Target target, Executor ownerThread, Listener listener) {
    this.target = target;
    this.ownerThread = ownerThread;
    this.listener = listener;
  }

  @Override
  public void run() {
    if (!state.compareAndSet(State.QUEUED, State.BEGUN)) {
      return;
    }
    try {
      if (target.lock(wait)) {
        hold();
      }
    } catch (RuntimeException e) {
      failure = e;
    } finally {
      finished.countDown();
      post(() -> listener.ended(this));
    }
  }

  private void hold() {
    try {
      if (post(() -> listener.granted(this))) {
        awaitRelease();
      }
    } finally {
      target.unlock();
    }
  }

  private void awaitRelease() {
    boolean interrupted = false;
    while (true) {
      try {
        released.await();
        break;
      } catch (InterruptedException e) {
        interrupted = true; // the lock is not ours to drop while the owner thread works under it
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** False if the owner thread takes no more work: the daemon ends. */
  private boolean post(Runnable work) {
    try {
      ownerThread.execute(work);
      return true;
    } catch (RejectedExecutionException e) {
      return false;
    }
  }

  /** Whether no thread has been found for it yet. */
  boolean isQueued() {
    return state.get() == State.QUEUED;
  }

  /** Drops a visit that has not begun: nothing will be heard of it. False if it has. */
  boolean takeBack() {
    return state.compareAndSet(State.QUEUED, State.TAKEN_BACK);
  }

  /**
   * Calls the waiting off. To be repeated until the visit has ended; it may be granted all the
   * same.
   */
  void cancel() {
    wait.cancel();
  }

  /** The owner thread is done with the lock. */
  void release() {
    released.countDown();
  }

  /** Why the visit ended without a lock, if not because it was called off. */
  @Nullable RuntimeException failure() {
    return failure;
  }

  /** Calls off or releases, and waits until the thread has let go; false after {@code nanos}. */
  boolean end(long nanos) {
    if (takeBack()) {
      return true;
    }
    release();
    long deadline = System.nanoTime() + nanos;
    try {
      do {
        cancel();
        if (finished.await(1, TimeUnit.MILLISECONDS)) {
          return true;
        }
      } while (System.nanoTime() - deadline < 0);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return false;
  }
}
