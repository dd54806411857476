package io.jctdb.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A native copy of the bytes of one argument, kept between calls so that a call allocates nothing.
 * It grows to fit, and lets a very large block go again with the next small value.
 */
final class NativeBuffer implements AutoCloseable {
  /** Above this a buffer is not kept: one huge value must not pin memory for ever. */
  private static final long KEPT_BYTES_MAX = 1 << 20;

  private final long initialBytes;
  private Arena arena = Arena.ofShared();
  private MemorySegment memory;
  private long length;

  NativeBuffer(long initialBytes) {
    this.initialBytes = initialBytes;
    this.memory = arena.allocate(initialBytes);
  }

  void set(byte[] bytes) {
    reserve(bytes.length);
    MemorySegment.copy(bytes, 0, memory, JAVA_BYTE, 0, bytes.length);
  }

  void set(byte[] head, byte[] tail) {
    reserve((long) head.length + tail.length);
    MemorySegment.copy(head, 0, memory, JAVA_BYTE, 0, head.length);
    MemorySegment.copy(tail, 0, memory, JAVA_BYTE, head.length, tail.length);
  }

  /** Makes {@code struct}, a {@code TDB_DATA}, point to the bytes set last. */
  void describe(MemorySegment struct) {
    LibTdb.set(struct, memory, length);
  }

  private void reserve(long needed) {
    boolean tooSmall = needed > memory.byteSize();
    boolean tooLarge = memory.byteSize() > KEPT_BYTES_MAX && needed <= initialBytes;
    if (tooSmall || tooLarge) {
      Arena larger = Arena.ofShared();
      memory = larger.allocate(tooSmall ? needed + (needed >> 2) : initialBytes);
      arena.close();
      arena = larger;
    }
    length = needed;
  }

  @Override
  public void close() {
    arena.close();
  }
}
