package io.jctdb.iptakeover;

import io.jctdb.protocol.SpecialPnn;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compares what the kernel has with what it should have, and asks for a takeover run if they differ
 * (cluster-and-failover.md 3.8). The same complaint is repeated only every five seconds: what a run
 * did not mend, the next one a second later will rarely mend either.
 */
final class AddressCheck {
  private static final Logger LOG = LoggerFactory.getLogger(AddressCheck.class);
  private static final long REPEAT_NANOS = Duration.ofSeconds(5).toNanos();

  private final AddressPorts ports;
  private @Nullable Map<String, Boolean> lastLinks;
  private @Nullable String lastComplaint;
  private long lastComplaintNanos;

  AddressCheck(AddressPorts ports) {
    this.ports = ports;
  }

  void run(
      int self,
      Collection<LocalAddress> table,
      Predicate<LocalAddress> available,
      Map<String, Boolean> links) {
    if (ports.checksSuspended().getAsBoolean()) {
      return;
    }
    boolean linksChanged = lastLinks != null && !lastLinks.equals(links);
    lastLinks = links;
    String complaint =
        linksChanged ? "an interface or its link has changed" : complaint(self, table, available);
    if (complaint == null) {
      lastComplaint = null;
      return;
    }
    long now = ports.scheduler().nowNanos();
    if (complaint.equals(lastComplaint) && now - lastComplaintNanos < REPEAT_NANOS) {
      return;
    }
    lastComplaint = complaint;
    lastComplaintNanos = now;
    LOG.warn("Asking for a takeover run: {}", complaint);
    ports.listener().takeoverRunWanted(complaint);
  }

  private @Nullable String complaint(
      int self, Collection<LocalAddress> table, Predicate<LocalAddress> available) {
    if (table.isEmpty()) {
      return null;
    }
    Set<InetAddress> present = new HashSet<>();
    try {
      ports.kernel().list().forEach(found -> present.add(found.address()));
    } catch (IOException e) {
      LOG.error("Cannot check the public addresses: {}", e.getMessage());
      return null;
    }
    for (LocalAddress entry : table) {
      if (entry.changing) {
        continue;
      }
      boolean here = present.contains(entry.address());
      if (entry.holder == self && !here) {
        return "public address " + entry.text() + " should be on this node and is not";
      }
      if (entry.holder != self && here) {
        return "public address " + entry.text() + " is on this node and should not be";
      }
      if (entry.holder == SpecialPnn.UNKNOWN && available.test(entry)) {
        return "nobody has public address " + entry.text() + ", and this node could";
      }
    }
    return null;
  }
}
