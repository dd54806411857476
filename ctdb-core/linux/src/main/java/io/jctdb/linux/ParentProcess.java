package io.jctdb.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.time.Duration;

/**
 * The process that started this one. The kernel tells of its end at once (a pidfd), so a helper
 * need not look every few seconds whether it is still wanted.
 */
public final class ParentProcess {
  private static final short POLLIN = 1;

  private static final MethodHandle GETPPID =
      CLibrary.plain("getppid", FunctionDescriptor.of(JAVA_INT));
  private static final MethodHandle PIDFD_OPEN =
      CLibrary.withErrno("pidfd_open", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
  private static final MethodHandle POLL =
      CLibrary.withErrno("poll", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));

  private final int pid;

  /** Negative if that process had gone already. Kept until this process ends. */
  private final int pidFd;

  private ParentProcess(int pid, int pidFd) {
    this.pid = pid;
    this.pidFd = pidFd;
  }

  /** Whoever is the parent now. */
  public static ParentProcess watch() {
    try (Arena scratch = Arena.ofConfined()) {
      int pid = getppid();
      MemorySegment errno = CLibrary.newErrno(scratch);
      int pidFd = (int) PIDFD_OPEN.invokeExact(errno, pid, 0);
      if (pidFd < 0 && CLibrary.errno(errno) != Errno.ESRCH) {
        throw new LinuxException("pidfd_open of parent " + pid, CLibrary.errno(errno));
      }
      return new ParentProcess(pid, pidFd);
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
  }

  /**
   * Waits for its end.
   *
   * @return false when it still runs after that time
   */
  public boolean endsWithin(Duration time) {
    if (pidFd < 0 || getppid() != pid) {
      return true;
    }
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment errno = CLibrary.newErrno(scratch);
      MemorySegment polled = scratch.allocate(8, 4);
      polled.set(JAVA_INT, 0, pidFd);
      polled.set(JAVA_SHORT, 4, POLLIN);
      int ready = (int) POLL.invokeExact(errno, polled, 1L, Math.toIntExact(time.toMillis()));
      if (ready < 0 && CLibrary.errno(errno) != Errno.EINTR) {
        throw new LinuxException("poll", CLibrary.errno(errno));
      }
      return ready > 0;
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
  }

  private static int getppid() {
    try {
      return (int) GETPPID.invokeExact();
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
  }
}
