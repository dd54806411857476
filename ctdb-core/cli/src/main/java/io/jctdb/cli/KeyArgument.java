package io.jctdb.cli;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Keys and values on the command line: text without a NUL, or hexadecimal after 0x (cli.md 9). */
final class KeyArgument {
  private KeyArgument() {}

  /** {@code what} is "key" or "value"; bad hexadecimal ends the command with status 22. */
  static byte[] parse(Tool tool, String what, String text) {
    if (!text.startsWith("0x")) {
      return text.getBytes(StandardCharsets.UTF_8);
    }
    String digits = text.substring(2);
    if (digits.length() % 2 != 0) {
      tool.err().line("Key (" + digits + ") contains odd number of hex digits");
      throw tool.fail(ToolFailure.EINVAL, "Failed to parse " + what + " " + text);
    }
    byte[] bytes = new byte[digits.length() / 2];
    for (int i = 0; i < bytes.length; i++) {
      int high = Character.digit(digits.charAt(2 * i), 16);
      int low = Character.digit(digits.charAt(2 * i + 1), 16);
      if (high < 0 || low < 0) {
        tool.err().line("Invalid hex: " + digits.substring(2 * i, 2 * i + 2));
        throw tool.fail(ToolFailure.EINVAL, "Failed to parse " + what + " " + text);
      }
      bytes[i] = (byte) (high << 4 | low);
    }
    return bytes;
  }

  /** A value as text, up to its first NUL. */
  static byte[] untilNul(byte[] value) {
    for (int i = 0; i < value.length; i++) {
      if (value[i] == 0) {
        return Arrays.copyOf(value, i);
      }
    }
    return value;
  }
}
