package io.jctdb.protocol;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The 24 bytes in front of every record value, on disk and on the wire (databases.md 3.1).
 *
 * <pre>
 *  0  u64  rsn       record sequence number; the copy with the higher one is newer
 *  8  u32  dmaster   pnn of the node that owns the record
 * 12  u32  reserved  0
 * 16  u32  flags
 * 20  4    padding   0
 * </pre>
 *
 * smbd may use a record for writing exactly when {@code dmaster} is its own pnn and {@link
 * #RO_HAVE_DELEGATIONS} is clear.
 */
public record RecordHeader(long rsn, int dmaster, int flags) {
  /** Size in bytes. A value of exactly this size is an empty record; a shorter one is no record. */
  public static final int SIZE = 24;

  /** The record travelled between nodes while it had data: stale copies with data may exist. */
  public static final int MIGRATED_WITH_DATA = 0x0001_0000;

  public static final int VACUUM_MIGRATED = 0x0002_0000;
  public static final int AUTOMATIC = 0x0004_0000;
  public static final int RO_HAVE_DELEGATIONS = 0x0100_0000;
  public static final int RO_HAVE_READONLY = 0x0200_0000;
  public static final int RO_REVOKING_READONLY = 0x0400_0000;
  public static final int RO_REVOKE_COMPLETE = 0x0800_0000;
  public static final int RO_MASK = 0x0F00_0000;

  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /**
   * Reads the header at {@code offset}.
   *
   * @throws IndexOutOfBoundsException if fewer than 24 bytes follow
   */
  public static RecordHeader read(byte[] bytes, int offset) {
    if (bytes.length - offset < SIZE) {
      throw new IndexOutOfBoundsException("record header needs 24 bytes at " + offset);
    }
    return new RecordHeader(
        (long) LONG.get(bytes, offset),
        (int) INT.get(bytes, offset + 8),
        (int) INT.get(bytes, offset + 16));
  }

  /** Writes the header at {@code offset}; reserved and padding bytes become zero. */
  public void write(byte[] bytes, int offset) {
    LONG.set(bytes, offset, rsn);
    INT.set(bytes, offset + 8, dmaster);
    INT.set(bytes, offset + 12, 0);
    INT.set(bytes, offset + 16, flags);
    INT.set(bytes, offset + 20, 0);
  }

  public RecordHeader withRsn(long newRsn) {
    return new RecordHeader(newRsn, dmaster, flags);
  }

  public RecordHeader withDmaster(int newDmaster) {
    return new RecordHeader(rsn, newDmaster, flags);
  }

  public RecordHeader withFlags(int newFlags) {
    return new RecordHeader(rsn, dmaster, newFlags);
  }
}
