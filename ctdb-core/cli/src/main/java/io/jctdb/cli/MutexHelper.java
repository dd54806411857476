package io.jctdb.cli;

import io.jctdb.linux.LinuxException;
import io.jctdb.linux.LockFile;
import io.jctdb.linux.ParentProcess;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * {@code ctdb_mutex_fcntl_helper FILE [RECHECK [PING-TIMEOUT]]}: holds a cluster lock for whoever
 * starts it (cluster-and-failover 1.14). It says on standard output, in one character, whether it
 * has the lock: {@code 0} yes, {@code 1} somebody else has, {@code 2} the file system does not
 * answer, {@code 3} it cannot be had; the reason for the last two is on standard error. After
 * {@code 0} it holds the lock until SIGTERM, until its parent ends, or until the lock protects
 * nothing any more.
 *
 * <p>RECHECK: seconds between two looks at the file, 5 if not given; 0 is never. PING-TIMEOUT:
 * seconds that such a look may take before the lock counts as lost; 0, which is the default, is any
 * time.
 *
 * <p>The main thread speaks to the file system, which may keep it waiting; another minds the parent
 * and the time.
 */
public final class MutexHelper {
  private static final Duration RECHECK = Duration.ofSeconds(5);
  private static final Duration ATTEMPT_LIMIT = Duration.ofSeconds(60);

  /** How late a look that takes too long may be noticed; the parent's end is noticed at once. */
  private static final Duration ROUND = Duration.ofSeconds(1);

  private static final FileOutputStream STDOUT = new FileOutputStream(FileDescriptor.out);
  private static final Output ANSWER = new Output(STDOUT);
  private static final Output COMPLAINT = new Output(new FileOutputStream(FileDescriptor.err));

  /** What is said to the parent, and what this process ends with if it ends at that. */
  private enum Answer {
    HELD("0", 0),
    CONTENTION("1", 0),
    TIMEOUT("2", 1),
    ERROR("3", 1);

    private final String text;
    private final int status;

    Answer(String text, int status) {
      this.text = text;
      this.status = status;
    }
  }

  /** Since when the file system has kept the main thread waiting, and for how long it may. */
  private record Wait(long sinceNanos, Duration limit) {
    boolean isOver() {
      return System.nanoTime() - sinceNanos >= limit.toNanos();
    }
  }

  private final Path path;
  private final Duration recheck;
  private final Duration pingTimeout;

  private volatile @Nullable Wait waiting;

  /** Guarded by this. */
  private boolean answered;

  private MutexHelper(Path path, Duration recheck, Duration pingTimeout) {
    this.path = path;
    this.recheck = recheck;
    this.pingTimeout = pingTimeout;
  }

  public static void main(String[] arguments) throws InterruptedException {
    List<String> words = List.of(RawArguments.restore(arguments));
    try {
      if (words.isEmpty() || words.size() > 3) {
        throw new IllegalArgumentException("one to three arguments, not " + words.size());
      }
      new MutexHelper(
              Path.of(words.getFirst()),
              words.size() > 1 ? seconds(words.get(1)) : RECHECK,
              words.size() > 2 ? seconds(words.get(2)) : Duration.ZERO)
          .run();
    } catch (IllegalArgumentException e) {
      complain("usage: ctdb_mutex_fcntl_helper FILE [RECHECK [PING-TIMEOUT]]: " + e.getMessage());
      ANSWER.text(Answer.ERROR.text);
      Runtime.getRuntime().halt(Answer.ERROR.status);
    }
  }

  private static Duration seconds(String text) {
    int seconds = Integer.parseInt(text);
    if (seconds < 0) {
      throw new IllegalArgumentException("less than 0 seconds: " + text);
    }
    return Duration.ofSeconds(seconds);
  }

  private void run() throws InterruptedException {
    try {
      ParentProcess parent = ParentProcess.watch();
      waiting = new Wait(System.nanoTime(), ATTEMPT_LIMIT);
      Thread guard = Thread.ofPlatform().name("guard").daemon().start(() -> guard(parent));
      Optional<LockFile> lock = LockFile.tryLock(path);
      waiting = null;
      if (lock.isEmpty()) {
        end(Answer.CONTENTION, "");
      }
      // Whoever started it and has gone already hears nothing: that ends it, too.
      answer(Answer.HELD);
      while (!recheck.isZero()) {
        Thread.sleep(recheck);
        waiting = pingTimeout.isZero() ? null : new Wait(System.nanoTime(), pingTimeout);
        lock.orElseThrow().verify();
        waiting = null;
      }
      guard.join();
    } catch (IOException | LinuxException e) {
      end(Answer.ERROR, String.valueOf(e.getMessage()));
    } catch (ToolFailure e) {
      end(Answer.ERROR, "nobody listens");
    }
  }

  private void guard(ParentProcess parent) {
    while (!parent.endsWithin(ROUND)) {
      Wait now = waiting;
      if (now != null && now.isOver()) {
        end(Answer.TIMEOUT, path + ": no answer within " + now.limit().toSeconds() + " s");
      }
    }
    end(Answer.ERROR, "its parent has ended");
  }

  private synchronized void answer(Answer answer) {
    if (!answered) {
      answered = true;
      ANSWER.text(answer.text);
    }
  }

  /**
   * Ends this process, with this answer if none was given. A thread that waits for the file system
   * may keep it from ending for good: the end of standard output tells the parent anyway.
   */
  private synchronized void end(Answer answer, String why) {
    if (!why.isEmpty()) {
      complain(why);
    }
    try {
      answer(answer);
      STDOUT.close();
    } catch (IOException | ToolFailure e) {
      // There is nobody to be told.
    }
    Runtime.getRuntime().halt(answer.status);
  }

  private static void complain(String why) {
    try {
      COMPLAINT.line(why);
    } catch (ToolFailure e) {
      // Nobody wants to know.
    }
  }
}
