package io.jctdb.iptakeover;

import io.jctdb.iptakeover.LocalAddress.Change;
import java.time.Duration;
import java.util.function.IntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes an address that this node does not have.
 *
 * <p>Threading: owner thread; statuses come on it, too.
 */
final class Taking {
  private static final Logger LOG = LoggerFactory.getLogger(Taking.class);
  private static final int OK = 0;
  private static final int FAILED = -1;

  private final AddressPorts ports;
  private final LocalInterfaces interfaces;
  private final PresentAddresses present;
  private final Arrivals arrivals;
  private final Whereabouts whereabouts;
  private final Releasing releasing;

  Taking(
      AddressPorts ports,
      LocalInterfaces interfaces,
      PresentAddresses present,
      Arrivals arrivals,
      Whereabouts whereabouts,
      Releasing releasing) {
    this.ports = ports;
    this.interfaces = interfaces;
    this.present = present;
    this.arrivals = arrivals;
    this.whereabouts = whereabouts;
    this.releasing = releasing;
  }

  /**
   * Takes an address that the kernel does not have, and that is not changing, on the best of its
   * interfaces.
   *
   * @param status called once: at once if none of them has a link, or when the event has ended
   */
  void take(LocalAddress entry, IntConsumer status) {
    // Chosen without counting the address itself where it last was.
    entry.interfaceName = null;
    String chosen = interfaces.best(entry.configured.interfaces());
    if (chosen == null) {
      status.accept(FAILED);
      return;
    }
    LOG.info("Taking public address {} on {}", entry.text(), chosen);
    entry.note("being taken on " + chosen);
    entry.interfaceName = chosen;
    entry.change = Change.TAKING;
    ports.keeper().hold(entry.address());
    arrivals.await(entry);
    long begun = ports.scheduler().nowNanos();
    ports
        .events()
        .run(
            "takeip",
            entry.eventArguments(chosen),
            result -> {
              entry.lastTake = Duration.ofNanos(ports.scheduler().nowNanos() - begun);
              taken(entry, chosen, result, status);
              entry.carryOn();
            });
  }

  private void taken(LocalAddress entry, String on, int result, IntConsumer status) {
    entry.change = Change.NONE;
    entry.arriving = false;
    boolean here = present.has(entry).orElse(false);
    if (releasing.interrupted(entry, status)) {
      return;
    }
    // A time-out counts as success (events-and-config.md 1.10), if the address has arrived.
    boolean ended = result == OK || result == AddressEvents.TIMED_OUT;
    if (ended && here) {
      entry.takes++;
      whereabouts.here(entry, on);
      status.accept(OK);
      return;
    }
    entry.refusals++;
    ports.keeper().letGo(entry.address());
    entry.interfaceName = null;
    entry.note("could not be taken: event takeip ended with status " + result);
    LOG.error(
        "Taking public address {} failed: event takeip ended with status {} and the address is {}",
        entry.text(),
        result,
        here ? "there" : "not there");
    present.remove(entry);
    status.accept(ended ? FAILED : result);
  }
}
