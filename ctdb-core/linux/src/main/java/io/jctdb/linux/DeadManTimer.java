package io.jctdb.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * A kernel timer that ends this process with SIGKILL unless it is set anew in time.
 *
 * <p>A daemon that hangs, or is stopped, cannot give up what it holds; the kernel can. The timer
 * fires within a fraction of a millisecond even when every thread is stopped (libraries.md 3.2).
 * Children do not inherit it, and exec removes it. It has no power over the first process of a PID
 * namespace, which the kernel protects from SIGKILL, so such a process is refused a timer.
 *
 * <p>Threading: any thread; the latest call wins.
 */
public final class DeadManTimer implements AutoCloseable {
  private static final int SIGKILL = 9;
  private static final int TIMER_ABSTIME = 1;

  private static final MethodHandle TIMER_CREATE =
      CLibrary.withErrno(
          "timer_create", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, ADDRESS));
  private static final MethodHandle TIMER_SETTIME =
      CLibrary.withErrno(
          "timer_settime", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, ADDRESS));
  private static final MethodHandle TIMER_DELETE =
      CLibrary.withErrno("timer_delete", FunctionDescriptor.of(JAVA_INT, ADDRESS));

  private final Arena arena = Arena.ofShared();
  private final MemorySegment errno = CLibrary.newErrno(arena);

  /** {@code struct itimerspec}: interval at 0, value at 16, each seconds and nanoseconds. */
  private final MemorySegment setting = arena.allocate(32, 8);

  private final MemorySegment timer;
  private boolean closed;

  private DeadManTimer() {
    MemorySegment event = arena.allocate(64, 8); // struct sigevent: signo at 8, notify 0 = SIGNAL
    event.set(JAVA_INT, 8, SIGKILL);
    MemorySegment id = arena.allocate(ADDRESS);
    try {
      int result = (int) TIMER_CREATE.invokeExact(errno, BootClock.CLOCK_BOOTTIME, event, id);
      if (result != 0) {
        int error = CLibrary.errno(errno);
        arena.close();
        throw new LinuxException("timer_create", error);
      }
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
    timer = id.get(ADDRESS, 0);
  }

  /**
   * Creates a timer that is not yet set.
   *
   * @throws IllegalStateException if this is process 1 of its PID namespace
   */
  public static DeadManTimer create() {
    if (ProcessHandle.current().pid() == 1) {
      throw new IllegalStateException(
          "this is process 1 of its container: the kernel would not kill it when it hangs, and it"
              + " could keep what others have taken over. Run it under an init (tini, podman --init,"
              + " docker --init)");
    }
    return new DeadManTimer();
  }

  /**
   * The process dies at {@code deadlineNanos} of {@link BootClock}, at once if that is past, unless
   * this is called again before.
   */
  public void setDeadline(long deadlineNanos) {
    settime(Math.max(deadlineNanos, 1)); // zero would switch the timer off
  }

  /** The process lives on. */
  public void disarm() {
    settime(0);
  }

  private synchronized void settime(long nanos) {
    if (closed) {
      return;
    }
    setting.set(JAVA_LONG, 16, nanos / BootClock.NANOS_PER_SECOND);
    setting.set(JAVA_LONG, 24, nanos % BootClock.NANOS_PER_SECOND);
    try {
      int result =
          (int) TIMER_SETTIME.invokeExact(errno, timer, TIMER_ABSTIME, setting, MemorySegment.NULL);
      if (result != 0) {
        throw new LinuxException("timer_settime", CLibrary.errno(errno));
      }
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
  }

  /** Disarms and removes the timer. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      int result = (int) TIMER_DELETE.invokeExact(errno, timer);
      if (result != 0) {
        throw new LinuxException("timer_delete", CLibrary.errno(errno));
      }
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    } finally {
      arena.close();
    }
  }
}
