package io.jctdb.cli;

import io.jctdb.protocol.SockAddr;

/**
 * The few printf forms that the output needs. {@code String.format} would cost a quarter of the
 * start time of the program.
 */
final class Text {
  private static final String HEX = "0123456789abcdef";

  private Text() {}

  /** {@code %-<width>s}. */
  static String left(String text, int width) {
    return text.length() >= width ? text : text + " ".repeat(width - text.length());
  }

  /** {@code %<width>s}. */
  static String right(String text, int width) {
    return text.length() >= width ? text : " ".repeat(width - text.length()) + text;
  }

  /** {@code %u}. */
  static String u(int value) {
    return Integer.toUnsignedString(value);
  }

  /** {@code %08x}. */
  static String hex8(int value) {
    StringBuilder text = new StringBuilder(8);
    for (int shift = 28; shift >= 0; shift -= 4) {
      text.append(HEX.charAt(value >>> shift & 0xF));
    }
    return text.toString();
  }

  /** {@code 0x%08x}. */
  static String id(int value) {
    return "0x" + hex8(value);
  }

  static String hex(byte[] bytes) {
    StringBuilder text = new StringBuilder(2 * bytes.length);
    for (byte each : bytes) {
      text.append(HEX.charAt(each >> 4 & 0xF)).append(HEX.charAt(each & 0xF));
    }
    return text.toString();
  }

  /** {@code %.6f}. */
  static String micros(double value) {
    return decimals(value, 6);
  }

  /** {@code %.<digits>f} for values of ordinary size. */
  static String decimals(double value, int digits) {
    long scale = 1;
    for (int i = 0; i < digits; i++) {
      scale *= 10;
    }
    double magnitude = Math.abs(value);
    if (!(magnitude < 1e12)) {
      return Double.toString(value);
    }
    long scaled = Math.round(magnitude * scale);
    String sign = value < 0 ? "-" : "";
    return sign + scaled / scale + "." + zeros(scaled % scale, digits);
  }

  /** {@code %0<width>d}. */
  static String zeros(long value, int width) {
    String digits = Long.toString(value);
    return digits.length() >= width ? digits : "0".repeat(width - digits.length()) + digits;
  }

  /** A row of machine-readable output: separator before, between and after the fields. */
  static String row(String separator, Object... fields) {
    StringBuilder row = new StringBuilder(separator);
    for (Object field : fields) {
      row.append(field).append(separator);
    }
    return row.toString();
  }

  static String hostAndPort(SockAddr address) {
    return address.toString();
  }

  /** Printable ASCII as it is, everything else as {@code \XX} (cli.md 8.5). */
  static String quoted(byte[] bytes) {
    StringBuilder text = new StringBuilder(bytes.length + 2).append('"');
    for (byte each : bytes) {
      int value = each & 0xFF;
      if (value >= 0x20 && value < 0x7F && value != '"' && value != '\\') {
        text.append((char) value);
      } else {
        text.append('\\');
        text.append(Character.toUpperCase(HEX.charAt(value >> 4)));
        text.append(Character.toUpperCase(HEX.charAt(value & 0xF)));
      }
    }
    return text.append('"').toString();
  }
}
