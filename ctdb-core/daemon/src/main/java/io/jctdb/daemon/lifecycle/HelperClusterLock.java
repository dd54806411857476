package io.jctdb.daemon.lifecycle;

import io.jctdb.linux.ThreadPriority;
import io.jctdb.recovery.LeadershipCondition;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.ProcessBuilder.Redirect;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A cluster lock that a helper program holds (cluster-and-failover 1.14): it writes {@code 0} when
 * it has the lock and keeps it as long as it runs, {@code 1} when somebody else has it, {@code 2}
 * or {@code 3} when it cannot tell. Its end is the loss of the lock; SIGTERM makes it let go.
 */
public final class HelperClusterLock implements LeadershipCondition {
  private static final Logger log = LoggerFactory.getLogger(HelperClusterLock.class);

  private final List<String> command;

  /** Of the present attempt; guarded by this. */
  private @Nullable Process helper;

  /** The present attempt; an older one lets go. Guarded by this. */
  private long attempt;

  /**
   * @param setting the command and its arguments, split at blanks; no quoting
   */
  public HelperClusterLock(String setting) {
    this.command = List.of(setting.strip().split("\\s+"));
  }

  @Override
  public CompletionStage<Boolean> acquire(Runnable lost) {
    long mine = next(null);
    CompletableFuture<Boolean> result = new CompletableFuture<>();
    Thread.ofPlatform().name("cluster-lock").daemon().start(() -> hold(mine, result, lost));
    return result;
  }

  @Override
  public void release() {
    next(null);
  }

  private synchronized long next(@Nullable Process started) {
    Process before = helper;
    if (before != null) {
      before.destroy();
    }
    helper = started;
    return ++attempt;
  }

  private synchronized boolean isPresent(long mine) {
    return mine == attempt;
  }

  /** The helper of an attempt that is over by now ends at once. */
  private synchronized void started(long mine, Process process) {
    if (mine == attempt) {
      helper = process;
    } else {
      process.destroy();
    }
  }

  private void hold(long mine, CompletableFuture<Boolean> result, Runnable lost) {
    ThreadPriority.lowerThisThread(); // for the helper, which inherits it
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectInput(Redirect.from(new File("/dev/null")))
              .redirectError(Redirect.DISCARD)
              .start();
      started(mine, process);
      try (InputStream says = process.getInputStream()) {
        int first = says.read();
        if (first != '0') {
          process.destroy();
          if (first == '1') {
            result.complete(false);
          } else {
            result.completeExceptionally(
                new IOException("helper " + command + ": it answers " + meaning(first)));
          }
          return;
        }
        result.complete(isPresent(mine));
        while (says.read() >= 0) {
          // Nothing it says after that means anything.
        }
      }
      if (isPresent(mine)) {
        log.error("cluster lock helper {} has ended", command);
        lost.run();
      }
    } catch (IOException e) {
      if (!result.completeExceptionally(new IOException("helper " + command + ": " + e, e))
          && isPresent(mine)) {
        log.error("cluster lock helper {}: {}", command, e.toString());
        lost.run();
      }
    }
  }

  private static String meaning(int first) {
    return switch (first) {
      case -1 -> "nothing";
      case '2' -> "that it took too long";
      default -> "that it failed";
    };
  }
}
