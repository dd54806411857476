package io.jctdb.iptakeover;

import io.jctdb.protocol.Connection;
import java.util.List;

/**
 * Keeps the connections to public addresses over a restart of the daemon: where no other node knows
 * them, because there is none or all have been restarted, clients are woken all the same. Port;
 * owner thread.
 */
public interface ConnectionKeeper {
  /** They are lost with the daemon. */
  ConnectionKeeper NONE =
      new ConnectionKeeper() {
        @Override
        public void write(List<Connection> connections) {
          // Nobody wants to know.
        }

        @Override
        public List<Connection> read() {
          return List.of();
        }
      };

  /** Takes the place of what was written before. Must not wait for a disk. */
  void write(List<Connection> connections);

  /** What an earlier life has written last. */
  List<Connection> read();
}
