package io.jctdb.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * A shared mapping of a part of a file, made from a descriptor that stays somebody else's.
 *
 * <p>{@code FileChannel.map} would need a descriptor of its own, and closing that one would drop
 * the process's locks on the file (databases.md 1.10). Mapping and unmapping touch no lock.
 */
final class MappedMemory implements AutoCloseable {
  private static final int PROT_READ = 1;
  private static final int PROT_WRITE = 2;
  private static final int MAP_SHARED = 1;
  private static final long MAP_FAILED = -1;

  private static final MethodHandle MMAP =
      CLibrary.withErrno(
          "mmap",
          FunctionDescriptor.of(
              ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
  private static final MethodHandle MUNMAP =
      CLibrary.plain("munmap", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG));

  private final MemorySegment memory;
  private boolean closed;

  private MappedMemory(MemorySegment memory) {
    this.memory = memory;
  }

  /**
   * Maps {@code length} bytes from {@code offset}, a multiple of the page size.
   *
   * @throws LinuxException if the kernel refuses
   */
  static MappedMemory map(int fd, long offset, long length, boolean writable) {
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment errno = CLibrary.newErrno(scratch);
      int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
      MemorySegment address =
          (MemorySegment)
              MMAP.invokeExact(
                  errno, MemorySegment.NULL, length, protection, MAP_SHARED, fd, offset);
      if (address.address() == MAP_FAILED) {
        throw new LinuxException("mmap", CLibrary.errno(errno));
      }
      return new MappedMemory(address.reinterpret(length));
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
  }

  /** The mapped bytes. Not to be touched after {@link #close}: that would end the process. */
  MemorySegment memory() {
    return memory;
  }

  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      int result = (int) MUNMAP.invokeExact(memory, memory.byteSize());
      assert result == 0;
    } catch (Throwable e) {
      throw CLibrary.unexpected(e);
    }
  }
}
