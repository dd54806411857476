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
 * could host (cluster-and-failover.md 3.8). A change of a link is told even while checks are
 * suspended, which {@code ctdb moveip} asks for twenty seconds: the leader knows when it may act.
 * The same complaint is repeated only every five seconds: what a run did not mend, the next one a
 * second later will rarely mend either.
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
    if (lastLinks == null) {
      lastLinks = links;
    }
    boolean suspended = ports.checksSuspended().getAsBoolean();
    if (suspended && lastLinks.equals(links)) {
      return;
    }
    String complaint =
        lastLinks.equals(links) ? complaint(table, available) : change(lastLinks, links);
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

  private static String change(Map<String, Boolean> before, Map<String, Boolean> now) {
    boolean lost =
        before.entrySet().stream()
            .anyMatch(link -> link.getValue() && !now.getOrDefault(link.getKey(), false));
    return lost ? "an interface has lost its link" : "an interface has got its link";
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
