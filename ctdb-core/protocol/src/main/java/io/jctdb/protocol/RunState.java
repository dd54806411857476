package io.jctdb.protocol;

/** How far a daemon has come (client-protocol.md 3.3); the ordinal is the number on the wire. */
public enum RunState {
  UNKNOWN,
  INIT,
  SETUP,
  FIRST_RECOVERY,
  STARTUP,
  RUNNING,
  SHUTDOWN;

  private static final RunState[] VALUES = values();

  public int number() {
    return ordinal();
  }

  /** The state with this number, or {@link #UNKNOWN}. */
  public static RunState of(int number) {
    return number >= 0 && number < VALUES.length ? VALUES[number] : UNKNOWN;
  }
}
