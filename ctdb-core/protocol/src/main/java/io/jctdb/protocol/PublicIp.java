package io.jctdb.protocol;

/** An address and its holder, or {@link SpecialPnn#UNKNOWN} (client-protocol.md 4.4). */
public record PublicIp(int pnn, SockAddr address) {
  /** Size in bytes. */
  public static final int SIZE = 32;

  public static PublicIp decode(byte[] bytes) {
    return ByteReader.whole(bytes, PublicIp::read);
  }

  public byte[] encode() {
    ByteWriter out = new ByteWriter(SIZE);
    write(out);
    return out.toBytes();
  }

  static PublicIp read(ByteReader in) {
    int pnn = in.u32();
    SockAddr address = SockAddr.read(in);
    return new PublicIp(pnn, address);
  }

  void write(ByteWriter out) {
    out.u32(pnn);
    address.write(out);
  }
}
