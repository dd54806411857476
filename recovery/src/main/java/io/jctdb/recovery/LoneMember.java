package io.jctdb.recovery;

import java.io.IOException;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import org.apache.zookeeper.server.ServerConfig;
import org.apache.zookeeper.server.ZooKeeperServerMain;
import org.apache.zookeeper.server.quorum.QuorumPeerConfig;

/** The only server of an ensemble. */
final class LoneMember implements EnsembleMember {
  private final CompletableFuture<Void> listening = new CompletableFuture<>();
  private final ServerConfig config = new ServerConfig();
  private volatile boolean closed;

  private final Server server = new Server();

  private final class Server extends ZooKeeperServerMain {
    @Override
    protected void serverStarted() {
      listening.complete(null);
    }

    /** Unlike {@code close}, this also ends a server that has failed half-way through its start. */
    void end() {
      shutdown();
    }
  }

  LoneMember(Properties settings) throws IOException {
    try {
      QuorumPeerConfig parsed = new QuorumPeerConfig();
      parsed.parseProperties(settings);
      config.readFrom(parsed);
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
    return listening.isDone() && !closed;
  }

  @Override
  public boolean mayBeInQuorum() {
    return !closed;
  }

  @Override
  public int reachable() {
    return 1;
  }

  @Override
  public void close() {
    closed = true;
    server.end();
  }
}
