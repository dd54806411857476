package io.jctdb.tests.simulator;

import io.jctdb.store.StoredRecord;

/**
 * What clients write: values that are never written twice, of different lengths, all of whose bytes
 * follow from their number, so that a torn or mixed value shows.
 */
final class Value {
  /** A deleted record, or one never written. */
  static final long EMPTY = 0;

  private Value() {}

  static byte[] bytes(long number) {
    byte[] bytes = new byte[8 + (int) (number % 5) * 3];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = i < 8 ? (byte) (number >>> (8 * i)) : (byte) (number * 31 + i);
    }
    return bytes;
  }

  static long number(byte[] bytes) {
    if (bytes.length == 0) {
      return EMPTY;
    }
    long number = 0;
    for (int i = 0; i < 8 && i < bytes.length; i++) {
      number |= (bytes[i] & 0xFFL) << (8 * i);
    }
    if (number <= 0 || !java.util.Arrays.equals(bytes, bytes(number))) {
      throw new Violation("a value that nobody wrote: " + java.util.Arrays.toString(bytes));
    }
    return number;
  }

  static long number(StoredRecord record) {
    return number(record.data());
  }
}
