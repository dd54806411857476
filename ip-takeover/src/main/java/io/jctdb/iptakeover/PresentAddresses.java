package io.jctdb.iptakeover;

import io.jctdb.linux.LinkAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which public addresses are on the interfaces of this node. An address is here when the kernel has
 * it: that is asked before each decision, never remembered. A kernel that cannot say is logged.
 *
 * <p>Threading: owner thread.
 */
final class PresentAddresses {
  private static final Logger LOG = LoggerFactory.getLogger(PresentAddresses.class);

  private final KernelAddresses kernel;

  PresentAddresses(KernelAddresses kernel) {
    this.kernel = kernel;
  }

  /** Every address, public or not; nothing if the kernel cannot say. */
  Set<InetAddress> all() {
    Set<InetAddress> present = new HashSet<>();
    try {
      kernel.list().forEach(found -> present.add(found.address()));
    } catch (IOException e) {
      LOG.error("Cannot list the addresses of this node: {}", e.getMessage());
    }
    return present;
  }

  /** Empty if the kernel cannot say. */
  Optional<Boolean> has(LocalAddress entry) {
    try {
      return Optional.of(!kernel.find(entry.address()).isEmpty());
    } catch (IOException e) {
      LOG.error("Cannot tell whether {} is on this node: {}", entry.text(), e.getMessage());
      return Optional.empty();
    }
  }

  /** Removes what an event left behind, or has not removed yet. */
  void remove(LocalAddress entry) {
    try {
      for (LinkAddress found : kernel.find(entry.address())) {
        kernel.delete(found);
        LOG.warn("Removed {}, which no event script has removed from its interface", entry.text());
      }
    } catch (IOException e) {
      LOG.error("A public address cannot be removed: {}", e.getMessage());
    }
  }
}
