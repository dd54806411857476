package io.jctdb.daemon.client;

/** Counts packets on the client socket. */
public interface ClientStatistics {
  void packetSent();

  void packetReceived();
}
