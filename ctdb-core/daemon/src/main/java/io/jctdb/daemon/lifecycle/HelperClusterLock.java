package io.jctdb.daemon.lifecycle;

import io.jctdb.linux.ThreadPriority;
import io.jctdb.recovery.LeadershipCondition;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A cluster lock that a helper program holds (cluster-and-failover 1.14): it writes {@code 0} when
 * it has the lock and keeps it as long as it runs, {@code 1} when somebody else has it, {@code 2}
 * or {@code 3} when it cannot tell. Its end is the loss of the lock; SIGTERM makes it let go. One
 * that says nothing is ended after two minutes, and the next one asked.
 */
public final class HelperClusterLock implements LeadershipCondition {
  private static final Logger log = LoggerFactory.getLogger(HelperClusterLock.class);

  /** As long as ctdbd waits for its helper. */
  private static final Duration LIMIT = Duration.ofSeconds(120);

  /** Options of the daemon's own Java machine; a helper may run in one, too. */
  private static final String DAEMONS_JAVA_OPTIONS = "JCTDB_JAVA_OPTIONS";

  private final List<String> command;
  private final Duration limit;

  /** Of the present attempt; guarded by this. */
  private @Nullable Process helper;

  /** The present attempt; an older one lets go. Guarded by this. */
  private long attempt;

  /**
   * @param setting the command and its arguments, split at blanks; no quoting
   */
  public HelperClusterLock(String setting) {
    this(setting, LIMIT);
  }

  HelperClusterLock(String setting, Duration limit) {
    this.command = List.of(setting.strip().split("\\s+"));
    this.limit = limit;
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
      end(before);
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
      end(process);
    }
  }

  /** SIGTERM. {@link Process#destroy} would also close what the helper's last words come from. */
  private static void end(Process process) {
    process.toHandle().destroy();
  }

  private void hold(long mine, CompletableFuture<Boolean> result, Runnable lost) {
    ThreadPriority.lowerThisThread(); // for the helper, which inherits it
    try {
      ProcessBuilder builder =
          new ProcessBuilder(command).redirectInput(Redirect.from(new File("/dev/null")));
      builder.environment().remove(DAEMONS_JAVA_OPTIONS);
      Process process = builder.start();
      started(mine, process);
      Complaint complaint = Complaint.of(process);
      CompletableFuture.delayedExecutor(limit.toMillis(), TimeUnit.MILLISECONDS)
          .execute(
              () -> {
                if (result.completeExceptionally(
                    failure("no answer within " + limit.toSeconds() + " s"))) {
                  end(process);
                }
              });
      try (InputStream says = process.getInputStream()) {
        int first = says.read();
        if (first != '0') {
          if (first == '1') {
            result.complete(false);
          } else {
            result.completeExceptionally(failure(meaning(first) + complaint.text()));
          }
          end(process);
          return;
        }
        if (!result.complete(isPresent(mine))) {
          return; // too late, and on its way out
        }
        while (says.read() >= 0) {
          // Nothing it says after that means anything.
        }
      }
      if (isPresent(mine)) {
        log.error("cluster lock helper {} has ended{}", command, complaint.text());
        lost.run();
      }
    } catch (IOException e) {
      if (!result.completeExceptionally(failure(String.valueOf(e.getMessage()).strip()))
          && isPresent(mine)) {
        log.error("cluster lock helper {}: {}", command, e.toString());
        lost.run();
      }
    }
  }

  private IOException failure(String why) {
    return new IOException("helper " + String.join(" ", command) + ": " + why);
  }

  /** The beginning of what a helper says on standard error: why it fails. */
  private static final class Complaint {
    private static final int BYTES_MAX = 500;
    private static final Duration LIMIT = Duration.ofMillis(500);

    private final Thread reader;
    private volatile String text = "";

    private Complaint(InputStream stream) {
      this.reader =
          Thread.ofPlatform().name("cluster-lock-complaint").daemon().start(() -> read(stream));
    }

    static Complaint of(Process process) {
      return new Complaint(process.getErrorStream());
    }

    private void read(InputStream stream) {
      try (stream) {
        String said = new String(stream.readNBytes(BYTES_MAX), StandardCharsets.UTF_8).strip();
        text = said.isEmpty() ? "" : ": " + said.replaceAll("\\s+", " ");
        stream.transferTo(OutputStream.nullOutputStream());
      } catch (IOException e) {
        log.debug("standard error of a cluster lock helper: {}", e.toString());
      }
    }

    /** To be asked when the helper ends; what it started may keep the stream open. */
    String text() {
      try {
        var _ = reader.join(LIMIT);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      return text;
    }
  }

  private static String meaning(int first) {
    return switch (first) {
      case -1 -> "it answers nothing";
      case '2' -> "it answers that it took too long";
      default -> "it answers that it failed";
    };
  }
}
