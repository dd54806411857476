package io.jctdb.store.tdb;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.jctdb.protocol.RecordHeader;
import io.jctdb.store.StoredRecord;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Values in a file (24-byte header, then data) to and from {@link StoredRecord}. */
final class TdbValues {
  private static final ValueLayout.OfLong U64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt U32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private TdbValues() {}

  /** Null for a value shorter than a header, which counts as no record. */
  static @Nullable StoredRecord read(MemorySegment value) {
    if (value.byteSize() < RecordHeader.SIZE) {
      return null;
    }
    RecordHeader header =
        new RecordHeader(value.get(U64, 0), value.get(U32, 8), value.get(U32, 16));
    byte[] data =
        value.byteSize() == RecordHeader.SIZE
            ? StoredRecord.NO_DATA
            : value.asSlice(RecordHeader.SIZE).toArray(JAVA_BYTE);
    return new StoredRecord(header, data);
  }

  static @Nullable StoredRecord read(byte[] value) {
    if (value.length < RecordHeader.SIZE) {
      return null;
    }
    byte[] data =
        value.length == RecordHeader.SIZE
            ? StoredRecord.NO_DATA
            : Arrays.copyOfRange(value, RecordHeader.SIZE, value.length);
    return new StoredRecord(RecordHeader.read(value, 0), data);
  }
}
