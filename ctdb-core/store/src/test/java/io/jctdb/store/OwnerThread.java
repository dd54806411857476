package io.jctdb.store;

import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;

/** The one thread that a store belongs to, as the daemon would have it. */
public final class OwnerThread implements Executor, AutoCloseable {
  /** Longer than anything takes; a test that waits so long has failed. */
  private static final long PATIENCE_SECONDS = 30;

  private final List<Throwable> failures = new CopyOnWriteArrayList<>();
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          work -> Thread.ofPlatform().daemon().name("owner").unstarted(work));

  @Override
  public void execute(Runnable work) {
    thread.execute(
        () -> {
          try {
            work.run();
          } catch (RuntimeException | Error e) {
            failures.add(e);
          }
        });
  }

  /** Runs something on the owner thread and returns what it returned. */
  public <T> T call(Callable<T> work) {
    try {
      return thread.submit(work).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new AssertionError(e.getCause());
    } catch (TimeoutException e) {
      throw new AssertionError("the owner thread is stuck", e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  public void run(Runnable work) {
    call(
        () -> {
          work.run();
          return true;
        });
  }

  /** Waits until {@code condition}, asked on the owner thread, holds. */
  public void await(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (!call(condition::getAsBoolean)) {
      if (System.nanoTime() - deadline > 0) {
        throw new AssertionError("still not so: " + what);
      }
      try {
        Thread.sleep(1);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }

  /** What posted work threw. */
  public List<Throwable> failures() {
    return failures;
  }

  @Override
  public void close() {
    thread.shutdown();
  }
}
