package io.jctdb.daemon.control;

import io.jctdb.daemon.cluster.ClusterView;
import io.jctdb.protocol.Control;
import io.jctdb.protocol.Payload;

/** Controls from this daemon to all other connected nodes, without replies. */
public final class ControlBroadcast {
  private final ClusterView cluster;
  private final RemoteControls remote;

  public ControlBroadcast(ClusterView cluster, RemoteControls remote) {
    this.cluster = cluster;
    this.remote = remote;
  }

  public void toConnectedPeers(int opcode, long srvid, byte[] data) {
    for (int pnn : cluster.connectedNodes()) {
      if (pnn != cluster.self()) {
        remote.send(pnn, opcode, srvid, 0, data);
      }
    }
  }

  /** UPDATE_SEQNUM for a database that changed here (databases.md 6.5). */
  public void sequenceNumberChanged(int dbId) {
    toConnectedPeers(Control.UPDATE_SEQNUM.opcode(), 0, Payload.ofU32(dbId));
  }
}
