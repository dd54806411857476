package io.jctdb.protocol;

import java.nio.charset.StandardCharsets;

/**
 * Data of controls and messages that is one bare number or text (client-protocol.md 3.2, columns
 * "request" and "reply"). Sizes are checked exactly.
 */
public final class Payload {
  private static final byte[] EMPTY = {};

  private Payload() {}

  public static byte[] empty() {
    return EMPTY;
  }

  /** Demands zero bytes. */
  public static void expectEmpty(byte[] bytes) {
    if (bytes.length != 0) {
      throw new MalformedPacketException(bytes.length + " bytes where none are expected");
    }
  }

  /** Exactly four bytes: u32 or i32. */
  public static int u32(byte[] bytes) {
    return ByteReader.whole(bytes, ByteReader::u32);
  }

  public static byte[] ofU32(int value) {
    return new ByteWriter(4).u32(value).toBytes();
  }

  /** Exactly eight bytes. */
  public static long u64(byte[] bytes) {
    return ByteReader.whole(bytes, ByteReader::u64);
  }

  public static byte[] ofU64(long value) {
    return new ByteWriter(8).u64(value).toBytes();
  }

  /** Exactly eight bytes. */
  public static double f64(byte[] bytes) {
    return ByteReader.whole(bytes, ByteReader::f64);
  }

  public static byte[] ofF64(double value) {
    return new ByteWriter(8).f64(value).toBytes();
  }

  /**
   * Text with its NUL counted: at least one byte, the last one a NUL. What follows an earlier NUL
   * is dropped.
   */
  public static String cstr(byte[] bytes) {
    if (bytes.length == 0 || bytes[bytes.length - 1] != 0) {
      throw new MalformedPacketException("text without a terminating NUL");
    }
    return new ByteReader(bytes).text(bytes.length);
  }

  public static byte[] ofCstr(String text) {
    byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
    return new ByteWriter(encoded.length + 1).bytes(encoded).u8(0).toBytes();
  }

  /** Text without NUL, as in DUMP_MEMORY. */
  public static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  public static byte[] ofText(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
