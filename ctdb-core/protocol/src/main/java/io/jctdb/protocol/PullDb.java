package io.jctdb.protocol;

/**
 * DB_PULL and DB_PUSH_START (client-protocol.md 3.11).
 *
 * @param lmaster only records of this lmaster, or {@link SpecialPnn#UNKNOWN} for all
 * @param srvid where the records travel
 */
public record PullDb(int dbId, int lmaster, long srvid) {
  /** Size in bytes. */
  public static final int SIZE = 16;

  public static PullDb decode(byte[] bytes) {
    return ByteReader.whole(bytes, PullDb::read);
  }

  public byte[] encode() {
    ByteWriter out = new ByteWriter(SIZE);
    write(out);
    return out.toBytes();
  }

  static PullDb read(ByteReader in) {
    int dbId = in.u32();
    int lmaster = in.u32();
    long srvid = in.u64();
    return new PullDb(dbId, lmaster, srvid);
  }

  void write(ByteWriter out) {
    out.u32(dbId).u32(lmaster).u64(srvid);
  }
}
