package io.jctdb.daemon.lifecycle;

import io.jctdb.linux.LockFile;
import io.jctdb.recovery.LeadershipCondition;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A cluster lock that is a file: an exclusive fcntl lock of its first byte, held as long as this
 * node leads, on a file system that all nodes share ({@link LockFile}). Looked after every few
 * seconds: if the path is another file by then, the lock protects nothing any more.
 *
 * <p>A thread of its own for each attempt, since a shared file system may keep it waiting.
 */
public final class FileClusterLock implements LeadershipCondition {
  private static final Logger log = LoggerFactory.getLogger(FileClusterLock.class);

  private final Path path;
  private final Duration recheck;

  /** The present attempt; an older one lets go. Guarded by this. */
  private long attempt;

  public FileClusterLock(Path path, Duration recheck) {
    this.path = path;
    this.recheck = recheck;
  }

  @Override
  public CompletionStage<Boolean> acquire(Runnable lost) {
    long mine = next();
    CompletableFuture<Boolean> result = new CompletableFuture<>();
    Thread.ofPlatform().name("cluster-lock").daemon().start(() -> hold(mine, result, lost));
    return result;
  }

  @Override
  public void release() {
    next();
  }

  private synchronized long next() {
    attempt++;
    notifyAll();
    return attempt;
  }

  private synchronized boolean isPresent(long mine) {
    return mine == attempt;
  }

  private void hold(long mine, CompletableFuture<Boolean> result, Runnable lost) {
    try {
      Optional<LockFile> got = LockFile.tryLock(path);
      if (got.isEmpty()) {
        result.complete(false);
        return;
      }
      try (LockFile lock = got.get()) {
        result.complete(isPresent(mine));
        while (waitsOn(mine)) {
          lock.verify();
        }
      }
    } catch (IOException e) {
      // Whoever asks tells why it was not got hold of; they ask every second.
      if (!result.completeExceptionally(e) && isPresent(mine)) {
        log.error("cluster lock {}", e.getMessage());
        lost.run();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Waits a while; false when the lock is to be let go. */
  private synchronized boolean waitsOn(long mine) throws InterruptedException {
    if (mine == attempt) {
      wait(recheck.toMillis());
    }
    return mine == attempt;
  }
}
