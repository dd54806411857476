package io.jctdb.iptakeover;

import io.jctdb.protocol.Connection;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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

  Announcements(AnnouncementSender sender, Scheduler scheduler) {
    this.sender = sender;
    this.scheduler = scheduler;
  }

  /** Begins anew if the address is already being announced. */
  void start(
      InetAddress address, String interfaceName, Duration pause, List<Connection> connections) {
    stop(address);
    round(address, interfaceName, pause, List.copyOf(connections), ROUNDS);
  }

  void stop(InetAddress address) {
    Scheduler.Timer timer = pending.remove(address);
    if (timer != null) {
      timer.cancel();
    }
  }

  void stopAll() {
    pending.values().forEach(Scheduler.Timer::cancel);
    pending.clear();
  }

  private void round(
      InetAddress address,
      String interfaceName,
      Duration pause,
      List<Connection> connections,
      int left) {
    send(address, interfaceName, connections);
    if (left == 1) {
      pending.remove(address);
      return;
    }
    pending.put(
        address,
        scheduler.after(pause, () -> round(address, interfaceName, pause, connections, left - 1)));
  }

  private void send(InetAddress address, String interfaceName, List<Connection> connections) {
    try {
      sender.announce(interfaceName, address);
    } catch (IOException e) {
      LOG.warn("Neighbours may go on sending to the old holder: {}", e.getMessage());
    }
    for (Connection connection : connections) {
      try {
        sender.tickle(connection);
      } catch (IOException e) {
        LOG.warn("A client will notice the takeover late: {}", e.getMessage());
      }
    }
  }
}
