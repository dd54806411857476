package io.jctdb.protocol;

/** How far a daemon has come (client-protocol.md 3.3). */
public enum RunState {
  UNKNOWN(0),
  INIT(1),
  SETUP(2),
  FIRST_RECOVERY(3),
  STARTUP(4),
  RUNNING(5),
  SHUTDOWN(6);

  private static final RunState[] VALUES = values();

  private final int number;

  RunState(int number) {
    this.number = number;
  }

  /** The number on the wire. */
  public int number() {
    return number;
  }

  /** The state with this number, or {@link #UNKNOWN}. */
  public static RunState of(int number) {
    return number >= 0 && number < VALUES.length ? VALUES[number] : UNKNOWN;
  }
}
