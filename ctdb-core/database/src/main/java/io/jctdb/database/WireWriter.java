package io.jctdb.database;

import io.jctdb.protocol.Key;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Collection;

/** Builds the body of an inter-node message: big-endian, byte strings with an int length. */
public final class WireWriter {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(128);
  private final DataOutputStream out = new DataOutputStream(bytes);

  public WireWriter u8(int value) {
    return write(() -> out.writeByte(value));
  }

  public WireWriter flag(boolean value) {
    return u8(value ? 1 : 0);
  }

  public WireWriter i32(int value) {
    return write(() -> out.writeInt(value));
  }

  public WireWriter i64(long value) {
    return write(() -> out.writeLong(value));
  }

  public WireWriter bytes(byte[] value) {
    return write(
        () -> {
          out.writeInt(value.length);
          out.write(value);
        });
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
    return bytes.toByteArray();
  }

  private WireWriter write(Step step) {
    try {
      step.run();
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e); // a byte array does not fail
    }
  }

  private interface Step {
    void run() throws IOException;
  }
}
