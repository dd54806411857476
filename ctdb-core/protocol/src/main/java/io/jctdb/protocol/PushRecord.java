package io.jctdb.protocol;

/** PUSH_RECORD of newer Samba (client-protocol.md 3.12). */
@SuppressWarnings("ArrayRecordComponent")
public record PushRecord(int generation, int dbId, RecordHeader header, Key key, byte[] value) {
  public static PushRecord decode(byte[] bytes) {
    return ByteReader.whole(
        bytes,
        in ->
            new PushRecord(
                in.u32(),
                in.u32(),
                in.recordHeader(),
                new Key(in.bytes(in.lengthWithinRest())),
                in.bytes(in.lengthWithinRest())));
  }

  public byte[] encode() {
    ByteWriter out = new ByteWriter(40 + key.length() + value.length);
    out.u32(generation).u32(dbId).recordHeader(header);
    out.u32(key.length()).bytes(key.bytes()).u32(value.length).bytes(value);
    return out.toBytes();
  }
}
