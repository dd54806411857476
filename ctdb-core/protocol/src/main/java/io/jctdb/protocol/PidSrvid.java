package io.jctdb.protocol;

/** CHECK_PID_SRVID: 12 bytes, unaligned (client-protocol.md 4.8). */
public record PidSrvid(int pid, long srvid) {
  /** Size in bytes. */
  public static final int SIZE = 12;

  public static PidSrvid decode(byte[] bytes) {
    return ByteReader.whole(bytes, PidSrvid::read);
  }

  public byte[] encode() {
    ByteWriter out = new ByteWriter(SIZE);
    write(out);
    return out.toBytes();
  }

  static PidSrvid read(ByteReader in) {
    int pid = in.u32();
    long srvid = in.u64();
    return new PidSrvid(pid, srvid);
  }

  void write(ByteWriter out) {
    out.u32(pid).u64(srvid);
  }
}
