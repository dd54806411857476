package io.jctdb.iptakeover;

import io.jctdb.protocol.AddressStory;
import io.jctdb.protocol.PublicIp;
import io.jctdb.protocol.PublicIpInfo;
import io.jctdb.protocol.SockAddr;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What this node answers when it is asked about its addresses.
 *
 * <p>Threading: owner thread.
 */
final class AddressAnswers {
  private final int self;
  private final LocalTable table;
  private final PresentAddresses present;
  private final LocalInterfaces interfaces;
  private final Availability availability;
  private final AddressHistory history;

  AddressAnswers(
      int self,
      LocalTable table,
      PresentAddresses present,
      LocalInterfaces interfaces,
      Availability availability,
      AddressHistory history) {
    this.self = self;
    this.table = table;
    this.present = present;
    this.interfaces = interfaces;
    this.availability = availability;
    this.history = history;
  }

  /**
   * GET_PUBLIC_IPS: reverse of the file's order. An address that is being taken or released, or
   * that is on an interface without being recorded, is said to be here: the leader must not give it
   * to another node before this one has let go.
   */
  List<PublicIp> publicIps(boolean onlyAvailable) {
    Set<InetAddress> found = table.isEmpty() ? Set.of() : present.all();
    List<PublicIp> list = new ArrayList<>();
    for (LocalAddress entry : table.entries()) {
      if (!onlyAvailable || availability.of(entry)) {
        boolean here = entry.isChanging() || entry.isAwaited() || found.contains(entry.address());
        list.addFirst(new PublicIp(here ? self : entry.holder, new SockAddr(entry.address(), 0)));
      }
    }
    return list;
  }

  /** Whether no public address is on this node, and none is coming. */
  boolean hasNothing() {
    return publicIps(false).stream().noneMatch(ip -> ip.pnn() == self);
  }

  /** GET_PUBLIC_IP_INFO; empty if this node does not know the address. */
  Optional<PublicIpInfo> info(InetAddress address) {
    LocalAddress entry = table.find(address);
    if (entry == null) {
      return Optional.empty();
    }
    List<String> names = entry.configured.interfaces();
    int active =
        entry.isHere() && entry.interfaceName != null
            ? names.indexOf(entry.interfaceName)
            : PublicIpInfo.NO_INTERFACE;
    return Optional.of(
        new PublicIpInfo(
            new PublicIp(entry.holder, new SockAddr(entry.address(), 0)),
            active,
            names.stream().map(interfaces::describe).toList()));
  }

  /** ADDRESS_STORY; see {@link LocalAddresses#story}. */
  AddressStory story(InetAddress address, boolean leader, List<AddressStory.Event> decisions) {
    LocalAddress entry = table.find(address);
    List<AddressStory.Event> events = new ArrayList<>(history.of(address));
    events.addAll(decisions);
    events.sort(Comparator.comparingLong(AddressStory.Event::epochMillis));
    boolean here = publicIps(false).contains(new PublicIp(self, new SockAddr(address, 0)));
    return new AddressStory(entry != null, here, leader, availability.obstacle(entry), events);
  }
}
