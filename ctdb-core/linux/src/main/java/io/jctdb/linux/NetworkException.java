package io.jctdb.linux;

import java.io.IOException;

/** The kernel refused something about an interface, an address or a packet; the text names it. */
public final class NetworkException extends IOException {
  private static final long serialVersionUID = 1L;

  private final int errno;

  NetworkException(String operation, int errno) {
    super(operation + ": " + CLibrary.errorText(errno) + " (errno " + errno + ")");
    this.errno = errno;
  }

  NetworkException(String problem) {
    super(problem);
    this.errno = 0;
  }

  /** The system's error number; 0 if the problem was seen before the kernel was asked. */
  public int errno() {
    return errno;
  }
}
