package io.jctdb.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A child in a process group of its own, whose standard output and error are collected together.
 *
 * <p>Why not {@link ProcessBuilder}: it runs a file without {@code #!} through the shell where the
 * kernel would refuse it, cannot make a process group, and cannot end collecting when the child
 * ends while a grandchild still holds the pipe. Here {@code posix_spawn} gives the exact error
 * number; a pidfd and the pipe are polled together, so that nothing is waited for longer than the
 * child lives.
 *
 * <p>It is scheduled normally, whatever the thread that starts it is. Standard input is {@code
 * /dev/null}; no other descriptor of this process reaches the child; SIGPIPE is ignored in it, as
 * in the children of ctdbd, so that a service started by a script survives the end of the script's
 * output pipe. The working directory is inherited.
 *
 * <p>One thread calls {@link #await}; {@link #signalGroup} may be called from any thread. Needs
 * glibc 2.36.
 */
public final class ChildProcess implements AutoCloseable {
  /** Output beyond this is read and dropped, so that a babbling child cannot fill the heap. */
  public static final int OUTPUT_BYTES_MAX = 4 << 20;

  private static final int CHUNK_BYTES = 64 << 10;
  private static final int O_CLOEXEC = 0x80000;
  private static final short POLLIN = 1;
  private static final int WNOHANG = 1;
  private static final int SIGPIPE = 13;
  private static final MemorySegment SIG_IGN = MemorySegment.ofAddress(1);
  private static final short SPAWN_SETPGROUP = 0x02;
  private static final short SPAWN_SETSIGMASK = 0x08;
  private static final short SPAWN_SETSCHEDULER = 0x20;
  private static final int SCHED_OTHER = 0;

  /** Room for the opaque structures of glibc: 80, 336 and 128 bytes in truth. */
  private static final int OPAQUE_BYTES = 512;

  private static final MethodHandle PIPE2 =
      CLibrary.withErrno("pipe2", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));
  private static final MethodHandle CLOSE =
      CLibrary.plain("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
  private static final MethodHandle READ =
      CLibrary.withErrno("read", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));
  private static final MethodHandle POLL =
      CLibrary.withErrno("poll", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
  private static final MethodHandle KILL =
      CLibrary.plain("kill", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
  private static final MethodHandle WAITPID =
      CLibrary.withErrno("waitpid", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
  private static final MethodHandle PIDFD_OPEN =
      CLibrary.withErrno("pidfd_open", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
  private static final MethodHandle SIGNAL =
      CLibrary.plain("signal", FunctionDescriptor.of(ADDRESS, JAVA_INT, ADDRESS));
  private static final MethodHandle SPAWN =
      CLibrary.plain(
          "posix_spawn",
          FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS));
  private static final MethodHandle ACTIONS_INIT = opaque("posix_spawn_file_actions_init");
  private static final MethodHandle ACTIONS_DESTROY = opaque("posix_spawn_file_actions_destroy");
  private static final MethodHandle ADD_DUP2 =
      CLibrary.plain(
          "posix_spawn_file_actions_adddup2",
          FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT));
  private static final MethodHandle ADD_OPEN =
      CLibrary.plain(
          "posix_spawn_file_actions_addopen",
          FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT));
  private static final MethodHandle ADD_CLOSEFROM =
      CLibrary.plain(
          "posix_spawn_file_actions_addclosefrom_np",
          FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));
  private static final MethodHandle ATTR_INIT = opaque("posix_spawnattr_init");
  private static final MethodHandle ATTR_FLAGS =
      CLibrary.plain(
          "posix_spawnattr_setflags", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_SHORT));
  private static final MethodHandle ATTR_PGROUP =
      CLibrary.plain(
          "posix_spawnattr_setpgroup", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));
  private static final MethodHandle ATTR_SIGMASK =
      CLibrary.plain(
          "posix_spawnattr_setsigmask", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS));
  private static final MethodHandle ATTR_SCHEDPOLICY =
      CLibrary.plain(
          "posix_spawnattr_setschedpolicy", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));
  private static final MethodHandle ATTR_SCHEDPARAM =
      CLibrary.plain(
          "posix_spawnattr_setschedparam", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS));
  private static final MethodHandle SIGEMPTYSET = opaque("sigemptyset");

  static {
    // The JVM only has a handler that does nothing, which exec would turn into "terminate".
    // A disposition of "ignore" means the same to the JVM, and is inherited.
    try {
      MemorySegment _ = (MemorySegment) SIGNAL.invokeExact(SIGPIPE, SIG_IGN);
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
  }

  private final int pid;
  private final int pidFd;
  private int pipeFd;
  private final ByteArrayOutputStream output = new ByteArrayOutputStream();
  private Optional<ChildExit> exit = Optional.empty();
  private boolean closed;

  private ChildProcess(int pid, int pidFd, int pipeFd) {
    this.pid = pid;
    this.pidFd = pidFd;
    this.pipeFd = pipeFd;
  }

  private static MethodHandle opaque(String function) {
    return CLibrary.plain(function, FunctionDescriptor.of(JAVA_INT, ADDRESS));
  }

  /**
   * Starts a program.
   *
   * @param program the file to execute; no search in PATH, no shell
   * @param name what the program sees as {@code argv[0]}
   * @param environment the whole environment of the child
   * @throws SpawnException with the errno of {@code execve}: ENOENT also for a missing interpreter
   */
  public static ChildProcess start(
      Path program, String name, List<String> arguments, Map<String, String> environment)
      throws SpawnException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment ends = arena.allocate(JAVA_INT, 2);
      MemorySegment capture = CLibrary.newErrno(arena);
      if ((int) PIPE2.invokeExact(capture, ends, O_CLOEXEC) != 0) {
        throw new SpawnException(program.toString(), CLibrary.errno(capture));
      }
      int readEnd = ends.getAtIndex(JAVA_INT, 0);
      int writeEnd = ends.getAtIndex(JAVA_INT, 1);
      int pid;
      try {
        pid = spawn(arena, program, name, arguments, environment, writeEnd);
      } catch (SpawnException e) {
        closeFd(readEnd);
        throw e;
      } finally {
        closeFd(writeEnd);
      }
      int pidFd = (int) PIDFD_OPEN.invokeExact(capture, pid, 0);
      if (pidFd < 0) {
        int errno = CLibrary.errno(capture);
        ChildProcess orphan = new ChildProcess(pid, -1, readEnd);
        orphan.signalGroup(9);
        orphan.close();
        throw new SpawnException(program.toString(), errno);
      }
      return new ChildProcess(pid, pidFd, readEnd);
    } catch (SpawnException e) {
      throw e;
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
  }

  private static int spawn(
      Arena arena,
      Path program,
      String name,
      List<String> arguments,
      Map<String, String> environment,
      int writeEnd)
      throws Throwable {
    MemorySegment actions = arena.allocate(OPAQUE_BYTES, 8);
    int _ = (int) ACTIONS_INIT.invokeExact(actions);
    try {
      int _ = (int) ADD_DUP2.invokeExact(actions, writeEnd, 1);
      int _ = (int) ADD_DUP2.invokeExact(actions, writeEnd, 2);
      int _ = (int) ADD_OPEN.invokeExact(actions, 0, arena.allocateFrom("/dev/null"), 0, 0);
      int _ = (int) ADD_CLOSEFROM.invokeExact(actions, 3);
      MemorySegment pid = arena.allocate(JAVA_INT);
      MemorySegment path = arena.allocateFrom(program.toString());
      MemorySegment attributes = attributes(arena);
      MemorySegment argv = argumentVector(arena, name, arguments);
      MemorySegment envp = environmentVector(arena, environment);
      int error =
          ThreadPriority.whileNormal(
              () -> (int) SPAWN.invokeExact(pid, path, actions, attributes, argv, envp));
      if (error != 0) {
        throw new SpawnException(program.toString(), error);
      }
      return pid.get(JAVA_INT, 0);
    } finally {
      int _ = (int) ACTIONS_DESTROY.invokeExact(actions);
    }
  }

  /** A group of its own, no signal blocked, not real-time: whatever this JVM thread is. */
  private static MemorySegment attributes(Arena arena) throws Throwable {
    MemorySegment attributes = arena.allocate(OPAQUE_BYTES, 8);
    MemorySegment noSignals = arena.allocate(OPAQUE_BYTES, 8);
    int _ = (int) ATTR_INIT.invokeExact(attributes);
    int _ = (int) SIGEMPTYSET.invokeExact(noSignals);
    int _ = (int) ATTR_SIGMASK.invokeExact(attributes, noSignals);
    int _ = (int) ATTR_PGROUP.invokeExact(attributes, 0);
    int _ = (int) ATTR_SCHEDPOLICY.invokeExact(attributes, SCHED_OTHER);
    int _ = (int) ATTR_SCHEDPARAM.invokeExact(attributes, arena.allocate(JAVA_INT)); // priority 0
    short flags = SPAWN_SETPGROUP | SPAWN_SETSIGMASK | SPAWN_SETSCHEDULER;
    int _ = (int) ATTR_FLAGS.invokeExact(attributes, flags);
    return attributes;
  }

  private static MemorySegment argumentVector(Arena arena, String name, List<String> arguments) {
    MemorySegment vector = arena.allocate(ADDRESS, arguments.size() + 2L);
    vector.setAtIndex(ADDRESS, 0, arena.allocateFrom(name));
    for (int i = 0; i < arguments.size(); i++) {
      vector.setAtIndex(ADDRESS, i + 1L, arena.allocateFrom(arguments.get(i)));
    }
    return vector;
  }

  private static MemorySegment environmentVector(Arena arena, Map<String, String> environment) {
    MemorySegment vector = arena.allocate(ADDRESS, environment.size() + 1L);
    long i = 0;
    for (Map.Entry<String, String> variable : environment.entrySet()) {
      vector.setAtIndex(
          ADDRESS, i++, arena.allocateFrom(variable.getKey() + "=" + variable.getValue()));
    }
    return vector;
  }

  /** Process id, and the id of the process group. */
  public int pid() {
    return pid;
  }

  /**
   * Collects output until the child ends or the time is up. What the child wrote before it ended is
   * always complete; what its own children write later is lost.
   *
   * @param timeout zero or less only looks
   * @return nothing when the time was up
   */
  public Optional<ChildExit> await(Duration timeout) {
    long deadline = System.nanoTime() + Math.max(0, timeout.toNanos());
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment polled = arena.allocate(16, 4);
      MemorySegment chunk = arena.allocate(CHUNK_BYTES);
      MemorySegment capture = CLibrary.newErrno(arena);
      while (exit.isEmpty()) {
        long left = Math.max(0, deadline - System.nanoTime());
        int ready = poll(capture, polled, (left + 999_999) / 1_000_000);
        if (ready > 0 && polled.get(JAVA_SHORT, 6) != 0) {
          readChunk(capture, chunk);
        }
        if (ready > 0 && polled.get(JAVA_SHORT, 14) != 0) {
          reap(arena);
          drain(capture, polled, chunk);
        }
        if (ready == 0 && System.nanoTime() - deadline >= 0) {
          return Optional.empty();
        }
      }
      return exit;
    }
  }

  /** Waits for output (descriptor at 0) and for the end of the child (descriptor at 8). */
  private int poll(MemorySegment capture, MemorySegment polled, long millis) {
    polled.set(JAVA_INT, 0, pipeFd); // a negative descriptor is skipped by poll
    polled.set(JAVA_SHORT, 4, POLLIN);
    polled.set(JAVA_SHORT, 6, (short) 0);
    polled.set(JAVA_INT, 8, pidFd);
    polled.set(JAVA_SHORT, 12, POLLIN);
    polled.set(JAVA_SHORT, 14, (short) 0);
    try {
      int ready =
          (int) POLL.invokeExact(capture, polled, 2L, (int) Math.min(millis, Integer.MAX_VALUE));
      if (ready < 0 && CLibrary.errno(capture) != Errno.EINTR) {
        throw new IllegalStateException("poll: " + Errno.text(CLibrary.errno(capture)));
      }
      return ready;
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
  }

  /** Reads once from a pipe that has data or has ended; false at its end. */
  private boolean readChunk(MemorySegment capture, MemorySegment chunk) {
    try {
      long count = (long) READ.invokeExact(capture, pipeFd, chunk, chunk.byteSize());
      if (count > 0) {
        int room = OUTPUT_BYTES_MAX - output.size();
        byte[] bytes = chunk.asSlice(0, Math.min(count, room)).toArray(JAVA_BYTE);
        output.writeBytes(bytes);
        return true;
      }
      if (count < 0 && CLibrary.errno(capture) == Errno.EINTR) {
        return true;
      }
      closePipe();
      return false;
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
  }

  /** What is in the pipe at the end of the child; a grandchild may go on writing, for nobody. */
  private void drain(MemorySegment capture, MemorySegment polled, MemorySegment chunk) {
    // A grandchild that never stops writing must not keep us here.
    for (int i = 0; pipeFd >= 0 && i < OUTPUT_BYTES_MAX / CHUNK_BYTES; i++) {
      poll(capture, polled, 0);
      if (polled.get(JAVA_SHORT, 6) == 0 || !readChunk(capture, chunk)) {
        break;
      }
    }
    closePipe();
  }

  private synchronized void reap(Arena arena) {
    MemorySegment status = arena.allocate(JAVA_INT);
    MemorySegment capture = CLibrary.newErrno(arena);
    try {
      int reaped = (int) WAITPID.invokeExact(capture, pid, status, WNOHANG);
      if (reaped == pid) {
        exit = Optional.of(ChildExit.ofWaitStatus(status.get(JAVA_INT, 0)));
      } else if (reaped < 0) {
        // Somebody else took the status, which nobody should: the end is known, the way is not.
        exit = Optional.of(new ChildExit.Exited(255));
      }
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
  }

  /** Everything collected so far; call from the thread that awaits, or after it. */
  public byte[] output() {
    return output.toByteArray();
  }

  /**
   * Sends a signal to the child's process group. Does nothing once the child's end has been seen,
   * because the number may belong to somebody else by then.
   */
  public synchronized void signalGroup(int signal) {
    if (exit.isEmpty()) {
      try {
        int _ = (int) KILL.invokeExact(-pid, signal);
      } catch (Throwable e) {
        throw CLibrary.unexpected(e);
      }
    }
  }

  /**
   * Lets go of the pipe; a child that still runs goes on without us, and is reaped when it ends.
   */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    closePipe();
    if (exit.isEmpty()) {
      Thread.ofPlatform().daemon().name("reap-" + pid).start(this::reapWhenItEnds);
    } else {
      closeFd(pidFd);
    }
  }

  private void reapWhenItEnds() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment capture = CLibrary.newErrno(arena);
      MemorySegment status = arena.allocate(JAVA_INT);
      int reaped;
      do {
        reaped = (int) WAITPID.invokeExact(capture, pid, status, 0);
      } while (reaped < 0 && CLibrary.errno(capture) == Errno.EINTR);
      closeFd(pidFd);
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
  }

  private void closePipe() {
    closeFd(pipeFd);
    pipeFd = -1;
  }

  private static void closeFd(int fd) {
    if (fd >= 0) {
      try {
        int _ = (int) CLOSE.invokeExact(fd);
      } catch (Throwable e) {
        throw CLibrary.unexpected(e);
      }
    }
  }
}
