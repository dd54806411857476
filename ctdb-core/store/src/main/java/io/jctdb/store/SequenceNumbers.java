package io.jctdb.store;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/** The value of the record {@link TransactionStore#SEQUENCE_KEY}: u64, little-endian. */
public final class SequenceNumbers {
  private SequenceNumbers() {}

  /** The sequence number in a record, 0 if there is none or it is not eight bytes long. */
  public static long of(@Nullable StoredRecord record) {
    if (record == null || record.data().length != Long.BYTES) {
      return 0;
    }
    return ByteBuffer.wrap(record.data()).order(ByteOrder.LITTLE_ENDIAN).getLong();
  }

  /** The data of a record that carries {@code sequenceNumber}. */
  public static byte[] data(long sequenceNumber) {
    return ByteBuffer.allocate(Long.BYTES)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(sequenceNumber)
        .array();
  }
}
