package io.jctdb.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * The time since the machine was started, in nanoseconds (CLOCK_BOOTTIME). Unlike {@link
 * System#nanoTime} it goes on while the machine is suspended, as a lease does.
 */
public final class BootClock {
  static final int CLOCK_BOOTTIME = 7;
  static final long NANOS_PER_SECOND = 1_000_000_000L;

  private static final MethodHandle CLOCK_GETTIME =
      CLibrary.plain("clock_gettime", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));

  private BootClock() {}

  public static long nanos() {
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment timespec = scratch.allocate(16, 8);
      int result = (int) CLOCK_GETTIME.invokeExact(CLOCK_BOOTTIME, timespec);
      if (result != 0) {
        throw new IllegalStateException("clock_gettime(CLOCK_BOOTTIME) failed");
      }
      return timespec.get(JAVA_LONG, 0) * NANOS_PER_SECOND + timespec.get(JAVA_LONG, 8);
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
  }
}
