package io.jctdb.iptakeover;

import io.jctdb.protocol.NodeFlags;
import io.jctdb.protocol.RunState;
import org.jspecify.annotations.Nullable;

/**
 * Which addresses this node could host now, and what is in the way of the others.
 *
 * <p>Threading: owner thread.
 */
final class Availability {
  private final AddressPorts ports;
  private final LocalInterfaces interfaces;
  private final PublishedList published;

  Availability(AddressPorts ports, LocalInterfaces interfaces, PublishedList published) {
    this.ports = ports;
    this.interfaces = interfaces;
    this.published = published;
  }

  /** Whether a leader may place the address here. */
  boolean of(LocalAddress entry) {
    return ports.ownState().get().mayHost()
        && !entry.deleting
        && !isNews(entry)
        && interfaces.anyUp(entry.configured.interfaces());
  }

  /** Whether a leader may give it to another node without asking this one. */
  boolean isNews(LocalAddress entry) {
    return !entry.isHere() && !published.mayTake(entry.address());
  }

  /**
   * Why this node cannot host an address, for people to read; empty if it can.
   *
   * @param entry null: it is not in the list
   */
  String obstacle(@Nullable LocalAddress entry) {
    OwnState state = ports.ownState().get();
    if (entry == null) {
      return "its public_addresses does not have it";
    } else if (entry.deleting) {
      return "it has been deleted here and goes when it is released";
    } else if (isNews(entry)) {
      return "not all at the main site know yet that it is in the list of this node";
    } else if (!state.mayHost() && state.runState() != RunState.RUNNING) {
      return "run state " + state.runState();
    } else if (!state.mayHost()) {
      return NodeFlags.toString(state.flags());
    } else if (!interfaces.anyUp(entry.configured.interfaces())) {
      return "no link on " + String.join(", ", entry.configured.interfaces());
    } else if (!ports.keeper().mayTake()) {
      return "its lease is running out";
    }
    return "";
  }
}
