package io.jctdb.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** Asks the kernel whether a process exists. */
public final class ProcessProbe {
  private static final MethodHandle KILL =
      CLibrary.withErrno("kill", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));

  private ProcessProbe() {}

  /** {@code kill(pid, 0)}: also true for processes of other users. False for pids below 1. */
  public static boolean exists(int pid) {
    if (pid < 1) {
      return false; // these name groups, or everybody
    }
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment errno = CLibrary.newErrno(scratch);
      int result = (int) KILL.invokeExact(errno, pid, 0);
      return result == 0 || CLibrary.errno(errno) == Errno.EPERM;
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
  }
}
