package io.jctdb.protocol;

/** TRAVERSE_ALL_EXT, between stock daemons (client-protocol.md 3.12). */
public record TraverseAllExt(
    int dbId, int reqid, int pnn, int clientReqid, long srvid, boolean withEmptyRecords) {
  /** Size in bytes. */
  public static final int SIZE = 32;

  public static TraverseAllExt decode(byte[] bytes) {
    return ByteReader.whole(bytes, TraverseAllExt::read);
  }

  public byte[] encode() {
    ByteWriter out = new ByteWriter(SIZE);
    write(out);
    return out.toBytes();
  }

  static TraverseAllExt read(ByteReader in) {
    int dbId = in.u32();
    int reqid = in.u32();
    int pnn = in.u32();
    int clientReqid = in.u32();
    long srvid = in.u64();
    boolean withEmptyRecords = in.u8() != 0;
    in.skip(7);
    return new TraverseAllExt(dbId, reqid, pnn, clientReqid, srvid, withEmptyRecords);
  }

  void write(ByteWriter out) {
    out.u32(dbId).u32(reqid).u32(pnn).u32(clientReqid).u64(srvid).u8(withEmptyRecords ? 1 : 0);
    out.zeros(7);
  }
}
