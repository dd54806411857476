package io.jctdb.protocol;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/**
 * A cursor over one little-endian structure. Every read is checked against the end; a structure
 * that is too short, or too long ({@link #end}), is a {@link MalformedPacketException}.
 */
final class ByteReader {
  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final byte[] bytes;
  private final int limit;
  private int at;

  ByteReader(byte[] bytes) {
    this.bytes = bytes;
    this.limit = bytes.length;
  }

  int remaining() {
    return limit - at;
  }

  int u8() {
    return bytes[take(1)] & 0xFF;
  }

  int u16() {
    return (short) SHORT.get(bytes, take(2)) & 0xFFFF;
  }

  int u16BigEndian() {
    return Short.reverseBytes((short) u16()) & 0xFFFF;
  }

  int u32() {
    return (int) INT.get(bytes, take(4));
  }

  long u64() {
    return (long) LONG.get(bytes, take(8));
  }

  double f64() {
    return Double.longBitsToDouble(u64());
  }

  /** An unsigned 32-bit length that must fit in what is left. */
  int lengthWithinRest() {
    int length = u32();
    if (length < 0 || length > remaining()) {
      throw new MalformedPacketException(
          "length " + Integer.toUnsignedString(length) + " of " + remaining() + " bytes");
    }
    return length;
  }

  byte[] bytes(int length) {
    int from = take(length);
    return Arrays.copyOfRange(bytes, from, from + length);
  }

  byte[] rest() {
    return bytes(remaining());
  }

  ByteReader skip(int length) {
    take(length);
    return this;
  }

  RecordHeader recordHeader() {
    return RecordHeader.read(bytes, take(RecordHeader.SIZE));
  }

  /** {@code length} bytes as text up to the first NUL, if there is one. */
  String text(int length) {
    int from = take(length);
    int to = from;
    while (to < from + length && bytes[to] != 0) {
      to++;
    }
    return new String(bytes, from, to - from, StandardCharsets.UTF_8);
  }

  /** A u32 count, then that many elements of {@code elementSize} bytes (at least). */
  <T> List<T> list(int elementSize, Function<ByteReader, T> element) {
    return elements(u32(), elementSize, element);
  }

  <T> List<T> elements(int count, int elementSize, Function<ByteReader, T> element) {
    if (count < 0 || (long) count * elementSize > remaining()) {
      throw new MalformedPacketException(
          "count " + Integer.toUnsignedString(count) + " in " + remaining() + " bytes");
    }
    List<T> elements = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      elements.add(element.apply(this));
    }
    return List.copyOf(elements);
  }

  /** Declares the structure complete. */
  void end() {
    if (remaining() != 0) {
      throw new MalformedPacketException(remaining() + " bytes too many");
    }
  }

  private int take(int length) {
    if (length < 0 || length > remaining()) {
      throw new MalformedPacketException(
          "needs " + Integer.toUnsignedString(length) + " bytes, has " + remaining());
    }
    int from = at;
    at += length;
    return from;
  }

  /** Decodes a whole byte string as one structure. */
  static <T> T whole(byte[] bytes, Function<ByteReader, T> structure) {
    ByteReader in = new ByteReader(bytes);
    T decoded = structure.apply(in);
    in.end();
    return decoded;
  }
}
