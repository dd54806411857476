package io.jctdb.protocol;

/**
 * TRAVERSE_START_EXT: as {@link TraverseStart}, and whether records without value are wanted
 * (client-protocol.md 3.8).
 */
public record TraverseStartExt(int dbId, int reqid, long srvid, boolean withEmptyRecords) {
  /** Size in bytes. */
  public static final int SIZE = 24;

  public static TraverseStartExt decode(byte[] bytes) {
    return ByteReader.whole(bytes, TraverseStartExt::read);
  }

  public byte[] encode() {
    ByteWriter out = new ByteWriter(SIZE);
    write(out);
    return out.toBytes();
  }

  static TraverseStartExt read(ByteReader in) {
    int dbId = in.u32();
    int reqid = in.u32();
    long srvid = in.u64();
    boolean withEmptyRecords = in.u8() != 0;
    in.skip(7);
    return new TraverseStartExt(dbId, reqid, srvid, withEmptyRecords);
  }

  void write(ByteWriter out) {
    out.u32(dbId).u32(reqid).u64(srvid).u8(withEmptyRecords ? 1 : 0).zeros(7);
  }
}
