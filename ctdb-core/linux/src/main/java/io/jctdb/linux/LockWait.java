package io.jctdb.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * One wait for a lock that somebody else may call off.
 *
 * <p>A thread inside a blocking {@code fcntl} can only be fetched out by a signal. As the JDK does
 * for its own sockets, a real-time signal with a handler that does nothing is sent to exactly that
 * thread, so that the call returns {@code EINTR}. The signal may come a moment before the thread
 * goes to sleep and then be lost; so {@link #cancel} is to be repeated until the wait has ended.
 */
public final class LockWait {
  /** SIGRTMAX − 3; the JDK takes SIGRTMAX − 2 for the same purpose, glibc the first two. */
  private static final int SIGNAL = 61;

  private static final MethodHandle PTHREAD_SELF =
      CLibrary.plain("pthread_self", FunctionDescriptor.of(JAVA_LONG));
  private static final MethodHandle PTHREAD_KILL =
      CLibrary.plain("pthread_kill", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT));

  static {
    installHandler();
  }

  private volatile boolean cancelled;

  /** The {@code pthread_t} that may be asleep, 0 if none. Guarded by this. */
  private long sleeper;

  /** Ends the wait soon, if it has not ended already. Any thread; repeat until it has ended. */
  public void cancel() {
    cancelled = true;
    synchronized (this) {
      if (sleeper != 0) {
        try {
          int result = (int) PTHREAD_KILL.invokeExact(sleeper, SIGNAL);
          assert result == 0;
        } catch (Throwable e) {
          throw CLibrary.unexpected(e);
        }
      }
    }
  }

  public boolean isCancelled() {
    return cancelled;
  }

  /** The calling thread is about to block in a system call. */
  synchronized void beginSleep() {
    try {
      sleeper = (long) PTHREAD_SELF.invokeExact();
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
  }

  synchronized void endSleep() {
    sleeper = 0;
  }

  /**
   * The handler is libc's {@code getppid}: it takes no notice of the signal number, touches neither
   * memory nor errno, and is async-signal-safe. No SA_RESTART, or the wait would go on.
   */
  private static void installHandler() {
    MethodHandle sigaction =
        CLibrary.withErrno(
            "sigaction", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, ADDRESS));
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment errno = CLibrary.newErrno(scratch);
      MemorySegment action = scratch.allocate(152, 8); // struct sigaction: handler, mask, flags
      action.set(ADDRESS, 0, CLibrary.address("getppid"));
      int result = (int) sigaction.invokeExact(errno, SIGNAL, action, MemorySegment.NULL);
      if (result != 0) {
        throw new LinuxException("sigaction", CLibrary.errno(errno));
      }
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
  }
}
