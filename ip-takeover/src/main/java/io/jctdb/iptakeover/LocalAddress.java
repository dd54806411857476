package io.jctdb.iptakeover;

import io.jctdb.protocol.NumericAddress;
import io.jctdb.protocol.SpecialPnn;
import java.net.InetAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What this node knows about one public address of its list. */
final class LocalAddress {
  /** What to do when the event that is under way for this address has ended. */
  enum AfterChange {
    /** What the event was for. */
    CARRY_ON,
    /** Release it again: the node has become inactive meanwhile. */
    RELEASE,
    /** Remove it from the kernel, without an event: the node has lost its lease meanwhile. */
    REMOVE
  }

  final PublicAddress configured;

  /** The presumed holder; only what RELEASE_IP and TAKEOVER_IP said. */
  int holder = SpecialPnn.UNKNOWN;

  /** The interface that carries the address; null when it is not here. */
  @Nullable String interfaceName;

  /** To be forgotten at the next release. */
  boolean deleting;

  /** An event for this address is under way. */
  boolean changing;

  AfterChange afterChange = AfterChange.CARRY_ON;

  LocalAddress(PublicAddress configured) {
    this.configured = configured;
  }

  InetAddress address() {
    return configured.address();
  }

  String text() {
    return NumericAddress.toString(address());
  }

  List<String> eventArguments(String... interfaces) {
    List<String> arguments = new java.util.ArrayList<>(List.of(interfaces));
    arguments.add(text());
    arguments.add(Integer.toString(configured.prefixLength()));
    return arguments;
  }
}
