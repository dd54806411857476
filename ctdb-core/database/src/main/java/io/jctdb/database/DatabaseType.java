package io.jctdb.database;

/** The three kinds of database (databases.md 2.2). */
public enum DatabaseType {
  /** Each record lives at its owner. */
  VOLATILE,
  /** A full copy on every member, written by transactions, empty after all members restarted. */
  REPLICATED,
  /** A full copy on every member, written by transactions, on disk. */
  PERSISTENT;

  public boolean isTransactional() {
    return this != VOLATILE;
  }
}
