package io.jctdb.linux;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;

/**
 * A lock on a file system that several hosts may share: an exclusive POSIX record lock (fcntl) of
 * the file's first byte, as ctdbd takes its cluster lock (cluster-and-failover 1.14). It belongs to
 * the process: the kernel, or the file system's lock service, gives it back when that ends.
 *
 * <p>Every call may wait for the file system. Not thread safe.
 */
public final class LockFile implements Closeable {
  private static final long HELD_BYTE = 0;

  /** Nobody holds this one; it is tried to see whether locks are still served. */
  private static final long TRIAL_BYTE = 1;

  private final Path path;
  private final FileChannel file;
  private final Object identity;

  private LockFile(Path path, FileChannel file, Object identity) {
    this.path = path;
    this.file = file;
    this.identity = identity;
  }

  /**
   * Makes the file if there is none, and locks it unless somebody else has.
   *
   * @return the lock, to be given back by {@link #close}; empty if somebody else holds it
   * @throws IOException with the path and what is wrong with it
   */
  public static Optional<LockFile> tryLock(Path path) throws IOException {
    try {
      create(path);
      Object before = identity(path);
      FileChannel file = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
      try {
        // Between the same two, what was opened is the file that has this name.
        if (locked(file) && before.equals(identity(path))) {
          FileChannel held = file;
          file = null;
          return Optional.of(new LockFile(path, held, before));
        }
        return Optional.empty();
      } finally {
        if (file != null) {
          file.close();
        }
      }
    } catch (IOException e) {
      throw described(path, e);
    }
  }

  private static void create(Path path) throws IOException {
    try {
      Files.createFile(path);
    } catch (FileAlreadyExistsException e) {
      // As nearly always.
    }
  }

  private static boolean locked(FileChannel file) throws IOException {
    try {
      return file.tryLock(HELD_BYTE, 1, false) != null;
    } catch (OverlappingFileLockException e) {
      return false; // held by this very process
    }
  }

  private static Object identity(Path path) throws IOException {
    Object key = Files.readAttributes(path, BasicFileAttributes.class).fileKey();
    return key == null ? path : key;
  }

  /**
   * Looks whether the lock still protects what it is to protect: that the path names the same file
   * (device and inode), and that locks on it are still served.
   *
   * @throws IOException if not, with the path and the reason
   */
  public void verify() throws IOException {
    try {
      if (!identity.equals(identity(path))) {
        throw new IOException("it is another file now");
      }
      FileLock trial = file.tryLock(TRIAL_BYTE, 1, false);
      if (trial != null) {
        trial.release();
      }
    } catch (IOException e) {
      throw described(path, e);
    }
  }

  /** Lets go. */
  @Override
  public void close() throws IOException {
    file.close();
  }

  private static IOException described(Path path, IOException e) {
    String reason =
        switch (e) {
          case NoSuchFileException missing -> "no such file or directory";
          case AccessDeniedException denied -> "permission denied";
          case FileSystemException other when other.getReason() != null -> other.getReason();
          default -> String.valueOf(e.getMessage());
        };
    return new IOException(path + ": " + reason, e);
  }
}
