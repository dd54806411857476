package io.jctdb.linux;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Builds C structures and packets: numbers in host order, or by name in network order. */
final class NativeStruct {
  private final ByteBuffer bytes;

  private NativeStruct(int size) {
    bytes = ByteBuffer.allocate(size).order(ByteOrder.nativeOrder());
  }

  static NativeStruct ofBytes(int sizeMax) {
    return new NativeStruct(sizeMax);
  }

  NativeStruct u8(int value) {
    bytes.put((byte) value);
    return this;
  }

  NativeStruct u16(int value) {
    bytes.putShort((short) value);
    return this;
  }

  NativeStruct u16Network(int value) {
    return u8(value >>> 8).u8(value);
  }

  NativeStruct u32(int value) {
    bytes.putInt(value);
    return this;
  }

  NativeStruct u32Network(int value) {
    return u16Network(value >>> 16).u16Network(value);
  }

  NativeStruct s64(long value) {
    bytes.putLong(value);
    return this;
  }

  NativeStruct put(byte[] value) {
    bytes.put(value);
    return this;
  }

  NativeStruct zeros(int count) {
    return put(new byte[count]);
  }

  /** What has been written so far. */
  byte[] toBytes() {
    return Arrays.copyOf(bytes.array(), bytes.position());
  }
}
