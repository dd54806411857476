package io.jctdb.daemon;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The pid file, locked for as long as the daemon lives: what keeps a second daemon off the same
 * socket and databases. The lock, not the file's existence, is what counts, so a file left behind
 * by a killed daemon is no obstacle.
 */
final class PidFile implements AutoCloseable {
  private final Path path;
  private final FileChannel channel;

  private PidFile(Path path, FileChannel channel) {
    this.path = path;
    this.channel = channel;
  }

  /**
   * @throws StartException if another daemon holds it, or the file cannot be written
   */
  static PidFile claim(Path path) {
    try {
      Files.createDirectories(path.getParent());
      FileChannel channel =
          FileChannel.open(
              path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
      FileLock lock = channel.tryLock();
      if (lock == null) {
        String holder = Files.readString(path).strip();
        channel.close();
        throw new StartException(
            path
                + ": another daemon is running here"
                + (holder.isEmpty() ? "" : ", pid " + holder)
                + "; stop it first (ctdb shutdown)");
      }
      channel.truncate(0);
      channel.write(
          ByteBuffer.wrap(
              (ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.US_ASCII)));
      return new PidFile(path, channel);
    } catch (IOException e) {
      throw new StartException(path + ": cannot write the pid file: " + e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    try {
      Files.deleteIfExists(path);
      channel.close();
    } catch (IOException e) {
      // The process is about to end, which releases the lock whatever happens here.
    }
  }
}
