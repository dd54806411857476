package io.jctdb.database.message;

import io.jctdb.protocol.Key;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Reads what {@link WireWriter} wrote, trusting no length in it.
 *
 * <p>Every method throws {@link MalformedMessageException} when the bytes do not hold what it
 * reads.
 */
public final class WireReader {
  private final ByteBuffer in;

  public WireReader(byte[] message) {
    this.in = ByteBuffer.wrap(message);
  }

  public int u8() {
    return require(1).get() & 0xFF;
  }

  public boolean flag() {
    int value = u8();
    if (value > 1) {
      throw new MalformedMessageException("flag " + value);
    }
    return value == 1;
  }

  public int i32() {
    return require(4).getInt();
  }

  public long i64() {
    return require(8).getLong();
  }

  public byte[] bytes() {
    int length = i32();
    if (length < 0 || length > in.remaining()) {
      throw new MalformedMessageException(
          "length " + length + " with " + in.remaining() + " bytes left");
    }
    byte[] value = new byte[length];
    in.get(value);
    return value;
  }

  public Key key() {
    return new Key(bytes());
  }

  public String text() {
    return new String(bytes(), StandardCharsets.UTF_8);
  }

  public SortedSet<Integer> pnns() {
    int count = count(4);
    SortedSet<Integer> pnns = new TreeSet<>();
    for (int i = 0; i < count; i++) {
      pnns.add(i32());
    }
    return pnns;
  }

  /** A list length, refused if that many elements of {@code minElementBytes} cannot follow. */
  public int count(int minElementBytes) {
    int count = i32();
    if (count < 0 || (long) count * minElementBytes > in.remaining()) {
      throw new MalformedMessageException(
          "count " + count + " with " + in.remaining() + " bytes left");
    }
    return count;
  }

  /** Fails unless everything was read. */
  public void end() {
    if (in.hasRemaining()) {
      throw new MalformedMessageException(in.remaining() + " bytes too many");
    }
  }

  private ByteBuffer require(int count) {
    if (in.remaining() < count) {
      throw new MalformedMessageException("truncated", new BufferUnderflowException());
    }
    return in;
  }
}
