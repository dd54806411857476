package io.jctdb.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.OptionalInt;

/**
 * A robust, process-shared, error-checking {@code pthread_mutex_t} that lives in mapped memory.
 *
 * <p>It is owned by a kernel thread: lock and unlock on the same <em>platform</em> thread. If an
 * owner dies, the kernel hands the mutex to the next one, who finds it marked so.
 */
final class RobustMutex {
  /** How an attempt ended. */
  enum Outcome {
    /** The caller owns it. */
    LOCKED,
    /** The caller owns it, and the owner before died while holding it. */
    LOCKED_AFTER_DEATH,
    /** Somebody else held it for the whole time. */
    BUSY
  }

  /** {@code sizeof(pthread_mutex_t)} of glibc, in bytes. */
  static final int BYTES = System.getProperty("os.arch", "").equals("aarch64") ? 48 : 40;

  private static final int CLOCK_MONOTONIC = 1;
  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  private static final MethodHandle TRYLOCK =
      CLibrary.plain("pthread_mutex_trylock", FunctionDescriptor.of(JAVA_INT, ADDRESS));
  private static final MethodHandle CLOCKLOCK =
      CLibrary.plain(
          "pthread_mutex_clocklock", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, ADDRESS));
  private static final MethodHandle CONSISTENT =
      CLibrary.plain("pthread_mutex_consistent", FunctionDescriptor.of(JAVA_INT, ADDRESS));
  private static final MethodHandle UNLOCK =
      CLibrary.plain("pthread_mutex_unlock", FunctionDescriptor.of(JAVA_INT, ADDRESS));
  private static final MethodHandle CLOCK_GETTIME =
      CLibrary.plain("clock_gettime", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));

  /** In the first word of a robust mutex: the thread that has it (Linux, futex(2)). */
  private static final int TID_MASK = 0x3FFF_FFFF;

  private RobustMutex() {}

  /** The kernel thread that has the mutex whose first word is {@code word}. */
  static OptionalInt holder(int word) {
    int tid = word & TID_MASK;
    return tid == 0 ? OptionalInt.empty() : OptionalInt.of(tid);
  }

  /**
   * Waits for the mutex at {@code address} for at most {@code nanos}. Marks it consistent if its
   * owner died; what the mutex protects is then the caller's business.
   *
   * @throws LinuxException if the mutex is unusable
   */
  static Outcome lock(MemorySegment address, long nanos) {
    int result;
    try {
      result = (int) TRYLOCK.invokeExact(address);
      if (result == Errno.EBUSY) {
        result = lockUntil(address, nanos);
      }
      if (result == Errno.EOWNERDEAD) {
        int consistent = (int) CONSISTENT.invokeExact(address);
        if (consistent != 0) {
          throw new LinuxException("pthread_mutex_consistent", consistent);
        }
      }
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
    return switch (result) {
      case 0 -> Outcome.LOCKED;
      case Errno.EOWNERDEAD -> Outcome.LOCKED_AFTER_DEATH;
      case Errno.ETIMEDOUT -> Outcome.BUSY;
      default -> throw new LinuxException("pthread_mutex_clocklock", result);
    };
  }

  private static int lockUntil(MemorySegment address, long nanos) throws Throwable {
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment until = scratch.allocate(16, 8);
      deadline(until, nanos);
      return (int) CLOCKLOCK.invokeExact(address, CLOCK_MONOTONIC, until);
    }
  }

  /** Sets the absolute {@code struct timespec} that many nanoseconds from now. */
  private static void deadline(MemorySegment timespec, long nanos) throws Throwable {
    int result = (int) CLOCK_GETTIME.invokeExact(CLOCK_MONOTONIC, timespec);
    assert result == 0;
    long sum = timespec.get(JAVA_LONG, 8) + nanos;
    timespec.set(JAVA_LONG, 0, timespec.get(JAVA_LONG, 0) + sum / NANOS_PER_SECOND);
    timespec.set(JAVA_LONG, 8, sum % NANOS_PER_SECOND);
  }

  static void unlock(MemorySegment address) {
    int result;
    try {
      result = (int) UNLOCK.invokeExact(address);
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
    if (result != 0) {
      throw new LinuxException("pthread_mutex_unlock", result);
    }
  }
}
