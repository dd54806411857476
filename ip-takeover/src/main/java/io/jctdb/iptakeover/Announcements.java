package io.jctdb.iptakeover;

import io.jctdb.protocol.Connection;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells neighbours and clients, three times, that an address is here now (cluster-and-failover.md
 * 4.2): a single frame may be lost, and a switch may need a second to let the port through.
 *
 * <p>Threading: owner thread.
 */
final class Announcements {
  private static final Logger LOG = LoggerFactory.getLogger(Announcements.class);
  private static final int ROUNDS = 3;

  private final AnnouncementSender sender;
  private final Scheduler scheduler;
  private final Map<InetAddress, Scheduler.Timer> pending = new HashMap<>();

  /** Whom an announcement that is under way wakes. */
  private final Map<InetAddress, Set<Connection>> waking = new HashMap<>();

  Announcements(AnnouncementSender sender, Scheduler scheduler) {
    this.sender = sender;
    this.scheduler = scheduler;
  }

  /** Begins anew if the address is already being announced. */
  void start(
      InetAddress address, String interfaceName, Duration pause, List<Connection> connections) {
    Set<Connection> all = new LinkedHashSet<>(stop(address));
    all.addAll(connections);
    waking.put(address, all);
    round(address, interfaceName, pause, ROUNDS);
  }

  /**
   * Tells neighbours, once, of an address that has just arrived; who used it is woken when its
   * services are there, too.
   */
  void arrived(InetAddress address, String interfaceName) {
    try {
      sender.announce(interfaceName, address);
    } catch (IOException e) {
      LOG.warn("Neighbours go on sending to the old holder for now: {}", e.getMessage());
    }
  }

  /**
   * Ends the announcement of an address.
   *
   * @return the clients that it would have gone on waking; empty if it was over
   */
  Set<Connection> stop(InetAddress address) {
    Scheduler.Timer timer = pending.remove(address);
    if (timer != null) {
      timer.cancel();
    }
    Set<Connection> left = waking.remove(address);
    return left == null ? Set.of() : left;
  }

  /** Wakes one more client of an address that is here; more than once while it is announced. */
  void wake(Connection connection) {
    Set<Connection> others = waking.get(connection.destination().address());
    if (others != null) {
      others.add(connection);
    }
    tickle(connection);
  }

  private void round(InetAddress address, String interfaceName, Duration pause, int left) {
    send(address, interfaceName);
    if (left == 1) {
      stop(address);
      return;
    }
    pending.put(
        address, scheduler.after(pause, () -> round(address, interfaceName, pause, left - 1)));
  }

  private void send(InetAddress address, String interfaceName) {
    try {
      sender.announce(interfaceName, address);
    } catch (IOException e) {
      LOG.warn("Neighbours may go on sending to the old holder: {}", e.getMessage());
    }
    waking.getOrDefault(address, Set.of()).forEach(this::tickle);
  }

  private void tickle(Connection connection) {
    try {
      sender.tickle(connection);
    } catch (IOException e) {
      LOG.warn("A client will notice the takeover late: {}", e.getMessage());
    }
  }
}
