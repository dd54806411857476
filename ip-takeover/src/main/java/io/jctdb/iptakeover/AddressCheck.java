package io.jctdb.iptakeover;

import io.jctdb.protocol.SpecialPnn;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks for a takeover run when a link has changed, or when nobody has an address that this node
 * could host (cluster-and-failover.md 3.8). The same complaint is repeated only every five seconds:
 * what a run did not mend, the next one a second later will rarely mend either.
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
      Collection<LocalAddress> table,
      Predicate<LocalAddress> available,
      Map<String, Boolean> links) {
    if (ports.checksSuspended().getAsBoolean()) {
      return;
    }
    boolean linksChanged = lastLinks != null && !lastLinks.equals(links);
    if (lastLinks == null) {
      lastLinks = links;
    }
    String complaint =
        linksChanged ? "an interface or its link has changed" : complaint(table, available);
    if (complaint == null) {
      lastComplaint = null;
      return;
    }
    long now = ports.scheduler().nowNanos();
    if (complaint.equals(lastComplaint) && now - lastComplaintNanos < REPEAT_NANOS) {
      return;
    }
    lastLinks = links;
    lastComplaint = complaint;
    lastComplaintNanos = now;
    LOG.warn("Asking for a takeover run: {}", complaint);
    ports.listener().takeoverRunWanted(complaint);
  }

  private @Nullable String complaint(
      Collection<LocalAddress> table, Predicate<LocalAddress> available) {
    for (LocalAddress entry : table) {
      if (entry.holder == SpecialPnn.UNKNOWN && available.test(entry)) {
        return "nobody has public address " + entry.text() + ", and this node could";
      }
    }
    return null;
  }
}
