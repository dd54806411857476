package io.jctdb.iptakeover;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/**
 * Looks whether addresses have arrived whose scripts still run. Neighbours learn where an address
 * is when it is there, not when its last script has ended: until then they would send to the node
 * that had it, and new connections would time out.
 *
 * <p>Threading: owner thread.
 */
final class Arrivals {
  private static final Duration PAUSE = Duration.ofMillis(50);

  private final LocalTable table;
  private final Scheduler scheduler;
  private final PresentAddresses present;
  private final Announcements announcements;
  private boolean looking;

  Arrivals(
      LocalTable table,
      Scheduler scheduler,
      PresentAddresses present,
      Announcements announcements) {
    this.table = table;
    this.scheduler = scheduler;
    this.present = present;
    this.announcements = announcements;
  }

  /** An address is being taken: looks for it until it is there, or is not arriving any more. */
  void await(LocalAddress entry) {
    entry.arriving = true;
    if (!looking) {
      looking = true;
      scheduler.after(PAUSE, this::look);
    }
  }

  private void look() {
    List<LocalAddress> arriving = table.entries().stream().filter(one -> one.arriving).toList();
    looking = !arriving.isEmpty();
    if (arriving.isEmpty()) {
      return;
    }
    Set<InetAddress> found = present.all();
    for (LocalAddress entry : arriving) {
      if (entry.interfaceName != null && found.contains(entry.address())) {
        entry.arriving = false;
        announcements.arrived(entry.address(), entry.interfaceName);
      }
    }
    scheduler.after(PAUSE, this::look);
  }
}
