package io.jctdb.iptakeover;

import java.net.InetAddress;
import java.util.Set;

/**
 * An address that is given to nobody yet.
 *
 * @param mayHaveIt the lost or silent nodes that may still serve it
 */
public record Deferral(InetAddress address, Set<Integer> mayHaveIt) {
  public Deferral {
    mayHaveIt = Set.copyOf(mayHaveIt);
  }
}
