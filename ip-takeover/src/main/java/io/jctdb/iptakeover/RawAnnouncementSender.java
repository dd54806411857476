package io.jctdb.iptakeover;

import io.jctdb.linux.Netlink;
import io.jctdb.linux.NetworkException;
import io.jctdb.linux.NetworkLink;
import io.jctdb.linux.RawArp;
import io.jctdb.linux.TickleSocket;
import io.jctdb.protocol.Connection;
import io.jctdb.protocol.SockAddr;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/** {@link AnnouncementSender} through raw sockets. */
public final class RawAnnouncementSender implements AnnouncementSender, AutoCloseable {
  private final Netlink netlink;
  private final RawArp arp;
  private final TickleSocket tickles;

  private RawAnnouncementSender(Netlink netlink, RawArp arp, TickleSocket tickles) {
    this.netlink = netlink;
    this.arp = arp;
    this.tickles = tickles;
  }

  /** Opens the sockets. Needs CAP_NET_RAW. The netlink socket stays the caller's. */
  public static RawAnnouncementSender open(Netlink netlink) throws NetworkException {
    RawArp arp = RawArp.open();
    try {
      return new RawAnnouncementSender(netlink, arp, TickleSocket.open());
    } catch (NetworkException e) {
      arp.close();
      throw e;
    }
  }

  @Override
  public void announce(String interfaceName, InetAddress address) throws IOException {
    NetworkLink link =
        netlink
            .link(interfaceName)
            .orElseThrow(
                () ->
                    new IOException(
                        "cannot announce "
                            + address.getHostAddress()
                            + ": interface "
                            + interfaceName
                            + " does not exist"));
    arp.announce(link, address);
  }

  @Override
  public void tickle(Connection connection) throws IOException {
    tickles.tickle(socket(connection.destination()), socket(connection.source()));
  }

  @Override
  public void close() {
    arp.close();
    tickles.close();
  }

  private static InetSocketAddress socket(SockAddr end) {
    return new InetSocketAddress(end.address(), end.port());
  }
}
