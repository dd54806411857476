package io.jctdb.iptakeover;

import io.jctdb.iptakeover.LocalAddress.AfterChange;
import io.jctdb.iptakeover.LocalAddress.Change;
import io.jctdb.protocol.SpecialPnn;
import java.util.List;
import java.util.Optional;
import java.util.function.IntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets go of addresses: of one, of all in good order, of all at once. What is just being taken or
 * moved then goes as soon as its event has ended.
 *
 * <p>A deviation from ctdbd 4.17, visible only when something else has gone wrong: an address that
 * {@code releaseip} left on the interface is removed through netlink before the release is reported
 * as failed.
 *
 * <p>Threading: owner thread; statuses come on it, too.
 */
final class Releasing {
  private static final Logger LOG = LoggerFactory.getLogger(Releasing.class);
  private static final int OK = 0;
  private static final int FAILED = -1;

  private final LocalTable table;
  private final AddressKeeper keeper;
  private final AddressEvents events;
  private final PresentAddresses present;
  private final Whereabouts whereabouts;

  Releasing(
      LocalTable table, AddressPorts ports, PresentAddresses present, Whereabouts whereabouts) {
    this.table = table;
    this.keeper = ports.keeper();
    this.events = ports.events();
    this.present = present;
    this.whereabouts = whereabouts;
  }

  /**
   * Releases an address that is not changing.
   *
   * @param newHolder pnn, or {@link SpecialPnn#UNKNOWN}
   * @param status called once, at once or when the event has ended
   */
  void release(LocalAddress entry, int newHolder, IntConsumer status) {
    entry.noLongerAwaited().forEach(take -> take.accept(FAILED));
    whereabouts.going(entry);
    Optional<Boolean> here = present.has(entry);
    if (here.isEmpty()) {
      status.accept(FAILED);
      return;
    }
    keeper.letGo(entry.address());
    if (!here.get()) {
      whereabouts.gone(entry, newHolder);
      status.accept(OK);
      return;
    }
    String on = entry.interfaceName == null ? AddressEvents.NO_INTERFACE : entry.interfaceName;
    LOG.info("Releasing public address {} from {}", entry.text(), on);
    entry.change = Change.RELEASING;
    // Counts as here until it is gone, so that clients are told.
    entry.claim();
    events.run(
        "releaseip",
        entry.eventArguments(on),
        result -> {
          released(entry, newHolder, result, status);
          entry.carryOn();
        });
  }

  /** Only the kernel says whether a release worked, not the script (1.10). */
  private void released(LocalAddress entry, int newHolder, int result, IntConsumer status) {
    entry.change = Change.NONE;
    entry.afterChange = AfterChange.CARRY_ON;
    if (result != OK) {
      LOG.warn("Event releaseip for {} ended with status {}", entry.text(), result);
    }
    if (present.has(entry).orElse(true)) {
      present.remove(entry);
    }
    if (present.has(entry).orElse(true)) {
      LOG.error("Releasing public address {} failed: it is still there", entry.text());
      entry.note("could not be released: it is still there");
      status.accept(FAILED);
      return;
    }
    entry.releases++;
    whereabouts.gone(entry, newHolder);
    status.accept(OK);
  }

  /** See {@link LocalAddresses#releaseAll}. */
  void releaseAll(Runnable done) {
    List<LocalAddress> entries = table.entries();
    int[] left = {entries.size() + 1};
    Runnable one =
        () -> {
          if (--left[0] == 0) {
            done.run();
          }
        };
    for (LocalAddress entry : entries) {
      entry.refuseWaitingTakes();
      entry.arriving = false;
      if (entry.isChanging()) {
        entry.afterChange = AfterChange.RELEASE;
        entry.later(one, status -> one.run(), false);
      } else {
        release(entry, SpecialPnn.UNKNOWN, status -> one.run());
      }
    }
    one.run();
  }

  /** See {@link LocalAddresses#dropAllNow}. */
  void dropAllNow() {
    table.entries().stream()
        .filter(entry -> entry.isHere() || entry.isChanging())
        .forEach(entry -> entry.note("removed at once, without its event"));
    keeper.releaseAllNow();
    for (LocalAddress entry : table.entries()) {
      entry.refuseWaitingTakes();
      whereabouts.going(entry);
      entry.arriving = false;
      if (entry.isChanging()) {
        entry.afterChange = AfterChange.REMOVE;
        // The keeper has let go of what a script is just releasing.
        present.remove(entry);
      } else {
        whereabouts.gone(entry, SpecialPnn.UNKNOWN);
      }
    }
  }

  /**
   * Whether the node had to give everything up while the event of a take or a move ran. Then the
   * address goes now.
   *
   * @param status of the take or move, which has failed then
   */
  boolean interrupted(LocalAddress entry, IntConsumer status) {
    AfterChange after = entry.afterChange;
    entry.afterChange = AfterChange.CARRY_ON;
    switch (after) {
      case CARRY_ON -> {
        return false;
      }
      case RELEASE -> release(entry, SpecialPnn.UNKNOWN, released -> status.accept(FAILED));
      case REMOVE -> {
        keeper.letGo(entry.address());
        present.remove(entry);
        whereabouts.gone(entry, SpecialPnn.UNKNOWN);
        status.accept(FAILED);
      }
    }
    return true;
  }
}
