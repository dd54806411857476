package io.jctdb.linux;

/** What libtdb says went wrong; the order is that of its numbers (databases.md 1.9). */
public enum TdbError {
  NONE("no error"),
  CORRUPT("the file is corrupt"),
  IO("input/output error"),
  LOCK("a lock could not be taken"),
  OUT_OF_MEMORY("out of memory"),
  EXISTS("the record exists"),
  NO_LOCK("locking is off"),
  LOCK_TIMEOUT("lock timeout"),
  NO_RECORD("no such record"),
  INVALID("invalid argument"),
  READ_ONLY("the file is open for reading only"),
  NESTING("a transaction is already active"),
  UNKNOWN("an unknown error");

  private static final TdbError[] BY_CODE = values();

  private final String text;

  TdbError(String text) {
    this.text = text;
  }

  static TdbError of(int code) {
    return code >= 0 && code < BY_CODE.length - 1 ? BY_CODE[code] : UNKNOWN;
  }

  public String text() {
    return text;
  }
}
