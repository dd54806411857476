package io.jctdb.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The arguments as the bytes that were typed, read as UTF-8.
 *
 * <p>In the C locale, which event scripts often have, Java replaces every byte above 127 by a
 * question mark: a key would silently become another key. The kernel still has the bytes.
 */
final class RawArguments {
  private RawArguments() {}

  static String[] restore(String[] arguments) {
    for (String argument : arguments) {
      if (!isAscii(argument)) {
        return fromKernel(arguments);
      }
    }
    return arguments;
  }

  private static boolean isAscii(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) > 127) {
        return false;
      }
    }
    return true;
  }

  /** The last words of this process's command line; those before belong to the virtual machine. */
  private static String[] fromKernel(String[] arguments) {
    try {
      byte[] line = Files.readAllBytes(Path.of("/proc/self/cmdline"));
      String[] restored = new String[arguments.length];
      int end = line.length - 1; // each word ends with a NUL
      for (int i = arguments.length - 1; i >= 0; i--) {
        int start = end;
        while (start > 0 && line[start - 1] != 0) {
          start--;
        }
        restored[i] = new String(line, start, end - start, StandardCharsets.UTF_8);
        end = start - 1;
      }
      return restored;
    } catch (IOException | IndexOutOfBoundsException e) {
      return arguments;
    }
  }
}
