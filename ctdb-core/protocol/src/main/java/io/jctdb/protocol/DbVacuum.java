package io.jctdb.protocol;

/** DB_VACUUM: 5 bytes, unaligned (client-protocol.md 4.8). */
public record DbVacuum(int dbId, boolean full) {
  /** Size in bytes. */
  public static final int SIZE = 5;

  public static DbVacuum decode(byte[] bytes) {
    return ByteReader.whole(bytes, DbVacuum::read);
  }

  public byte[] encode() {
    ByteWriter out = new ByteWriter(SIZE);
    write(out);
    return out.toBytes();
  }

  static DbVacuum read(ByteReader in) {
    int dbId = in.u32();
    boolean full = in.u8() != 0;
    return new DbVacuum(dbId, full);
  }

  void write(ByteWriter out) {
    out.u32(dbId).u8(full ? 1 : 0);
  }
}
