package io.jctdb.iptakeover;

import io.jctdb.linux.NetworkLink;
import io.jctdb.protocol.Interface;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hears from the scripts and from the kernel which interfaces have a link, and has the leader asked
 * again when one that came and went too often may have become steady.
 *
 * <p>Threading: owner thread.
 */
final class LinkWatch {
  private static final Logger LOG = LoggerFactory.getLogger(LinkWatch.class);
  private static final int OK = 0;
  private static final int FAILED = -1;

  private final LocalTable table;
  private final LocalInterfaces interfaces;
  private final Scheduler scheduler;
  private final AddressListener listener;

  LinkWatch(LocalTable table, LocalInterfaces interfaces, AddressPorts ports) {
    this.table = table;
    this.interfaces = interfaces;
    this.scheduler = ports.scheduler();
    this.listener = ports.listener();
  }

  /** SET_IFACE_LINK_STATE: what a script says. */
  int reported(Interface state) {
    boolean valid = state.references() == 0 && (state.linkState() == 0 || state.linkState() == 1);
    if (!valid || !interfaces.isKnown(state.name())) {
      return FAILED;
    }
    if (interfaces.isUp(state.name()) != state.linkUp()) {
      LOG.warn("Interface {}: link is {}", state.name(), state.linkUp() ? "up" : "down");
    }
    avoid(state.name(), interfaces.setLink(state.name(), state.linkUp()));
    return OK;
  }

  /**
   * What the kernel says of the links counts. An interface that is not set up is left to the
   * scripts, which set it up when they need it; those without a link to speak of (InfiniBand,
   * loopback), too, as interface_monitor does.
   */
  void look(List<NetworkLink> links) {
    Map<String, Boolean> carriers = new HashMap<>();
    links.forEach(link -> carriers.put(link.name(), hasCarrier(link)));
    for (String name : interfaces.names()) {
      boolean carrier = carriers.getOrDefault(name, false);
      if (carrier != interfaces.hasCarrier(name)) {
        LOG.warn(
            "Interface {} {}",
            name,
            carrier ? "has a link again" : carriers.containsKey(name) ? "has no link" : "is gone");
        table.entries().stream()
            .filter(entry -> !carrier && name.equals(entry.interfaceName))
            .forEach(entry -> entry.note(name + " has lost its link"));
      }
      avoid(name, interfaces.setCarrier(name, carrier));
    }
  }

  private static boolean hasCarrier(NetworkLink link) {
    boolean untold = link.name().startsWith("lo") || link.name().startsWith("ib");
    return link.isRunning() || !link.isUp() || untold;
  }

  private void avoid(String interfaceName, Duration hold) {
    if (hold.isPositive()) {
      LOG.warn(
          "Interface {} has lost its link too often: avoided until it has been up for {} s",
          interfaceName,
          hold.toSeconds());
      scheduler.after(
          hold, () -> listener.takeoverRunWanted(interfaceName + " may have become steady again"));
    }
  }
}
