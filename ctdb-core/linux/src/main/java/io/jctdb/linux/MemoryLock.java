package io.jctdb.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Keeps what this process uses in memory (mlockall(2)): a host that is short of memory, be it only
 * because it serves many files, otherwise drops or swaps out what has not been touched for a while,
 * and whoever needs it again waits for the disk.
 *
 * <p>Only what has been touched is locked, when it is touched first ({@code MCL_ONFAULT}, Linux
 * 4.4): a Java machine reserves ten times as much as it ever uses. Child processes do not inherit
 * it.
 */
public final class MemoryLock {
  private static final int MCL_CURRENT = 1;
  private static final int MCL_FUTURE = 2;
  private static final int MCL_ONFAULT = 4;

  private static final MethodHandle MLOCKALL =
      CLibrary.withErrno("mlockall", FunctionDescriptor.of(JAVA_INT, JAVA_INT));

  private MemoryLock() {}

  /**
   * From now on whatever this process has in memory stays there, and what it touches later.
   *
   * @throws LinuxException EPERM or ENOMEM: this needs root, CAP_IPC_LOCK, or RLIMIT_MEMLOCK
   *     without a limit; nothing is locked then
   */
  public static void lockWhatIsUsed() {
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment errno = CLibrary.newErrno(scratch);
      int result = (int) MLOCKALL.invokeExact(errno, MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
      if (result != 0) {
        throw new LinuxException("mlockall", CLibrary.errno(errno));
      }
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
  }
}
