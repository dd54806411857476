package io.jctdb.recovery;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import javax.security.sasl.SaslException;
import org.apache.zookeeper.common.X509Exception;
import org.apache.zookeeper.server.persistence.FileTxnSnapLog;
import org.apache.zookeeper.server.quorum.Follower;
import org.apache.zookeeper.server.quorum.Leader;
import org.apache.zookeeper.server.quorum.LeaderZooKeeperServer;
import org.apache.zookeeper.server.quorum.QuorumCnxManager;
import org.apache.zookeeper.server.quorum.QuorumPeer;

/**
 * ZooKeeper's server of one member, with what is ours about elections. Called by ZooKeeper's own
 * threads.
 */
final class Voter extends QuorumPeer {
  /**
   * All servers that elect find out within a few milliseconds of each other. A follower that asks
   * its leader before that one listens is refused, and tries again only after {@link
   * ZooKeeperSettings#FOLLOW_RETRY_MS}.
   */
  private static final int LEADER_LISTENS_AFTER_MS = 30;

  private final CompletableFuture<Void> listening;

  /**
   * @param listening is completed as soon as the server has its ports
   */
  Voter(CompletableFuture<Void> listening) throws SaslException {
    this.listening = listening;
  }

  @Override
  public QuorumCnxManager createCnxnManager() {
    return new VoteConnections(this, quorumCnxnThreadsSize);
  }

  @Override
  public synchronized void start() {
    super.start();
    listening.complete(null);
  }

  @Override
  protected Follower makeFollower(FileTxnSnapLog log) throws IOException {
    try {
      Thread.sleep(LEADER_LISTENS_AFTER_MS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return super.makeFollower(log);
  }

  @Override
  protected Leader makeLeader(FileTxnSnapLog log) throws IOException, X509Exception {
    return new LeaderThatBearsSlowDisks(this, new LeaderZooKeeperServer(log, this, getZkDb()));
  }

  /**
   * A follower is given up when it has not been heard for {@link
   * ZooKeeperSettings#SYNC_LIMIT_TICKS}, which a leader counts in its ticks. ZooKeeper applies the
   * same limit to the time that a follower takes to write a transaction to its disk: with ours, a
   * disk that stands still for half a second would cost an election, whose first act is to write to
   * the same disk. So a follower that answers and has not written yet has longer, as long as a new
   * one has to join; where others are enough for a majority nothing waits for it.
   */
  private static final class LeaderThatBearsSlowDisks extends Leader {
    private final int writeLimitMs;

    LeaderThatBearsSlowDisks(QuorumPeer self, LeaderZooKeeperServer server)
        throws IOException, X509Exception {
      writeLimitMs = self.getInitLimit() * self.getTickTime();
      super(self, server);
    }

    @Override
    public int syncTimeout() {
      return writeLimitMs;
    }
  }
}
