package io.jctdb.daemon.lifecycle;

import io.jctdb.recovery.LeadershipCondition;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A cluster lock that is a file: an exclusive fcntl lock of its first byte, held as long as this
 * node leads, on a file system that all nodes share. Looked after every few seconds: if the path is
 * another file by then, the lock protects nothing any more (cluster-and-failover 1.14).
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
    try (FileChannel file =
        FileChannel.open(
            path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      FileLock lock = file.tryLock(0, 1, false);
      Object locked = identity();
      if (lock == null || !isPresent(mine)) {
        result.complete(false);
        return;
      }
      result.complete(true);
      while (waitsOn(mine)) {
        if (!Objects.equals(locked, identity())) {
          throw new IOException("it is another file now");
        }
      }
    } catch (OverlappingFileLockException e) {
      result.complete(false); // of this very process, which is about to let go
    } catch (IOException e) {
      // Whoever asks tells why it was not got hold of; they ask every second.
      if (!result.completeExceptionally(new IOException(path + ": " + e, e)) && isPresent(mine)) {
        log.error("cluster lock {}: {}", path, e.toString());
        lost.run();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private Object identity() throws IOException {
    Object key = Files.readAttributes(path, BasicFileAttributes.class).fileKey();
    return key == null ? path : key;
  }

  /** Waits a while; false when the lock is to be let go. */
  private synchronized boolean waitsOn(long mine) throws InterruptedException {
    if (mine == attempt) {
      wait(recheck.toMillis());
    }
    return mine == attempt;
  }
}
