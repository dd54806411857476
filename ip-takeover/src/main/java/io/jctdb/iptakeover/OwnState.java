package io.jctdb.iptakeover;

import io.jctdb.protocol.NodeFlags;
import io.jctdb.protocol.RunState;

/**
 * What decides whether this node may host anything: its run state and its own flags.
 *
 * @param recovering between two epochs: scripts that take an address may not run yet
 */
public record OwnState(RunState runState, int flags, boolean recovering) {
  public OwnState(RunState runState, int flags) {
    this(runState, flags, false);
  }

  /** Running, and neither inactive nor disabled nor unhealthy. */
  public boolean mayHost() {
    return runState == RunState.RUNNING && (flags & (NodeFlags.INACTIVE | NodeFlags.DISABLED)) == 0;
  }
}
