package io.jctdb.iptakeover;

import io.jctdb.protocol.Connection;
import java.io.IOException;
import java.net.InetAddress;

/** Sends what tells others that an address has moved. Port; must not block. */
public interface AnnouncementSender {
  /** Gratuitous ARP or unsolicited neighbour advertisement, once. */
  void announce(String interfaceName, InetAddress address) throws IOException;

  /** One tickle ACK to the source of this connection. */
  void tickle(Connection connection) throws IOException;
}
