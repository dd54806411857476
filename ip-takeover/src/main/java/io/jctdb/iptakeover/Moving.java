package io.jctdb.iptakeover;

import io.jctdb.iptakeover.LocalAddress.Change;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves an address that this node has to another of its interfaces.
 *
 * <p>Threading: owner thread; statuses come on it, too.
 */
final class Moving {
  private static final Logger LOG = LoggerFactory.getLogger(Moving.class);
  private static final int OK = 0;

  private final AddressKeeper keeper;
  private final AddressEvents events;
  private final LocalInterfaces interfaces;
  private final Whereabouts whereabouts;
  private final Releasing releasing;

  Moving(
      AddressPorts ports,
      LocalInterfaces interfaces,
      Whereabouts whereabouts,
      Releasing releasing) {
    this.keeper = ports.keeper();
    this.events = ports.events();
    this.interfaces = interfaces;
    this.whereabouts = whereabouts;
    this.releasing = releasing;
  }

  /**
   * Moves an address that the kernel has, and that is not changing.
   *
   * @param from null: not known
   * @param status called once, when the event has ended
   */
  void move(LocalAddress entry, @Nullable String from, String to, IntConsumer status) {
    String old = from == null ? AddressEvents.NO_INTERFACE : from;
    LOG.info("Moving public address {} from {} to {}", entry.text(), old, to);
    entry.note(
        "moving from "
            + (from == null ? "an interface that was not recorded" : from)
            + (from != null && !interfaces.isUp(from) ? ", which has no link," : "")
            + " to "
            + to);
    entry.interfaceName = to;
    entry.change = Change.MOVING;
    // A renewal between the script's deleting and adding would bring it back on the old interface.
    keeper.letGo(entry.address());
    events.run(
        "updateip",
        entry.eventArguments(old, to),
        result -> {
          moved(entry, from, to, result, status);
          entry.carryOn();
        });
  }

  private void moved(
      LocalAddress entry, @Nullable String from, String to, int result, IntConsumer status) {
    entry.change = Change.NONE;
    if (releasing.interrupted(entry, status)) {
      return;
    }
    if (result == OK) {
      whereabouts.here(entry, to);
    } else {
      entry.interfaceName = from;
      keeper.hold(entry.address());
      LOG.error("Moving {} to {} failed: updateip status {}", entry.text(), to, result);
    }
    status.accept(result);
  }
}
