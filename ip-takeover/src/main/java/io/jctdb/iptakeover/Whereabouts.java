package io.jctdb.iptakeover;

import io.jctdb.protocol.Connection;
import io.jctdb.protocol.SpecialPnn;
import java.time.Duration;
import java.util.Set;

/**
 * Records where an address is when it has come or gone, and tells those who must know: neighbours,
 * clients, smbds, and the nodes that keep the lists of connections.
 *
 * <p>Threading: owner thread.
 */
final class Whereabouts {
  /** Between the three rounds of an announcement. */
  private static final Duration ANNOUNCEMENT_PAUSE = Duration.ofMillis(1_100);

  private final int self;
  private final AddressKeeper keeper;
  private final AddressListener listener;
  private final Announcements announcements;
  private final TcpConnections connections;
  private final ListChanges list;

  Whereabouts(
      int self,
      AddressPorts ports,
      Announcements announcements,
      TcpConnections connections,
      ListChanges list) {
    this.self = self;
    this.keeper = ports.keeper();
    this.listener = ports.listener();
    this.announcements = announcements;
    this.connections = connections;
    this.list = list;
  }

  /** The address is here: keep it alive, and tell everybody. */
  void here(LocalAddress entry, String on) {
    boolean was = entry.isHere();
    entry.claim();
    entry.interfaceName = on;
    entry.note("here on " + on);
    // Again, now that it is there: the script may have added it without a lifetime.
    keeper.hold(entry.address());
    announcements.start(
        entry.address(),
        on,
        ANNOUNCEMENT_PAUSE,
        was ? connections.all(entry.address()) : connections.takeAll(entry.address()));
    listener.taken(entry.address());
  }

  /** It is about to go: nothing more is announced, and the others learn who talks to it. */
  void going(LocalAddress entry) {
    Set<Connection> notWoken = announcements.stop(entry.address());
    if (entry.isHere()) {
      connections.handOver(entry.address(), notWoken);
    }
  }

  /**
   * It is not here.
   *
   * @param newHolder pnn, or {@link SpecialPnn#UNKNOWN}
   */
  void gone(LocalAddress entry, int newHolder) {
    boolean wasHere = entry.isHere();
    if (wasHere || entry.holder != newHolder) {
      String heir = newHolder < 0 || newHolder == self ? "nobody" : "node " + newHolder;
      entry.note(
          wasHere
              ? "released here; it goes to " + heir
              : "it goes to " + heir + ", says the leader");
    }
    entry.holder = newHolder == self ? SpecialPnn.UNKNOWN : newHolder;
    entry.interfaceName = null;
    if (wasHere) {
      connections.gone(entry.address());
      listener.released(entry.address());
    }
    if (entry.deleting) {
      list.forget(entry);
    }
  }
}
