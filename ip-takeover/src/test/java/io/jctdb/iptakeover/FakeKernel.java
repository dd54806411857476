package io.jctdb.iptakeover;

import io.jctdb.linux.LinkAddress;
import io.jctdb.linux.NetworkLink;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A kernel with interfaces eth0, eth1, eth2 (indexes 1, 2, 3). */
final class FakeKernel implements KernelAddresses {
  final Map<InetAddress, LinkAddress> addresses = new LinkedHashMap<>();
  private final List<LinkAddress> twins = new ArrayList<>();
  final List<String> prepared = new ArrayList<>();
  final Set<String> withoutLink = new HashSet<>();
  boolean refusesToDelete;
  boolean broken;

  void add(InetAddress address) {
    add(address, 1);
  }

  void add(InetAddress address, int interfaceIndex) {
    addresses.put(address, new LinkAddress(address, 24, interfaceIndex, 0, LinkAddress.FOREVER));
  }

  /** Besides where it is already. */
  void addTwin(InetAddress address, int interfaceIndex) {
    twins.add(new LinkAddress(address, 24, interfaceIndex, 0, LinkAddress.FOREVER));
  }

  @Override
  public List<LinkAddress> list() throws IOException {
    if (broken) {
      throw new IOException("no netlink");
    }
    List<LinkAddress> all = new ArrayList<>(addresses.values());
    all.addAll(twins);
    return all;
  }

  @Override
  public List<NetworkLink> links() {
    return List.of(link("eth0", 1), link("eth1", 2), link("eth2", 3));
  }

  private NetworkLink link(String name, int index) {
    return new NetworkLink(
        name, index, 1, withoutLink.contains(name) ? 0x1 : 0x41, "02:00:00:00:00:0" + index);
  }

  @Override
  public void setLifetime(LinkAddress address, long validSeconds) {
    addresses.put(
        address.address(),
        new LinkAddress(
            address.address(),
            address.prefixLength(),
            address.interfaceIndex(),
            address.flags(),
            validSeconds));
  }

  @Override
  public void delete(LinkAddress address) throws IOException {
    if (refusesToDelete) {
      throw new IOException("not permitted");
    }
    if (!twins.remove(address)) {
      addresses.remove(address.address());
    }
  }

  @Override
  public void prepare(String interfaceName) {
    prepared.add(interfaceName);
  }
}
