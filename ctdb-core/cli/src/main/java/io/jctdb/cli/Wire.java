package io.jctdb.cli;

import org.jspecify.annotations.Nullable;

/** A packet connection to the daemon. */
interface Wire extends AutoCloseable {
  long FOREVER = Long.MAX_VALUE;

  /**
   * Sends one packet.
   *
   * @throws ConnectionLost if the daemon has closed
   */
  void send(byte[] packet);

  /**
   * Waits for a packet.
   *
   * @return null when {@code timeoutMillis} have passed
   * @throws ConnectionLost if the daemon has closed
   */
  byte @Nullable [] receive(long timeoutMillis);

  @Override
  void close();

  /** The daemon went away in the middle of a command. */
  final class ConnectionLost extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ConnectionLost() {
      super("the daemon closed the connection", null, false, false);
    }
  }
}
