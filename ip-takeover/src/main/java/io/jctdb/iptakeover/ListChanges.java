package io.jctdb.iptakeover;

import io.jctdb.protocol.AddressInfo;
import io.jctdb.protocol.NumericAddress;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Adds addresses to the list of this node and deletes them from it, and with them the interfaces
 * that they name.
 *
 * <p>Threading: owner thread.
 */
final class ListChanges {
  private static final Logger LOG = LoggerFactory.getLogger(ListChanges.class);
  private static final int OK = 0;
  private static final int FAILED = -1;

  private final LocalTable table;
  private final KernelAddresses kernel;
  private final AddressListener listener;
  private final LocalInterfaces interfaces;
  private final TcpConnections connections;
  private final PublishedList published;

  ListChanges(
      LocalTable table,
      AddressPorts ports,
      LocalInterfaces interfaces,
      TcpConnections connections,
      PublishedList published) {
    this.table = table;
    this.kernel = ports.kernel();
    this.listener = ports.listener();
    this.interfaces = interfaces;
    this.connections = connections;
    this.published = published;
  }

  /** ADD_PUBLIC_IP. */
  int add(AddressInfo info) {
    InetAddress address = info.address().address();
    int bits = address instanceof Inet4Address ? 32 : 128;
    List<String> names =
        List.of(info.interfaces().split(",")).stream()
            .filter(n -> !n.isEmpty())
            .distinct()
            .toList();
    if (table.isPublic(address)
        || names.isEmpty()
        || info.mask() < 0
        || info.mask() > bits
        || !allExist(names)) {
      LOG.error(
          "Cannot add public address {}/{} on '{}': it must be new, its mask at most {}, and every"
              + " interface must exist",
          NumericAddress.toString(address),
          info.mask(),
          info.interfaces(),
          bits);
      return FAILED;
    }
    create(new PublicAddress(address, info.mask(), names));
    return OK;
  }

  private boolean allExist(List<String> names) {
    try {
      Set<String> existing = new HashSet<>();
      kernel.links().forEach(link -> existing.add(link.name()));
      return existing.containsAll(names);
    } catch (IOException e) {
      LOG.error("Cannot list the interfaces of this node: {}", e.getMessage());
      return false;
    }
  }

  /** DEL_PUBLIC_IP: at once, or when it is next released if it is here. */
  int delete(InetAddress address) {
    LocalAddress entry = table.find(address);
    if (entry == null) {
      return FAILED;
    }
    if (entry.isHere() || entry.isChanging()) {
      entry.deleting = true;
      listener.takeoverRunWanted(entry.text() + " has been deleted here");
    } else {
      forget(entry);
    }
    return OK;
  }

  /** RELOAD_PUBLIC_IPS: what the file has gained is added, what it has lost is deleted. */
  void reload(List<PublicAddress> file) {
    Map<InetAddress, PublicAddress> wanted = new LinkedHashMap<>();
    file.forEach(line -> wanted.put(line.address(), line));
    for (LocalAddress entry : table.entries()) {
      PublicAddress line = wanted.remove(entry.address());
      if (line == null) {
        delete(entry.address());
      } else {
        keep(entry, line);
      }
    }
    wanted.values().forEach(this::create);
    if (!wanted.isEmpty()) {
      listener.addressesGained();
    }
  }

  private static void keep(LocalAddress entry, PublicAddress line) {
    entry.deleting = false;
    if (!entry.configured.equals(line)) {
      LOG.warn(
          "The mask or the interfaces of public address {} differ from the file; to change them,"
              + " remove the line, reload, put it back and reload again",
          entry.text());
    }
  }

  /** Its interfaces must exist. */
  void create(PublicAddress configured) {
    table.create(configured);
    for (String name : configured.interfaces()) {
      if (interfaces.add(name)) {
        prepare(name);
      }
    }
    published.changed();
  }

  private void prepare(String interfaceName) {
    try {
      kernel.prepare(interfaceName);
    } catch (IOException e) {
      LOG.error(
          "Cannot set promote_secondaries on {}: when one public address goes, others of its subnet"
              + " may go with it: {}",
          interfaceName,
          e.toString());
    }
  }

  /** Deletes an address that is not here any more. */
  void forget(LocalAddress entry) {
    table.remove(entry);
    connections.forget(entry.address());
    Set<String> named = new HashSet<>();
    table.entries().forEach(other -> named.addAll(other.configured.interfaces()));
    interfaces.retain(named);
    published.changed();
  }
}
