package io.jctdb.protocol;

/** SCHEDULE_FOR_DELETION: a record by its key, with the header it had (client-protocol.md 4.3). */
public record KeyData(int dbId, RecordHeader header, Key key) {
  public static KeyData decode(byte[] bytes) {
    return ByteReader.whole(bytes, KeyData::read);
  }

  private static KeyData read(ByteReader in) {
    int dbId = in.u32();
    RecordHeader header = in.skip(4).recordHeader();
    return new KeyData(dbId, header, new Key(in.bytes(in.lengthWithinRest())));
  }

  public byte[] encode() {
    ByteWriter out = new ByteWriter(36 + key.length());
    out.u32(dbId).u32(0).recordHeader(header).u32(key.length()).bytes(key.bytes());
    return out.toBytes();
  }
}
