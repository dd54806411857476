package io.jctdb.iptakeover;

import java.net.InetAddress;
import java.util.Set;

/**
 * What one node says about public addresses (cluster-and-failover.md 3.2).
 *
 * @param known all of its list
 * @param hosted those that it says it hosts itself; what it says about others counts for nothing
 * @param available those that it could host now
 */
public record NodeAddresses(
    Set<InetAddress> known, Set<InetAddress> hosted, Set<InetAddress> available) {
  public static final NodeAddresses NONE = new NodeAddresses(Set.of(), Set.of(), Set.of());

  public NodeAddresses {
    known = Set.copyOf(known);
    hosted = Set.copyOf(hosted);
    available = Set.copyOf(available);
  }
}
