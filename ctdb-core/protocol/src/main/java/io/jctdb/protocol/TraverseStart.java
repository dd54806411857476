package io.jctdb.protocol;

/**
 * TRAVERSE_START and TRAVERSE_KILL (client-protocol.md 3.8).
 *
 * @param reqid comes back in every record
 * @param srvid where the records are sent
 */
public record TraverseStart(int dbId, int reqid, long srvid) {
  /** Size in bytes. */
  public static final int SIZE = 16;

  public static TraverseStart decode(byte[] bytes) {
    return ByteReader.whole(bytes, TraverseStart::read);
  }

  public byte[] encode() {
    ByteWriter out = new ByteWriter(SIZE);
    write(out);
    return out.toBytes();
  }

  static TraverseStart read(ByteReader in) {
    int dbId = in.u32();
    int reqid = in.u32();
    long srvid = in.u64();
    return new TraverseStart(dbId, reqid, srvid);
  }

  void write(ByteWriter out) {
    out.u32(dbId).u32(reqid).u64(srvid);
  }
}
