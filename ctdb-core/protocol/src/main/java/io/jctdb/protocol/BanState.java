package io.jctdb.protocol;

/** SET_BAN_STATE and GET_BAN_STATE (client-protocol.md 3.5). {@code seconds} 0 means not banned. */
public record BanState(int pnn, int seconds) {
  /** Size in bytes. */
  public static final int SIZE = 8;

  public static BanState decode(byte[] bytes) {
    return ByteReader.whole(bytes, BanState::read);
  }

  public byte[] encode() {
    ByteWriter out = new ByteWriter(SIZE);
    write(out);
    return out.toBytes();
  }

  static BanState read(ByteReader in) {
    int pnn = in.u32();
    int seconds = in.u32();
    return new BanState(pnn, seconds);
  }

  void write(ByteWriter out) {
    out.u32(pnn).u32(seconds);
  }
}
