package io.jctdb.protocol;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;

/** A growing little-endian byte string, the counterpart of {@link ByteReader}. */
final class ByteWriter {
  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private byte[] bytes;
  private int size;

  ByteWriter(int expectedSize) {
    bytes = new byte[expectedSize];
  }

  ByteWriter u8(int value) {
    int at = grow(1);
    bytes[at] = (byte) value;
    return this;
  }

  ByteWriter u16(int value) {
    int at = grow(2);
    SHORT.set(bytes, at, (short) value);
    return this;
  }

  ByteWriter u16BigEndian(int value) {
    return u16(Short.reverseBytes((short) value));
  }

  ByteWriter u32(int value) {
    int at = grow(4);
    INT.set(bytes, at, value);
    return this;
  }

  ByteWriter u64(long value) {
    int at = grow(8);
    LONG.set(bytes, at, value);
    return this;
  }

  ByteWriter f64(double value) {
    return u64(Double.doubleToRawLongBits(value));
  }

  ByteWriter bytes(byte[] value) {
    int at = grow(value.length);
    System.arraycopy(value, 0, bytes, at, value.length);
    return this;
  }

  ByteWriter zeros(int count) {
    grow(count);
    return this;
  }

  ByteWriter recordHeader(RecordHeader header) {
    int at = grow(RecordHeader.SIZE);
    header.write(bytes, at);
    return this;
  }

  /** Text with its terminating NUL, preceded by the u32 length that counts it. */
  ByteWriter countedText(String text) {
    byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
    return u32(encoded.length + 1).bytes(encoded).u8(0);
  }

  <T> ByteWriter elements(List<T> elements, BiConsumer<T, ByteWriter> element) {
    for (T each : elements) {
      element.accept(each, this);
    }
    return this;
  }

  <T> ByteWriter list(List<T> elements, BiConsumer<T, ByteWriter> element) {
    return u32(elements.size()).elements(elements, element);
  }

  int size() {
    return size;
  }

  void setU32(int at, int value) {
    INT.set(bytes, at, value);
  }

  byte[] toBytes() {
    return size == bytes.length ? bytes : Arrays.copyOf(bytes, size);
  }

  /** Returns where {@code count} new zero bytes begin. */
  private int grow(int count) {
    int at = size;
    size = Math.addExact(size, count);
    if (size > bytes.length) {
      bytes = Arrays.copyOf(bytes, Math.max(size, bytes.length * 2));
    }
    return at;
  }
}
