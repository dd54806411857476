package io.jctdb.protocol;

/** How a sender rounds the length of its packets (client-protocol.md 1.2). */
public enum Padding {
  /** smbd and other Samba programs: none. */
  NONE,
  /** The {@code ctdb} tool, and daemons among themselves: zeros up to a multiple of 8. */
  TOOL,
  /** A daemon to its clients: as the tool, with a minimum for some operations. */
  DAEMON_TO_CLIENT;

  /** No reply, call reply or message to a client is shorter, in bytes. */
  private static final int MINIMUM = 48;

  int padded(Operation operation, int length) {
    if (this == NONE) {
      return length;
    }
    int rounded = Math.addExact(length, 7) & ~7;
    if (this == TOOL) {
      return rounded;
    }
    return switch (operation) {
      case REPLY_CONTROL, REQ_MESSAGE, REPLY_CALL -> Math.max(rounded, MINIMUM);
      case REQ_CALL,
          REQ_DMASTER,
          REPLY_DMASTER,
          REPLY_ERROR,
          REQ_CONTROL,
          REQ_KEEPALIVE,
          REQ_TUNNEL ->
          rounded;
    };
  }
}
