package io.jctdb.daemon.addresses;

import io.jctdb.iptakeover.AddressKeeper;
import io.jctdb.iptakeover.AddressLease;
import io.jctdb.iptakeover.AddressLeases;
import io.jctdb.iptakeover.AnnouncementSender;
import io.jctdb.iptakeover.KernelAddresses;
import io.jctdb.iptakeover.NetlinkAddresses;
import io.jctdb.iptakeover.RawAnnouncementSender;
import io.jctdb.linux.LinkAddress;
import io.jctdb.linux.Netlink;
import io.jctdb.linux.NetworkLink;
import io.jctdb.protocol.Connection;
import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How the parts for public addresses reach the kernel. Opened by the first use: a node that has no
 * public addresses needs no privileges, and can be given some later.
 *
 * <p>Threading: any thread.
 */
final class KernelAccess
    implements KernelAddresses, AddressKeeper, AnnouncementSender, AutoCloseable {
  private final LongSupplier leaseNanosLeft;
  private final Runnable addressMissing;
  private @Nullable Sockets open;
  private boolean closed;

  private record Sockets(
      Netlink netlink,
      Netlink leaseNetlink,
      NetlinkAddresses addresses,
      AddressLeases leases,
      RawAnnouncementSender announcements) {}

  /**
   * @param addressMissing told, on another thread, when an address that should be here is not
   */
  KernelAccess(LongSupplier leaseNanosLeft, Runnable addressMissing) {
    this.leaseNanosLeft = leaseNanosLeft;
    this.addressMissing = addressMissing;
  }

  /**
   * Opens what is needed, unless that has been done.
   *
   * @throws IOException if the kernel does not let us, usually for lack of privileges
   */
  synchronized void open() throws IOException {
    sockets();
  }

  private synchronized Sockets sockets() throws IOException {
    if (closed) {
      throw new IOException("the daemon is ending");
    }
    if (open == null) {
      Netlink netlink = Netlink.open();
      Netlink leaseNetlink = Netlink.open();
      AddressLeases leases =
          new AddressLeases(
              new NetlinkAddresses(leaseNetlink),
              AddressLease.DEFAULT,
              leaseNanosLeft,
              addressMissing);
      open =
          new Sockets(
              netlink,
              leaseNetlink,
              new NetlinkAddresses(netlink),
              leases,
              RawAnnouncementSender.open(netlink));
      leases.start();
    }
    return open;
  }

  private synchronized @Nullable Sockets ifOpen() {
    return open;
  }

  @Override
  public List<LinkAddress> list() throws IOException {
    return sockets().addresses.list();
  }

  @Override
  public List<NetworkLink> links() throws IOException {
    return sockets().addresses.links();
  }

  @Override
  public void setLifetime(LinkAddress address, long validSeconds) throws IOException {
    sockets().addresses.setLifetime(address, validSeconds);
  }

  @Override
  public void delete(LinkAddress address) throws IOException {
    sockets().addresses.delete(address);
  }

  @Override
  public void prepare(String interfaceName) throws IOException {
    sockets().addresses.prepare(interfaceName);
  }

  @Override
  public boolean mayTake() {
    Sockets now = ifOpen();
    return now != null && now.leases.mayTake();
  }

  @Override
  public void hold(InetAddress address) {
    Sockets now = ifOpen();
    if (now != null) {
      now.leases.hold(address);
    }
  }

  @Override
  public void letGo(InetAddress address) {
    Sockets now = ifOpen();
    if (now != null) {
      now.leases.letGo(address);
    }
  }

  @Override
  public void releaseAllNow() {
    Sockets now = ifOpen();
    if (now != null) {
      now.leases.releaseAllNow();
    }
  }

  @Override
  public void announce(String interfaceName, InetAddress address) throws IOException {
    sockets().announcements.announce(interfaceName, address);
  }

  @Override
  public void tickle(Connection connection) throws IOException {
    sockets().announcements.tickle(connection);
  }

  /** Stops renewing; what is still held goes when its lifetime is over. */
  @Override
  public synchronized void close() {
    closed = true;
    if (open != null) {
      open.leases.close();
      open.announcements.close();
      open.leaseNetlink.close();
      open.netlink.close();
      open = null;
    }
  }
}
