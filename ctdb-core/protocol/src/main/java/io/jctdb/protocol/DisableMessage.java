package io.jctdb.protocol;

/** Disable something for {@code timeout} seconds, 0 = allow again (client-protocol.md 4.10). */
public record DisableMessage(int pnn, long srvid, int timeout) {
  /** Size in bytes. */
  public static final int SIZE = 24;

  public static DisableMessage decode(byte[] bytes) {
    return ByteReader.whole(bytes, DisableMessage::read);
  }

  public byte[] encode() {
    ByteWriter out = new ByteWriter(SIZE);
    write(out);
    return out.toBytes();
  }

  static DisableMessage read(ByteReader in) {
    int pnn = in.u32();
    in.skip(4);
    long srvid = in.u64();
    int timeout = in.u32();
    in.skip(4);
    return new DisableMessage(pnn, srvid, timeout);
  }

  void write(ByteWriter out) {
    out.u32(pnn).zeros(4).u64(srvid).u32(timeout).zeros(4);
  }
}
