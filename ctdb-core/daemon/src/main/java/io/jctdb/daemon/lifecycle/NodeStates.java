package io.jctdb.daemon.lifecycle;

import io.jctdb.daemon.cluster.ClusterView;
import io.jctdb.daemon.control.NodeAdministration;
import io.jctdb.recovery.ClusterMembership;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The states an administrator puts this node in, and what each costs it (cluster-and-failover.md
 * 1.1, 1.13). Stopped and banned are the same to the cluster: the node gives back everything first
 * and only then says so, so that nobody else can own its records or addresses while a local process
 * still uses them. Owner thread only.
 */
public final class NodeStates implements NodeAdministration {
  private static final Logger log = LoggerFactory.getLogger(NodeStates.class);

  private final ClusterView cluster;
  private final ClusterMembership membership;
  private final ClusterMember member;
  private final FencingHistory history;
  private final Runnable shutdown;
  private final BooleanSupplier reloadNodes;
  private int capabilities;

  public NodeStates(
      ClusterView cluster,
      ClusterMembership membership,
      ClusterMember member,
      FencingHistory history,
      int capabilities,
      Runnable shutdown,
      BooleanSupplier reloadNodes) {
    this.cluster = cluster;
    this.membership = membership;
    this.member = member;
    this.history = history;
    this.capabilities = capabilities;
    this.shutdown = shutdown;
    this.reloadNodes = reloadNodes;
  }

  @Override
  public void stop(Runnable done) {
    log.warn("stopping this node on request");
    withdraw(() -> membership.setStopped(true), done);
  }

  @Override
  public void continueNode() {
    log.warn("continuing this node on request");
    membership.setStopped(false);
  }

  @Override
  public void ban(int seconds, String reason, Runnable done) {
    log.error("banned for {} seconds: {}", seconds, reason);
    history.banned(Duration.ofSeconds(seconds), reason);
    withdraw(() -> membership.ban(Duration.ofSeconds(seconds)), done);
  }

  @Override
  public void unban() {
    history.unbanned();
    membership.unban();
  }

  private void withdraw(Runnable publish, Runnable done) {
    Runnable publishNow =
        () -> {
          publish.run();
          cluster.setOwnFlags(membership.ownFlags());
          done.run();
        };
    if (cluster.isInactive()) {
      publishNow.run();
    } else {
      member.withdraw(publishNow, () -> {});
    }
  }

  @Override
  public void setDisabled(boolean disabled) {
    membership.setDisabled(disabled);
    cluster.setOwnFlags(membership.ownFlags());
  }

  @Override
  public void setCapability(int bit, boolean on) {
    capabilities = on ? capabilities | bit : capabilities & ~bit;
    membership.setCapabilities(capabilities);
  }

  @Override
  public int capabilities() {
    return capabilities;
  }

  @Override
  public void recover() {
    membership.requestRecovery();
  }

  @Override
  public void shutdown() {
    shutdown.run();
  }

  @Override
  public boolean reloadNodes() {
    return reloadNodes.getAsBoolean();
  }
}
