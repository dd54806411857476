package io.jctdb.store;

import io.jctdb.protocol.RecordHeader;

/**
 * One record as a store holds it: header and the value behind it ({@code data} excludes the 24
 * header bytes and is not to be modified). {@code data.length == 0} is an empty record, a
 * tombstone.
 */
public record StoredRecord(RecordHeader header, byte[] data) {
  public static final byte[] NO_DATA = new byte[0];

  public boolean isEmpty() {
    return data.length == 0;
  }
}
