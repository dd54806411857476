package io.jctdb.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * Lets threads of this process run before others: their nice value, which in Linux each thread has
 * for itself (setpriority(2)).
 *
 * <p>A thread that works for microseconds and waits for milliseconds otherwise waits, once woken,
 * until another process has used up its slice of a busy processor. Only such threads are to be
 * raised. Threads that a raised thread starts are raised like it; of child processes, those of
 * {@link ChildProcess} are not.
 *
 * <p>Not {@code SCHED_FIFO}, which ctdbd uses (events-and-config.md 4, {@code realtime
 * scheduling}): the Java machine and its library spin for a moment wherever another thread is about
 * to finish something, be it the end of a wait ({@code AbstractQueuedSynchronizer}), a monitor or a
 * safepoint. A real-time thread that spins keeps the other from the processor, and so never sees
 * the end of it. Two such threads of one daemon have occupied both processors of a host for four
 * minutes, and went on at once when they were made normal; for which of these they had waited was
 * not seen. Between nice values the scheduler is fair: nobody is kept from the processor for ever.
 */
public final class ThreadPriority {
  /** The highest priority. */
  public static final int HIGHEST = -20;

  private static final int NORMAL = 0;
  private static final int PRIO_PROCESS = 0;
  private static final int THIS_THREAD = 0;
  private static final Path THREADS = Path.of("/proc/self/task");

  private static final MethodHandle SETPRIORITY =
      CLibrary.withErrno(
          "setpriority", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
  private static final MethodHandle GETPRIORITY =
      CLibrary.withErrno("getpriority", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));

  /** What {@link #raiseAll} has been told so far. */
  private static volatile Map<Integer, Integer> raised = Map.of();

  private ThreadPriority() {}

  /**
   * The calling thread, which must be a platform thread.
   *
   * @param nice {@link #HIGHEST} to 19; a lower one runs sooner
   * @throws LinuxException mostly EACCES: this needs root, CAP_SYS_NICE or RLIMIT_NICE
   */
  public static void raiseThisThread(int nice) {
    set(nice);
  }

  /**
   * All threads of this process that have one of these nice values get another one: those that had
   * it set, and what they have started since. So threads can be told from others while they run
   * with a priority that hardly differs, and be raised later, together.
   *
   * @param values by present nice value
   * @throws LinuxException mostly EACCES
   */
  public static void raiseAll(Map<Integer, Integer> values) {
    raised = Map.copyOf(values); // a thread that is starting a child process finds it afterwards
    boolean found = true;
    while (found) { // what a thread started while it was looked for
      found = false;
      try (DirectoryStream<Path> threads = Files.newDirectoryStream(THREADS)) {
        for (Path thread : threads) {
          int id = Integer.parseInt(thread.getFileName().toString());
          Integer value = values.get(get(id));
          if (value != null) {
            set(id, value);
            found = true;
          }
        }
      } catch (IOException e) {
        throw new UncheckedIOException(THREADS + " cannot be read", e);
      }
    }
  }

  /**
   * A thread that the Java machine started for itself.
   *
   * @param name as the kernel has it (proc(5), {@code comm}): 15 characters at most
   * @return whether there is one
   * @throws LinuxException mostly EACCES
   */
  public static boolean raise(String name, int nice) {
    boolean found = false;
    try (DirectoryStream<Path> threads = Files.newDirectoryStream(THREADS)) {
      for (Path thread : threads) {
        if (nameOf(thread).equals(name)) {
          set(Integer.parseInt(thread.getFileName().toString()), nice);
          found = true;
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(THREADS + " cannot be read", e);
    }
    return found;
  }

  /** Empty if it has ended. */
  private static String nameOf(Path thread) {
    try {
      return Files.readString(thread.resolve("comm")).strip();
    } catch (IOException e) {
      return "";
    }
  }

  /** The calling thread is scheduled like any other again, and so is what it starts from now on. */
  public static void lowerThisThread() {
    set(NORMAL);
  }

  /** Work that starts a child process, which is to be scheduled normally. */
  interface Start<T> {
    T start() throws Throwable;
  }

  /** The calling thread is not raised during this work. */
  static <T> T whileNormal(Start<T> work) throws Throwable {
    int nice = get(THIS_THREAD);
    if (nice >= NORMAL) {
      return work.start();
    }
    set(NORMAL);
    try {
      return work.start();
    } finally {
      set(raised.getOrDefault(nice, nice));
    }
  }

  /** -1 also for a thread that has ended. */
  private static int get(int thread) {
    try (Arena scratch = Arena.ofConfined()) {
      return (int) GETPRIORITY.invokeExact(CLibrary.newErrno(scratch), PRIO_PROCESS, thread);
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
  }

  private static void set(int nice) {
    set(THIS_THREAD, nice);
  }

  private static void set(int thread, int nice) {
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment errno = CLibrary.newErrno(scratch);
      int result = (int) SETPRIORITY.invokeExact(errno, PRIO_PROCESS, thread, nice);
      if (result != 0 && !(thread != THIS_THREAD && CLibrary.errno(errno) == Errno.ESRCH)) {
        throw new LinuxException("setpriority", CLibrary.errno(errno));
      }
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
  }
}
