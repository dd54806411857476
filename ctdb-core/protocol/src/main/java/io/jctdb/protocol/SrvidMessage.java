package io.jctdb.protocol;

/** A question by message: answer to (pnn, srvid); srvid 0: no answer (client-protocol.md 4.10). */
public record SrvidMessage(int pnn, long srvid) {
  /** Size in bytes. */
  public static final int SIZE = 16;

  public static SrvidMessage decode(byte[] bytes) {
    return ByteReader.whole(bytes, SrvidMessage::read);
  }

  public byte[] encode() {
    ByteWriter out = new ByteWriter(SIZE);
    write(out);
    return out.toBytes();
  }

  static SrvidMessage read(ByteReader in) {
    int pnn = in.u32();
    in.skip(4);
    long srvid = in.u64();
    return new SrvidMessage(pnn, srvid);
  }

  void write(ByteWriter out) {
    out.u32(pnn).zeros(4).u64(srvid);
  }
}
