package io.jctdb.cli;

/**
 * Numbers on the command line: decimal, or hexadecimal with {@code 0x}. The stock tool also takes
 * trailing garbage, and a leading zero for octal; both are refused here, because they are typing
 * errors (cli.md 2.2, 19).
 */
final class Numbers {
  private Numbers() {}

  /** Whether the text is a number at all; {@link #parse} of anything else throws. */
  static boolean isNumber(String text) {
    try {
      parse(text);
      return true;
    } catch (NumberFormatException e) {
      return false;
    }
  }

  /** An unsigned 64-bit number. */
  static long parse(String text) {
    String digits = text.strip();
    boolean hex = digits.startsWith("0x") || digits.startsWith("0X");
    if (hex) {
      return Long.parseUnsignedLong(digits, 2, digits.length(), 16);
    }
    if (digits.length() > 1 && digits.startsWith("0")) {
      throw new NumberFormatException("leading zero: " + text);
    }
    return digits.startsWith("-") ? Long.parseLong(digits) : Long.parseUnsignedLong(digits);
  }

  /** As C's atoi: the leading digits, or 0. */
  static int leading(String text) {
    String stripped = text.strip();
    int end = stripped.startsWith("-") || stripped.startsWith("+") ? 1 : 0;
    int start = end;
    while (end < stripped.length() && Character.isDigit(stripped.charAt(end))) {
      end++;
    }
    if (end == start) {
      return 0;
    }
    try {
      return (int) Long.parseLong(stripped, 0, end, 10);
    } catch (NumberFormatException e) {
      return 0;
    }
  }
}
