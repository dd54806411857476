package io.jctdb.protocol;

import java.nio.charset.StandardCharsets;

/**
 * A network interface that public addresses may use (client-protocol.md 4.4).
 *
 * @param name at most 15 bytes are usable
 * @param linkState 1 when the link is up
 * @param references how many public addresses this node holds on it
 */
public record Interface(String name, int linkState, int references) {
  public static final int SIZE = 24;
  private static final int NAME_FIELD = 18;

  public boolean linkUp() {
    return linkState != 0;
  }

  public static Interface decode(byte[] bytes) {
    return ByteReader.whole(bytes, Interface::read);
  }

  public byte[] encode() {
    ByteWriter out = new ByteWriter(SIZE);
    write(out);
    return out.toBytes();
  }

  static Interface read(ByteReader in) {
    return new Interface(in.text(NAME_FIELD), in.u16(), in.u32());
  }

  void write(ByteWriter out) {
    byte[] text = name.getBytes(StandardCharsets.UTF_8);
    if (text.length >= NAME_FIELD) {
      throw new IllegalArgumentException("interface name of " + text.length + " bytes: " + name);
    }
    out.bytes(text).zeros(NAME_FIELD - text.length).u16(linkState).u32(references);
  }
}
