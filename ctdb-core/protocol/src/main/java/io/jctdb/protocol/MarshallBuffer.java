package io.jctdb.protocol;

import java.util.List;

/** Many records of one database, without alignment between them (client-protocol.md 4.7). */
public record MarshallBuffer(int dbId, List<RecordData> records) {
  public MarshallBuffer {
    records = List.copyOf(records);
  }

  public static MarshallBuffer decode(byte[] bytes) {
    return ByteReader.whole(
        bytes,
        in -> new MarshallBuffer(in.u32(), in.list(RecordData.FIXED_SIZE, RecordData::read)));
  }

  public byte[] encode() {
    int size = 8;
    for (RecordData each : records) {
      size = Math.addExact(size, each.size());
    }
    return new ByteWriter(size).u32(dbId).list(records, RecordData::write).toBytes();
  }
}
