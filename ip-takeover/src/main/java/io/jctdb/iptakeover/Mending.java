package io.jctdb.iptakeover;

import io.jctdb.linux.LinkAddress;
import io.jctdb.linux.NetworkLink;
import io.jctdb.protocol.SpecialPnn;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Mends what differs from what the kernel has (cluster-and-failover.md 3.8): an address that is
 * here and should not be is released, one that has vanished is put back, one on the wrong interface
 * is moved.
 *
 * <p>ctdbd leaves the mending to the leader. It needs none: the leader gives an address to nobody
 * else before its recorded holder has released it or has lost its lease.
 *
 * <p>Threading: owner thread.
 */
final class Mending {
  private static final Logger LOG = LoggerFactory.getLogger(Mending.class);
  private static final int OK = 0;

  private final LocalTable table;
  private final AddressPorts ports;
  private final Taking taking;
  private final Moving moving;
  private final Releasing releasing;
  private final Whereabouts whereabouts;

  Mending(
      LocalTable table,
      AddressPorts ports,
      Taking taking,
      Moving moving,
      Releasing releasing,
      Whereabouts whereabouts) {
    this.table = table;
    this.ports = ports;
    this.taking = taking;
    this.moving = moving;
    this.releasing = releasing;
    this.whereabouts = whereabouts;
  }

  /**
   * Looks at every address once.
   *
   * @throws IOException the kernel cannot say what it has
   */
  void mend(List<NetworkLink> links) throws IOException {
    Map<InetAddress, List<LinkAddress>> present = new HashMap<>();
    for (LinkAddress found : ports.kernel().list()) {
      present.computeIfAbsent(found.address(), a -> new ArrayList<>()).add(found);
    }
    Map<Integer, String> names = new HashMap<>();
    links.forEach(link -> names.put(link.index(), link.name()));
    for (LocalAddress entry : table.entries()) {
      List<LinkAddress> found = present.getOrDefault(entry.address(), List.of());
      mendPresence(entry, !found.isEmpty());
      mendInterface(entry, found, names);
    }
  }

  private void mendPresence(LocalAddress entry, boolean here) {
    if (entry.isChanging()) {
      return;
    }
    if (!entry.isHere() && here) {
      LOG.warn("Public address {} is on this node and should not be: removing it", entry.text());
      releasing.release(entry, entry.holder, status -> {});
    } else if (entry.isHere()
        && !here
        && ports.ownState().get().mayHost()
        && ports.keeper().mayTake()) {
      LOG.warn("Public address {} has vanished from this node: putting it back", entry.text());
      entry.putBacks++;
      entry.note("had vanished from its interface");
      taking.take(entry, status -> putBack(entry, status));
    }
  }

  private void putBack(LocalAddress entry, int status) {
    if (status != OK) {
      whereabouts.gone(entry, SpecialPnn.UNKNOWN);
      ports.listener().takeoverRunWanted(entry.text() + " cannot be put back here");
    }
  }

  /** An address that is here, but not where it should be, or there and elsewhere, too. */
  private void mendInterface(
      LocalAddress entry, List<LinkAddress> found, Map<Integer, String> names) {
    String right = entry.interfaceName;
    if (entry.isChanging() || !entry.isHere() || right == null || found.isEmpty()) {
      return;
    }
    List<LinkAddress> wrong =
        found.stream().filter(one -> !right.equals(names.get(one.interfaceIndex()))).toList();
    if (wrong.isEmpty()) {
      return;
    }
    String where = names.getOrDefault(wrong.getFirst().interfaceIndex(), "an unknown interface");
    entry.note("was found on " + where + " and belongs on " + right);
    if (wrong.size() == found.size()) {
      LOG.warn("Public address {} is on {}: moving it to {}", entry.text(), where, right);
      moving.move(entry, where, right, status -> {});
      return;
    }
    LOG.warn("Public address {} is on {}, too: removing it there", entry.text(), where);
    for (LinkAddress one : wrong) {
      try {
        ports.kernel().delete(one);
      } catch (IOException e) {
        LOG.error("A public address cannot be removed: {}", e.getMessage());
      }
    }
  }
}
