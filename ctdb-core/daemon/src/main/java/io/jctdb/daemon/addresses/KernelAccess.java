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

/**
 * How the parts for public addresses reach the kernel. A node that has no public addresses opens
 * nothing and so needs no privileges.
 */
record KernelAccess(
    KernelAddresses addresses,
    AddressKeeper keeper,
    AnnouncementSender announcements,
    Runnable closing) {

  /**
   * @throws IOException if the kernel does not let us, usually for lack of privileges
   */
  static KernelAccess open(LongSupplier leaseNanosLeft) throws IOException {
    Netlink netlink = Netlink.open();
    Netlink leaseNetlink = Netlink.open();
    RawAnnouncementSender announcements = RawAnnouncementSender.open(netlink);
    AddressLeases leases =
        new AddressLeases(new NetlinkAddresses(leaseNetlink), AddressLease.DEFAULT, leaseNanosLeft);
    leases.start();
    return new KernelAccess(
        new NetlinkAddresses(netlink),
        leases,
        announcements,
        () -> {
          leases.close();
          announcements.close();
          leaseNetlink.close();
          netlink.close();
        });
  }

  /** For a node without public addresses. */
  static KernelAccess none() {
    Nothing nothing = new Nothing();
    return new KernelAccess(nothing, nothing, nothing, () -> {});
  }

  /** Has no address, and none to keep or announce. */
  private static final class Nothing implements KernelAddresses, AddressKeeper, AnnouncementSender {
    @Override
    public List<LinkAddress> list() {
      return List.of();
    }

    @Override
    public List<NetworkLink> links() {
      return List.of();
    }

    @Override
    public void setLifetime(LinkAddress address, long validSeconds) throws IOException {
      throw new IOException("this node was started without public addresses");
    }

    @Override
    public void delete(LinkAddress address) throws IOException {
      throw new IOException("this node was started without public addresses");
    }

    @Override
    public void prepare(String interfaceName) {
      // there is nothing to prepare for
    }

    @Override
    public void hold(InetAddress address) {
      // never taken
    }

    @Override
    public void letGo(InetAddress address) {
      // never held
    }

    @Override
    public void releaseAllNow() {
      // nothing is held
    }

    @Override
    public void announce(String interfaceName, InetAddress address) {
      // nothing to announce
    }

    @Override
    public void tickle(Connection connection) {
      // no connections
    }
  }
}
