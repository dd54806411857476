package io.jctdb.linux;

/** A system call failed; the message names the call and the system's reason. */
public final class LinuxException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int errno;

  public LinuxException(String operation, int errno) {
    super(operation + " failed: " + CLibrary.errorText(errno) + " (errno " + errno + ")");
    this.errno = errno;
  }

  public int errno() {
    return errno;
  }
}
