package io.jctdb.daemon;

/**
 * The daemon cannot start (or go on). The message is for the administrator: it names the file, the
 * address or the program at fault and what to do.
 */
public final class StartException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public StartException(String message) {
    super(message);
  }

  public StartException(String message, Throwable cause) {
    super(message, cause);
  }
}
