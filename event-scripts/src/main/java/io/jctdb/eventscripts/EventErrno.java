package io.jctdb.eventscripts;

/** The error numbers (Linux x86-64) in which the outcome of events and scripts is told. */
final class EventErrno {
  static final int ENOENT = 2;
  static final int EINTR = 4;
  static final int EIO = 5;
  static final int ENOEXEC = 8;
  static final int EACCES = 13;
  static final int EINVAL = 22;
  static final int ETIMEDOUT = 110;
  static final int ECANCELED = 125;

  private EventErrno() {}
}
