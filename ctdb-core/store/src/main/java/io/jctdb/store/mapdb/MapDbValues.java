package io.jctdb.store.mapdb;

import io.jctdb.protocol.RecordHeader;
import io.jctdb.store.StoredRecord;
import java.util.Arrays;

/** A record as one value: the 24-byte header, then the data, as in a TDB file. */
final class MapDbValues {
  private MapDbValues() {}

  static byte[] write(RecordHeader header, byte[] data) {
    byte[] value = new byte[RecordHeader.SIZE + data.length];
    header.write(value, 0);
    System.arraycopy(data, 0, value, RecordHeader.SIZE, data.length);
    return value;
  }

  static StoredRecord read(byte[] value) {
    byte[] data =
        value.length == RecordHeader.SIZE
            ? StoredRecord.NO_DATA
            : Arrays.copyOfRange(value, RecordHeader.SIZE, value.length);
    return new StoredRecord(RecordHeader.read(value, 0), data);
  }
}
