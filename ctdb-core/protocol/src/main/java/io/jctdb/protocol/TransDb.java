package io.jctdb.protocol;

/**
 * A database and the id of a transaction on it: the current generation (client-protocol.md 3.11).
 */
public record TransDb(int dbId, int tid) {
  /** Size in bytes. */
  public static final int SIZE = 8;

  public static TransDb decode(byte[] bytes) {
    return ByteReader.whole(bytes, TransDb::read);
  }

  public byte[] encode() {
    ByteWriter out = new ByteWriter(SIZE);
    write(out);
    return out.toBytes();
  }

  static TransDb read(ByteReader in) {
    int dbId = in.u32();
    int tid = in.u32();
    return new TransDb(dbId, tid);
  }

  void write(ByteWriter out) {
    out.u32(dbId).u32(tid);
  }
}
