package io.jctdb.database.message;

import io.jctdb.protocol.Key;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;

/** Builds the body of an inter-node message: big-endian, byte strings with an int length. */
public final class WireWriter {
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  /** The largest array that every JVM can make. */
  private static final int MAX = Integer.MAX_VALUE - 8;

  private byte[] bytes = new byte[128];
  private int length;

  public WireWriter u8(int value) {
    int at = grow(1);
    bytes[at] = (byte) value;
    return this;
  }

  public WireWriter flag(boolean value) {
    return u8(value ? 1 : 0);
  }

  public WireWriter i32(int value) {
    int at = grow(Integer.BYTES);
    INT.set(bytes, at, value);
    return this;
  }

  public WireWriter i64(long value) {
    int at = grow(Long.BYTES);
    LONG.set(bytes, at, value);
    return this;
  }

  public WireWriter bytes(byte[] value) {
    i32(value.length);
    int at = grow(value.length);
    System.arraycopy(value, 0, bytes, at, value.length);
    return this;
  }

  public WireWriter key(Key key) {
    return bytes(key.bytes());
  }

  public WireWriter text(String value) {
    return bytes(value.getBytes(StandardCharsets.UTF_8));
  }

  public WireWriter pnns(Collection<Integer> pnns) {
    i32(pnns.size());
    pnns.forEach(this::i32);
    return this;
  }

  public byte[] toBytes() {
    return Arrays.copyOf(bytes, length);
  }

  /** Makes room for {@code count} more bytes and returns where they go. */
  private int grow(int count) {
    int at = length;
    int needed = Math.addExact(at, count);
    if (needed > bytes.length) {
      bytes = Arrays.copyOf(bytes, (int) Math.max(needed, Math.min(2L * bytes.length, MAX)));
    }
    length = needed;
    return at;
  }
}
