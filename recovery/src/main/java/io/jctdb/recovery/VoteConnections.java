package io.jctdb.recovery;

import java.nio.ByteBuffer;
import org.apache.zookeeper.server.quorum.QuorumCnxManager;
import org.apache.zookeeper.server.quorum.QuorumPeer;
import org.apache.zookeeper.server.quorum.auth.NullQuorumAuthLearner;
import org.apache.zookeeper.server.quorum.auth.NullQuorumAuthServer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connections over which ZooKeeper's servers vote, made anew when votes go unheard ({@link
 * UnansweredVotes}).
 *
 * <p>A new connection takes the place of the old one at both ends, whichever end begins: that is
 * how ZooKeeper treats a server that was started again. Called by ZooKeeper's own threads.
 */
final class VoteConnections extends QuorumCnxManager {
  private static final Logger LOG = LoggerFactory.getLogger(VoteConnections.class);

  private final QuorumPeer peer;
  private final UnansweredVotes votes = new UnansweredVotes();

  VoteConnections(QuorumPeer peer, int threads) {
    super(
        peer,
        peer.getMyId(),
        peer.getView(),
        new NullQuorumAuthServer(),
        new NullQuorumAuthLearner(),
        peer.getTickTime() * peer.getSyncLimit(),
        peer.getQuorumListenOnAllIPs(),
        threads,
        false);
    this.peer = peer;
  }

  @Override
  public void toSend(Long server, ByteBuffer vote) {
    super.toSend(server, vote);
    if (server != peer.getMyId()
        && peer.getPeerState() == QuorumPeer.ServerState.LOOKING
        && unheard(server)) {
      QuorumPeer.QuorumServer other = peer.getView().get(server);
      if (other != null) {
        LOG.debug("ZooKeeper's server {} does not answer votes: connecting to it anew", server);
        initiateConnectionAsync(other.electionAddr, server);
      }
    }
  }

  private synchronized boolean unheard(long server) {
    return votes.said(server, System.nanoTime());
  }
}
