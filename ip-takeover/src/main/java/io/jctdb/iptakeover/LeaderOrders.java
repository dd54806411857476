package io.jctdb.iptakeover;

import io.jctdb.protocol.PublicIp;
import io.jctdb.protocol.RunState;
import io.jctdb.protocol.SockAddr;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.IntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a leader orders in a takeover run: prepare yourselves, release this address, take that one,
 * it is over. Decides what an order means here now: it is refused, it waits, it is nothing to do,
 * or the address is taken, moved or released.
 *
 * <p>A deviation from ctdbd 4.17, visible only when something else has gone wrong: TAKEOVER_IP of
 * an address that the kernel has, although another node is recorded as its holder, repairs the
 * record with {@code updateip} instead of banning this node (the leader has every other node's
 * release by then).
 *
 * <p>Threading: owner thread; statuses come on it, too.
 */
final class LeaderOrders {
  private static final Logger LOG = LoggerFactory.getLogger(LeaderOrders.class);
  private static final int OK = 0;
  private static final int FAILED = -1;

  /** A recovery takes a fraction of a second; who waits longer is better served elsewhere. */
  private static final Duration READY_MAX = Duration.ofSeconds(3);

  private final int self;
  private final LocalTable table;
  private final AddressPorts ports;
  private final PresentAddresses present;
  private final LocalInterfaces interfaces;
  private final Availability availability;
  private final Taking taking;
  private final Moving moving;
  private final Releasing releasing;

  LeaderOrders(
      int self,
      LocalTable table,
      AddressPorts ports,
      PresentAddresses present,
      LocalInterfaces interfaces,
      Availability availability,
      Taking taking,
      Moving moving,
      Releasing releasing) {
    this.self = self;
    this.table = table;
    this.ports = ports;
    this.present = present;
    this.interfaces = interfaces;
    this.availability = availability;
    this.taking = taking;
    this.moving = moving;
    this.releasing = releasing;
  }

  /** TAKEOVER_IP. */
  void takeoverIp(PublicIp request, IntConsumer status) {
    LocalAddress entry = table.find(request.address().address());
    if (request.pnn() != self) {
      status.accept(FAILED);
    } else if (entry == null) {
      status.accept(OK);
    } else if (entry.isGoing()) {
      // Whoever had it released may be about to give it to another node.
      LOG.warn("Refused to take {}: it is just being released", entry.text());
      status.accept(FAILED);
    } else if (entry.isChanging()) {
      entry.later(() -> takeoverIp(request, status), status, true);
    } else if (ports.ownState().get().recovering()) {
      // Its scripts may not run yet; refused, it would be passed over for half a minute.
      LOG.info("{} is taken as soon as the databases are ready", entry.text());
      entry.takeWhenReady(status);
      ports.scheduler().after(READY_MAX, () -> giveUpWaiting(entry, status));
    } else {
      take(entry, status);
    }
  }

  private static void giveUpWaiting(LocalAddress entry, IntConsumer status) {
    if (entry.waitsNoLonger(status)) {
      entry.refusals++;
      LOG.error("Cannot take {}: the databases of this node are not ready in time", entry.text());
      status.accept(FAILED);
    }
  }

  /** The databases are ready in a new epoch: takes what has waited for that. */
  void recoveryFinished() {
    for (LocalAddress entry : table.entries()) {
      PublicIp request = new PublicIp(self, new SockAddr(entry.address(), 0));
      entry.noLongerAwaited().forEach(status -> takeoverIp(request, status));
    }
  }

  private void take(LocalAddress entry, IntConsumer status) {
    if (availability.isNews(entry)) {
      LOG.warn(
          "Refused to take {}: not all at the main site know yet that this node lists it",
          entry.text());
      status.accept(FAILED);
      return;
    }
    if (!ports.keeper().mayTake()) {
      entry.refusals++;
      LOG.error("Cannot take {}: the lease of this node is running out", entry.text());
      status.accept(FAILED);
      return;
    }
    String best = interfaces.best(entry.configured.interfaces());
    if (best == null) {
      entry.refusals++;
      LOG.error(
          "Cannot take {}: none of its interfaces {} has a link",
          entry.text(),
          entry.configured.interfaces());
      status.accept(FAILED);
      return;
    }
    Optional<Boolean> here = present.has(entry);
    if (here.isEmpty()) {
      status.accept(FAILED);
    } else if (!here.get()) {
      taking.take(entry, status);
    } else if (!entry.isHere() || entry.interfaceName == null) {
      moving.move(entry, null, best, status);
    } else if (interfaces.shouldLeave(entry.interfaceName, best)) {
      moving.move(entry, entry.interfaceName, best, status);
    } else {
      status.accept(OK);
    }
  }

  /** RELEASE_IP; the request's pnn is the new holder. */
  void releaseIp(PublicIp request, IntConsumer status) {
    LocalAddress entry = table.find(request.address().address());
    if (entry == null) {
      status.accept(OK);
    } else if (entry.isChanging()) {
      entry.later(() -> releaseIp(request, status), status, false);
    } else {
      releasing.release(entry, request.pnn(), status);
    }
  }

  /**
   * START_IPREALLOCATE: addresses are about to move somewhere. Newer ctdb has it, and scripts for
   * it; a node that does not run yet has no service that could prepare itself.
   */
  void startIpReallocate(IntConsumer status) {
    if (ports.ownState().get().runState() != RunState.RUNNING) {
      status.accept(OK);
      return;
    }
    ports
        .events()
        .run(
            "startipreallocate",
            List.of(),
            result -> {
              ports.listener().reallocationBegins();
              status.accept(result);
            });
  }

  /**
   * IPREALLOCATED. A node that shuts down runs no event but {@code shutdown}: its addresses have
   * gone in order, its services end, and that is no failure of the leader's takeover run.
   */
  void ipReallocated(IntConsumer status) {
    if (shutsDown()) {
      status.accept(OK);
      return;
    }
    ports
        .events()
        .run(
            "ipreallocated",
            List.of(),
            result -> {
              ports.listener().reallocated();
              status.accept(shutsDown() ? OK : result);
            });
  }

  private boolean shutsDown() {
    return ports.ownState().get().runState() == RunState.SHUTDOWN;
  }
}
