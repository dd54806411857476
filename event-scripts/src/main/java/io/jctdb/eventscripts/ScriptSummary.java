package io.jctdb.eventscripts;

import io.jctdb.linux.ChildExit;

/**
 * How the end of a script becomes one signed number (events-and-config 1.5): 0 is success, a
 * positive number the script's own exit status, a negative one an error number of running it.
 *
 * <p>Exit statuses 65..254 are an error number plus 64: ctdbd's child tells a failed exec that way,
 * and scripts may do so too. That makes 77 "disabled" and 174 "timed out"; status output shows it,
 * so it is kept.
 */
final class ScriptSummary {
  static final int OK = 0;
  static final int DISABLED = -EventErrno.ENOEXEC;
  static final int TIMED_OUT = -EventErrno.ETIMEDOUT;
  static final int CANCELLED = -EventErrno.ECANCELED;

  private static final int EXEC_ERROR_BASE = 64;

  private ScriptSummary() {}

  static int of(ChildExit exit) {
    return switch (exit) {
      case ChildExit.Signalled _ -> -EventErrno.EINTR;
      case ChildExit.Exited(int status) when status < EXEC_ERROR_BASE || status == 255 -> status;
      case ChildExit.Exited(int status) -> ofExecError(status - EXEC_ERROR_BASE);
    };
  }

  /** A script that the kernel would not execute: EACCES and ENOEXEC mean "not enabled". */
  static int ofExecError(int errno) {
    return errno == EventErrno.EACCES || errno == EventErrno.ENOEXEC ? DISABLED : -errno;
  }

  /** Whether the event goes on to the next script. */
  static boolean continues(int summary) {
    return summary == OK || summary == DISABLED;
  }

  /** What the one who asked for the event is told: a positive error number, 0 for success. */
  static int toErrno(int summary) {
    return switch (summary) {
      case OK, DISABLED -> 0;
      case TIMED_OUT -> EventErrno.ETIMEDOUT;
      case CANCELLED -> EventErrno.ECANCELED;
      default -> EventErrno.ENOEXEC;
    };
  }
}
