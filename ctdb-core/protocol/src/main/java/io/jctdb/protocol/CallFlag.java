package io.jctdb.protocol;

/** Bits of a call's flags field (client-protocol.md 2.2). */
public final class CallFlag {
  /** The requester wants to own the record; every call that is not read-only means that anyhow. */
  public static final int IMMEDIATE_MIGRATION = 1;

  /** The stock vacuum helper. */
  public static final int VACUUM_MIGRATION = 2;

  /** A read-only copy will do, if the database allows delegations. */
  public static final int WANT_READONLY = 4;

  private CallFlag() {}
}
