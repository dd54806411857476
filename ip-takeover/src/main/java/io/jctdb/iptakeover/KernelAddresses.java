package io.jctdb.iptakeover;

import io.jctdb.linux.LinkAddress;
import io.jctdb.linux.NetworkLink;
import java.io.IOException;
import java.net.InetAddress;
import java.util.List;

/** The addresses that the kernel of this node really has. Port; any thread. */
public interface KernelAddresses {
  List<LinkAddress> list() throws IOException;

  List<NetworkLink> links() throws IOException;

  /** Gives an existing address a new lifetime of whole seconds. */
  void setLifetime(LinkAddress address, long validSeconds) throws IOException;

  void delete(LinkAddress address) throws IOException;

  /**
   * Makes an interface fit for addresses with lifetimes: the expiry of a subnet's first address
   * must not take the others with it.
   */
  void prepare(String interfaceName) throws IOException;

  /** On one interface normally; on more after a disturbed move between interfaces. */
  default List<LinkAddress> find(InetAddress address) throws IOException {
    return list().stream().filter(found -> found.address().equals(address)).toList();
  }
}
