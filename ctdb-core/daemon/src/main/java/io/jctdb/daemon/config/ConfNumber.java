package io.jctdb.daemon.config;

import java.util.OptionalLong;

/**
 * Whole numbers as the field writes them: decimal, {@code 0x} hexadecimal, leading {@code 0} octal.
 *
 * <p>ctdbd reads {@code 5x} as 5 and {@code abc} as 0; here the whole word must be a number.
 */
final class ConfNumber {
  private ConfNumber() {}

  /** The number when {@code text} is one between 0 and {@code max}, both included. */
  static OptionalLong parse(String text, long max) {
    try {
      long value;
      if (text.startsWith("-") || text.startsWith("+")) {
        return OptionalLong.empty();
      } else if (text.startsWith("0x") || text.startsWith("0X")) {
        value = Long.parseUnsignedLong(text, 2, text.length(), 16);
      } else if (text.length() > 1 && text.startsWith("0")) {
        value = Long.parseUnsignedLong(text, 8);
      } else {
        value = Long.parseUnsignedLong(text);
      }
      return value < 0 || value > max ? OptionalLong.empty() : OptionalLong.of(value);
    } catch (NumberFormatException _) {
      return OptionalLong.empty();
    }
  }
}
