package io.jctdb.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.OptionalInt;

/**
 * Exclusive byte range locks that belong to an open file, not to the process (F_OFD_SETLK).
 *
 * <p>They exclude POSIX locks, those of other processes as well as those that this process takes on
 * the same file. So a waiting thread and libtdb's own locking of the same range exclude each other
 * for real, which two POSIX locks of one process would not. And the kernel leaves them out of its
 * deadlock detection: with POSIX locks a thread of ours that waits for smbd would make the kernel
 * tell the same smbd EDEADLK when it waits for a quite different thread of ours.
 *
 * <p>All locks through one open file have one owner: overlapping ranges of two users of this class
 * merge, and whoever unlocks first unlocks for both.
 */
final class OpenFileLock {
  private static final int F_OFD_GETLK = 36;
  private static final int F_OFD_SETLK = 37;
  private static final int F_OFD_SETLKW = 38;
  private static final short F_WRLCK = 1;
  private static final short F_UNLCK = 2;

  private static final MethodHandle FCNTL =
      CLibrary.withVariadicErrno(
          "fcntl", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS), 2);

  private OpenFileLock() {}

  static boolean tryLock(int fd, long start, long length) {
    int error = fcntl(fd, F_OFD_SETLK, F_WRLCK, start, length);
    return switch (error) {
      case 0 -> true;
      case Errno.EAGAIN, Errno.EACCES, Errno.EINTR -> false;
      default -> throw new LinuxException("fcntl(F_OFD_SETLK)", error);
    };
  }

  /** Blocks until the range is locked (true) or the wait is called off (false). */
  static boolean lock(int fd, long start, long length, LockWait wait) {
    while (!wait.isCancelled()) {
      int error;
      wait.beginSleep();
      try {
        error = fcntl(fd, F_OFD_SETLKW, F_WRLCK, start, length);
      } finally {
        wait.endSleep();
      }
      if (error == 0) {
        return true;
      }
      if (error != Errno.EINTR) {
        throw new LinuxException("fcntl(F_OFD_SETLKW)", error);
      }
    }
    return false;
  }

  static void unlock(int fd, long start, long length) {
    int error = fcntl(fd, F_OFD_SETLK, F_UNLCK, start, length);
    if (error != 0) {
      throw new LinuxException("fcntl(F_OFD_SETLK)", error);
    }
  }

  /** A process that has a lock in the range; empty if none has, or it is an open file's. */
  static OptionalInt holder(int fd, long start, long length) {
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment flock = flock(scratch, F_WRLCK, start, length);
      int error = fcntl(fd, F_OFD_GETLK, flock, scratch);
      int pid = flock.get(JAVA_INT, 24);
      boolean held = error == 0 && flock.get(JAVA_SHORT, 0) != F_UNLCK;
      return held && pid > 0 ? OptionalInt.of(pid) : OptionalInt.empty();
    }
  }

  private static int fcntl(int fd, int command, short type, long start, long length) {
    try (Arena scratch = Arena.ofConfined()) {
      return fcntl(fd, command, flock(scratch, type, start, length), scratch);
    }
  }

  /**
   * {@code struct flock}: type at 0, whence at 2, start at 8, length at 16 (0 = to the end), pid at
   * 24.
   */
  private static MemorySegment flock(Arena scratch, short type, long start, long length) {
    MemorySegment flock = scratch.allocate(32, 8);
    flock.set(JAVA_SHORT, 0, type);
    flock.set(JAVA_LONG, 8, start);
    flock.set(JAVA_LONG, 16, length);
    return flock;
  }

  private static int fcntl(int fd, int command, MemorySegment flock, Arena scratch) {
    try {
      MemorySegment errno = CLibrary.newErrno(scratch);
      int result = (int) FCNTL.invokeExact(errno, fd, command, flock);
      return result == 0 ? 0 : CLibrary.errno(errno);
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
  }
}
