package io.jctdb.recovery;

import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread that owns everything in {@link ZooKeeperMembership} and in what that is made of.
 * Other threads, and the answers of ZooKeeper, hand it tasks, which it does one after the other in
 * the order in which they came; no task waits for anything. Any thread may call any method.
 */
final class MembershipThread implements Executor {
  private static final Logger LOG = LoggerFactory.getLogger(ClusterMembership.class);

  private final int self;
  private final ScheduledExecutorService thread;

  MembershipThread(int self) {
    this.self = self;
    this.thread =
        Executors.newSingleThreadScheduledExecutor(
            task -> Thread.ofPlatform().name("membership-" + self).daemon().unstarted(task));
  }

  /** Does the task after those that came before; never, when the thread has been shut down. */
  @Override
  public void execute(Runnable task) {
    try {
      thread.execute(() -> guarded(task));
    } catch (RejectedExecutionException e) {
      LOG.debug("membership has ended; not done any more: {}", task);
    }
  }

  /** Does the task again and again, {@code pause} after each time. */
  void repeat(Runnable task, Duration pause) {
    thread.scheduleWithFixedDelay(
        () -> guarded(task), pause.toMillis(), pause.toMillis(), TimeUnit.MILLISECONDS);
  }

  /**
   * Runs the task here and now. An error in one task, or in the daemon's listener, must not silence
   * the thread.
   */
  void guarded(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException e) {
      LOG.error("membership of node {}", self, e);
    }
  }

  boolean isShutdown() {
    return thread.isShutdown();
  }

  void shutdownNow() {
    thread.shutdownNow();
  }
}
