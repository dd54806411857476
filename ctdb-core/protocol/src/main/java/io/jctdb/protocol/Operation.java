package io.jctdb.protocol;

import org.jspecify.annotations.Nullable;

/** What kind of packet it is: the header's operation field (client-protocol.md 2.1). */
public enum Operation {
  REQ_CALL(0),
  REPLY_CALL(1),
  REQ_DMASTER(2),
  REPLY_DMASTER(3),
  REPLY_ERROR(4),
  REQ_MESSAGE(5),
  REQ_CONTROL(7),
  REPLY_CONTROL(8),
  REQ_KEEPALIVE(9),
  REQ_TUNNEL(10);

  private final int number;

  Operation(int number) {
    this.number = number;
  }

  public int number() {
    return number;
  }

  /** The operation with this number, or null if there is none. */
  public static @Nullable Operation of(int number) {
    for (Operation operation : values()) {
      if (operation.number == number) {
        return operation;
      }
    }
    return null;
  }
}
