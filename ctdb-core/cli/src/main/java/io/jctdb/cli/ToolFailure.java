package io.jctdb.cli;

/** Ends the command with an exit status; everything that is to be said has been printed. */
final class ToolFailure extends RuntimeException {
  private static final long serialVersionUID = 1L;
  static final int EINVAL = 22;
  static final int ETIMEDOUT = 110;

  final int status;

  ToolFailure(int status) {
    super("exit " + status, null, false, false);
    this.status = status;
  }
}
