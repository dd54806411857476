package io.jctdb.linux;

import java.nio.file.Path;

/**
 * A libtdb call failed. The message names the file, the operation, libtdb's and the system's
 * reason.
 */
public final class TdbException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String text;
  private final transient Path path;
  private final String operation;
  private final TdbError error;
  private final int errno;

  TdbException(Path path, String operation, TdbError error, int errno) {
    this(message(path, operation, error, errno), path, operation, error, errno);
  }

  private TdbException(String text, Path path, String operation, TdbError error, int errno) {
    super(text);
    this.text = text;
    this.path = path;
    this.operation = operation;
    this.error = error;
    this.errno = errno;
  }

  private static String message(Path path, String operation, TdbError error, int errno) {
    StringBuilder text = new StringBuilder().append(path).append(": ").append(operation);
    text.append(" failed");
    if (error != TdbError.NONE) {
      text.append(": ").append(error.text());
    }
    boolean systemCall =
        switch (error) {
          case NONE, IO, LOCK, OUT_OF_MEMORY, LOCK_TIMEOUT -> true;
          default -> false; // errno would be a leftover of an earlier call
        };
    if (errno != 0 && systemCall) {
      text.append(" (").append(CLibrary.errorText(errno)).append(", errno ").append(errno);
      text.append(')');
    }
    return text.toString();
  }

  @Override
  public String getMessage() {
    return text;
  }

  public Path path() {
    return path;
  }

  /** The libtdb function without its prefix, such as {@code chainlock}. */
  public String operation() {
    return operation;
  }

  public TdbError error() {
    return error;
  }

  /** The system's error number, 0 if libtdb failed without a system call. */
  public int errno() {
    return errno;
  }
}
