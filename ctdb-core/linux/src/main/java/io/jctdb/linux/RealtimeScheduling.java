package io.jctdb.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Lets threads of this process run before everything that is not real-time, as ctdbd does as a
 * whole (events-and-config.md 4, {@code realtime scheduling}): {@code SCHED_FIFO}.
 *
 * <p>A thread that works for microseconds and waits for milliseconds otherwise waits, once woken,
 * until another process has used up its slice of a busy processor. Only such threads may be raised:
 * one that computes for long would starve the rest of the node, compilers of this Java machine
 * included. The thread with which the Java machine stops all others must not be raised either: it
 * spins until each of them has stopped, and one that is not real-time cannot do so while it spins
 * (a few daemons on one host then stand still until the kernel's reserve for the others, each
 * second). Threads that a raised thread starts are raised like it; of child processes, those of
 * {@link ChildProcess} are not.
 */
public final class RealtimeScheduling {
  private static final int SCHED_OTHER = 0;
  private static final int SCHED_FIFO = 1;
  private static final int THIS_THREAD = 0;

  private static final MethodHandle SCHED_SETSCHEDULER =
      CLibrary.withErrno(
          "sched_setscheduler", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS));

  private RealtimeScheduling() {}

  /**
   * The calling thread, which must be a platform thread.
   *
   * @param priority 1 to 99; a higher one runs first
   * @throws LinuxException mostly EPERM: this needs root, CAP_SYS_NICE or RLIMIT_RTPRIO
   */
  public static void raiseThisThread(int priority) {
    schedule(THIS_THREAD, SCHED_FIFO, priority);
  }

  /** The calling thread is scheduled like any other again, and so is what it starts from now on. */
  public static void lowerThisThread() {
    schedule(THIS_THREAD, SCHED_OTHER, 0);
  }

  private static void schedule(int thread, int policy, int priority) {
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment errno = CLibrary.newErrno(scratch);
      MemorySegment parameters = scratch.allocateFrom(JAVA_INT, priority);
      int result = (int) SCHED_SETSCHEDULER.invokeExact(errno, thread, policy, parameters);
      if (result != 0) {
        throw new LinuxException("sched_setscheduler", CLibrary.errno(errno));
      }
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
  }
}
