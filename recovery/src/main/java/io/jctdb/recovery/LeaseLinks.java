package io.jctdb.recovery;

import io.jctdb.database.message.LeaseMessage;

/** How messages about leases reach another node. */
@FunctionalInterface
public interface LeaseLinks {
  /**
   * Called on the membership thread; must return at once. FIFO for each node, also with the PREPARE
   * that follows a call of {@link EpochChange#propose}; lost without notice when there is no link.
   */
  void send(int pnn, LeaseMessage message);
}
