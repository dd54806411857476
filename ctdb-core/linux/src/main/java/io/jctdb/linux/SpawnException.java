package io.jctdb.linux;

import java.io.IOException;

/** A program could not be started; {@link #errno()} is what {@code execve} said. */
public final class SpawnException extends IOException {
  private static final long serialVersionUID = 1L;

  private final int errno;

  SpawnException(String program, int errno) {
    super("cannot start " + program + ": " + Errno.text(errno));
    this.errno = errno;
  }

  /** The error number, such as ENOENT 2, ENOEXEC 8 or EACCES 13. */
  public int errno() {
    return errno;
  }
}
