package io.jctdb.iptakeover;

import java.net.InetAddress;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The public addresses in the list of this node, and what is recorded of each. Who is said to have
 * an address here is what RELEASE_IP and TAKEOVER_IP have said; what the kernel has is asked from
 * {@link PresentAddresses}.
 *
 * <p>Threading: owner thread.
 */
final class LocalTable {
  private final int self;
  private final AddressHistory history;

  /** In order of creation. */
  private final Map<InetAddress, LocalAddress> entries = new LinkedHashMap<>();

  LocalTable(int self, AddressHistory history) {
    this.self = self;
    this.history = history;
  }

  /** Begins with an address that nobody is known to have. */
  void create(PublicAddress configured) {
    entries.put(configured.address(), new LocalAddress(configured, self, history));
  }

  void remove(LocalAddress entry) {
    entries.remove(entry.address());
  }

  @Nullable LocalAddress find(InetAddress address) {
    return entries.get(address);
  }

  /** As they are now, in order of creation; addresses may come and go while they are looked at. */
  List<LocalAddress> entries() {
    return List.copyOf(entries.values());
  }

  Set<InetAddress> addresses() {
    return Collections.unmodifiableSet(entries.keySet());
  }

  boolean isEmpty() {
    return entries.isEmpty();
  }

  /** Whether the address is in this node's list. */
  boolean isPublic(InetAddress address) {
    return entries.containsKey(address);
  }

  /** Whether this node is the recorded holder. */
  boolean isHere(InetAddress address) {
    LocalAddress entry = find(address);
    return entry != null && entry.isHere();
  }

  /** Whether it is just being taken: it may serve already, though its scripts have not ended. */
  boolean isComing(InetAddress address) {
    LocalAddress entry = find(address);
    return entry != null && entry.isChanging() && !entry.isGoing();
  }

  /** Whether it is just being released. */
  boolean isGoing(InetAddress address) {
    LocalAddress entry = find(address);
    return entry != null && entry.isGoing();
  }

  /** The addresses that this node is the recorded holder of. */
  Set<InetAddress> held() {
    Set<InetAddress> held = new HashSet<>();
    for (LocalAddress entry : entries.values()) {
      if (entry.isHere()) {
        held.add(entry.address());
      }
    }
    return held;
  }

  /** How many addresses are on an interface, or on their way to it. */
  int countOn(String interfaceName) {
    int count = 0;
    for (LocalAddress entry : entries.values()) {
      if (interfaceName.equals(entry.interfaceName)) {
        count++;
      }
    }
    return count;
  }
}
