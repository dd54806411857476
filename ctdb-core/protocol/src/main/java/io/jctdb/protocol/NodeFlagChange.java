package io.jctdb.protocol;

/** Flags of a node as they were and as they are to be (MODIFY_FLAGS, client-protocol.md 4.2). */
public record NodeFlagChange(int pnn, int newFlags, int oldFlags) {
  /** Size in bytes. */
  public static final int SIZE = 12;

  public static NodeFlagChange decode(byte[] bytes) {
    return ByteReader.whole(bytes, NodeFlagChange::read);
  }

  public byte[] encode() {
    ByteWriter out = new ByteWriter(SIZE);
    write(out);
    return out.toBytes();
  }

  static NodeFlagChange read(ByteReader in) {
    int pnn = in.u32();
    int newFlags = in.u32();
    int oldFlags = in.u32();
    return new NodeFlagChange(pnn, newFlags, oldFlags);
  }

  void write(ByteWriter out) {
    out.u32(pnn).u32(newFlags).u32(oldFlags);
  }
}
