package io.jctdb.daemon.lifecycle;

import java.util.Optional;

/**
 * With which ZooKeeper servers this node works.
 *
 * @param inForce since its daemon has started
 * @param byFile what the nodes file and ctdb.conf, as they are now, would have
 * @param keptOut why this node may not be a member with the servers in force; empty if it may
 * @param others which nodes work with other servers, although this one may be a member
 */
public record EnsembleStatus(
    String inForce, String byFile, Optional<String> keptOut, Optional<String> others) {

  /** Nothing to be said. */
  public static EnsembleStatus well(String inForce) {
    return new EnsembleStatus(inForce, inForce, Optional.empty(), Optional.empty());
  }

  /** A changed nodes file names other servers than those in force. */
  public boolean outdated() {
    return !inForce.equals(byFile);
  }
}
