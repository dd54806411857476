package io.jctdb.iptakeover;

import io.jctdb.linux.Errno;
import io.jctdb.linux.LinkAddress;
import io.jctdb.linux.Netlink;
import io.jctdb.linux.NetworkException;
import io.jctdb.linux.NetworkLink;
import io.jctdb.linux.Sysctl;
import java.io.IOException;
import java.util.List;

/** {@link KernelAddresses} through netlink. */
public final class NetlinkAddresses implements KernelAddresses {
  /** "Cannot assign requested address": what the kernel says when an address is not there. */
  private static final int EADDRNOTAVAIL = 99;

  private static final int ENODEV = 19;

  private final Netlink netlink;

  public NetlinkAddresses(Netlink netlink) {
    this.netlink = netlink;
  }

  @Override
  public List<LinkAddress> list() throws IOException {
    return netlink.addresses();
  }

  @Override
  public List<NetworkLink> links() throws IOException {
    return netlink.links();
  }

  @Override
  public void setLifetime(LinkAddress address, long validSeconds) throws IOException {
    netlink.replace(address, validSeconds);
  }

  @Override
  public void prepare(String interfaceName) throws IOException {
    Sysctl.promoteSecondaries(interfaceName);
  }

  /** An address that is gone meanwhile, or its interface, is fine. */
  @Override
  public void delete(LinkAddress address) throws IOException {
    try {
      netlink.delete(address);
    } catch (NetworkException e) {
      if (e.errno() != EADDRNOTAVAIL && e.errno() != ENODEV && e.errno() != Errno.ESRCH) {
        throw e;
      }
    }
  }
}
