package io.jctdb.store.tdb;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The threads that wait for locks which other processes hold, shared by all databases.
 *
 * <p>Platform threads, because mutexes belong to kernel threads and a blocked virtual thread would
 * block its carrier. They come on demand, up to a bound, and leave after ten idle seconds. Waits
 * beyond the bound stand in line for a thread; meanwhile their stores retry without blocking on the
 * {@link #after timer}.
 */
public final class LockWaiters implements AutoCloseable {
  /** As many as ctdbd had lock helper processes for one database (LockProcessesPerDB). */
  public static final int DEFAULT_THREADS_MAX = 200;

  private static final long STACK_BYTES = 256 << 10;
  private static final long IDLE_SECONDS = 10;

  private final ThreadPoolExecutor threads;
  private final ScheduledThreadPoolExecutor timer;
  private final Queue<Runnable> line = new ConcurrentLinkedQueue<>();

  public LockWaiters(int threadsMax) {
    AtomicInteger number = new AtomicInteger();
    ThreadFactory factory =
        work -> {
          String name = "lock-waiter-" + number.incrementAndGet();
          Thread thread = new Thread(null, work, name, STACK_BYTES);
          thread.setDaemon(true);
          return thread;
        };
    threads =
        new ThreadPoolExecutor(
            0, threadsMax, IDLE_SECONDS, TimeUnit.SECONDS, new SynchronousQueue<>(), factory);
    timer =
        new ScheduledThreadPoolExecutor(
            1, work -> Thread.ofPlatform().daemon().name("lock-timer").unstarted(work));
    timer.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  /** Runs {@code wait}, which may block, as soon as there is a thread for it. */
  void submit(Runnable wait) {
    boolean started =
        start(
            () -> {
              wait.run();
              serveLine();
            });
    if (!started) {
      line.add(wait);
      // If all threads are still at work now, one of them will serve the line; else this starts
      // one.
      start(this::serveLine);
    }
  }

  /** Runs {@code wait} on a thread outside the bound: for the few that wait for a whole file. */
  void submitUnbounded(Runnable wait) {
    Thread.ofPlatform().daemon().name("freeze-waiter").start(wait);
  }

  private boolean start(Runnable work) {
    try {
      threads.execute(work);
      return true;
    } catch (RejectedExecutionException e) {
      return false;
    }
  }

  private void serveLine() {
    for (Runnable next = line.poll(); next != null; next = line.poll()) {
      next.run();
    }
  }

  /** Runs {@code work}, which must not block, a little later; not at all once closed. */
  void after(long milliseconds, Runnable work) {
    try {
      var _ = timer.schedule(work, milliseconds, TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      // Closed: nobody is left to retry for.
    }
  }

  /** Threads at work or idle; for the status page. */
  public int threadCount() {
    return threads.getPoolSize();
  }

  /** Waits that stand in line for a thread. */
  public int lineLength() {
    return line.size();
  }

  /** To be closed after every store that uses it. */
  @Override
  public void close() {
    threads.shutdown();
    timer.shutdownNow();
  }
}
