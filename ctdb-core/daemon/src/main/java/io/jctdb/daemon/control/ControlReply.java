package io.jctdb.daemon.control;

/** Where the answer to one control goes. Exactly one call; owner thread. */
@FunctionalInterface
public interface ControlReply {
  byte[] NO_DATA = new byte[0];

  void send(int status, byte[] data, String error);

  default void ok() {
    send(0, NO_DATA, "");
  }

  default void ok(byte[] data) {
    send(0, data, "");
  }

  /** A bare status: a number for the few controls that answer with one, or an error code. */
  default void status(int status) {
    send(status, NO_DATA, "");
  }

  /** The way nearly every control fails: −1 without data or text (client-protocol.md 3.1). */
  default void fail() {
    send(-1, NO_DATA, "");
  }

  default void fail(String error) {
    send(-1, NO_DATA, error);
  }
}
