package io.jctdb.recovery;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import javax.security.sasl.SaslException;
import org.apache.zookeeper.server.quorum.FastLeaderElection;
import org.apache.zookeeper.server.quorum.QuorumCnxManager;
import org.apache.zookeeper.server.quorum.QuorumPeer;
import org.apache.zookeeper.server.quorum.QuorumPeerConfig;
import org.apache.zookeeper.server.quorum.QuorumPeerMain;
import org.jspecify.annotations.Nullable;

/** One server of several. */
final class ReplicatedMember implements EnsembleMember {
  /**
   * A server that finds no quorum asks the others ever more seldom, by default up to once a minute.
   * One that was cut off for ten seconds would then be missing from the ensemble for as long again
   * after the network has healed, and the next failure would cost the quorum.
   */
  static final int ASK_AT_LEAST_EACH_MS = 800;

  /**
   * A vote that reaches another server a moment before that one begins to look for a leader, too,
   * is lost, and all servers begin at about the same moment. It is said again after this time (by
   * default 200 ms), then after twice as long, and so on. Not shorter: a connection to a host that
   * is gone takes {@link ZooKeeperSettings#CONNECT_MS} each time, and better votes wait behind it.
   */
  static final int ASK_AGAIN_AFTER_MS = 90;

  static {
    // ZooKeeper reads them once, when the class is first used; what an operator set stays.
    setUnlessSet(FastLeaderElection.MAX_NOTIFICATION_INTERVAL, ASK_AT_LEAST_EACH_MS);
    setUnlessSet(FastLeaderElection.MIN_NOTIFICATION_INTERVAL, ASK_AGAIN_AFTER_MS);
  }

  private final CompletableFuture<Void> listening = new CompletableFuture<>();
  private final QuorumPeerConfig config = new QuorumPeerConfig();
  private final Ensemble ensemble;
  private final int self;
  private volatile @Nullable QuorumPeer peer;

  private final QuorumPeerMain server =
      new QuorumPeerMain() {
        @Override
        protected QuorumPeer getQuorumPeer() throws SaslException {
          QuorumPeer created = new Voter(listening);
          peer = created;
          return created;
        }
      };

  ReplicatedMember(Ensemble ensemble, int self, Path directory) throws IOException {
    this.ensemble = ensemble;
    this.self = self;
    Files.writeString(directory.resolve("myid"), ZooKeeperSettings.serverId(self) + "\n");
    Properties settings = ZooKeeperSettings.of(ensemble, self, directory);
    try {
      config.parseProperties(settings);
    } catch (QuorumPeerConfig.ConfigException e) {
      throw new IOException("ZooKeeper does not accept its settings: " + e.getMessage(), e);
    }
  }

  @Override
  public void run() throws Exception {
    server.runFromConfig(config);
  }

  @Override
  public CompletableFuture<Void> listening() {
    return listening;
  }

  @Override
  public boolean serving() {
    QuorumPeer running = peer;
    return running != null
        && running.isRunning()
        && running.getPeerState() != QuorumPeer.ServerState.LOOKING
        && running.getZabState() == QuorumPeer.ZabState.BROADCAST;
  }

  @Override
  public boolean mayBeInQuorum() {
    QuorumPeer running = peer;
    return running != null
        && running.isRunning()
        && running.getPeerState() != QuorumPeer.ServerState.LOOKING;
  }

  @Override
  public int reachable() {
    QuorumPeer running = peer;
    QuorumCnxManager connections = running == null ? null : running.getQuorumCnxManager();
    int count = 1;
    for (int pnn : ensemble.members().keySet()) {
      if (pnn != self
          && connections != null
          && connections.connectedToPeer(ZooKeeperSettings.serverId(pnn))) {
        count++;
      }
    }
    return count;
  }

  @Override
  public void close() {
    server.close();
  }

  private static void setUnlessSet(String property, int value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, Integer.toString(value));
    }
  }
}
