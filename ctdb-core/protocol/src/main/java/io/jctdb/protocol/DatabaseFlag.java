package io.jctdb.protocol;

/** Bits of a database's flags byte in GET_DBMAP (client-protocol.md 4.3). */
public final class DatabaseFlag {
  public static final int PERSISTENT = 1;
  public static final int READONLY = 2;
  public static final int STICKY = 4;
  public static final int REPLICATED = 8;

  private DatabaseFlag() {}
}
