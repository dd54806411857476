package io.jctdb.protocol;

/**
 * TRAVERSE_ALL, between stock daemons (client-protocol.md 3.12).
 *
 * @param pnn the node that asked
 * @param reqid the asking daemon's, {@code clientReqid} its client's
 */
public record TraverseAll(int dbId, int reqid, int pnn, int clientReqid, long srvid) {
  /** Size in bytes. */
  public static final int SIZE = 24;

  public static TraverseAll decode(byte[] bytes) {
    return ByteReader.whole(bytes, TraverseAll::read);
  }

  public byte[] encode() {
    ByteWriter out = new ByteWriter(SIZE);
    write(out);
    return out.toBytes();
  }

  static TraverseAll read(ByteReader in) {
    int dbId = in.u32();
    int reqid = in.u32();
    int pnn = in.u32();
    int clientReqid = in.u32();
    long srvid = in.u64();
    return new TraverseAll(dbId, reqid, pnn, clientReqid, srvid);
  }

  void write(ByteWriter out) {
    out.u32(dbId).u32(reqid).u32(pnn).u32(clientReqid).u64(srvid);
  }
}
