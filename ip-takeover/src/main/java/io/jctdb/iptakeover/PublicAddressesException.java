package io.jctdb.iptakeover;

import java.nio.file.Path;

/** A {@code public_addresses} file that cannot be used: which line, which value, which rule. */
public final class PublicAddressesException extends Exception {
  private static final long serialVersionUID = 1L;

  PublicAddressesException(Path file, int line, String problem) {
    super(file + ":" + line + ": " + problem);
  }

  PublicAddressesException(Path file, String problem, Throwable cause) {
    super(file + ": " + problem, cause);
  }
}
