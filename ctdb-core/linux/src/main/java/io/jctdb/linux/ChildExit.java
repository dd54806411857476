package io.jctdb.linux;

/** How a child process ended. */
public sealed interface ChildExit {
  /** It called exit with this status, 0..255. */
  record Exited(int status) implements ChildExit {}

  /** It was ended by this signal. */
  record Signalled(int signal) implements ChildExit {}

  /** What {@code waitpid} reports for a process that is gone. */
  static ChildExit ofWaitStatus(int status) {
    int signal = status & 0x7f;
    return signal == 0 ? new Exited((status >> 8) & 0xff) : new Signalled(signal);
  }
}
