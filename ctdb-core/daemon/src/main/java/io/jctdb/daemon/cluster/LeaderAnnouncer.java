package io.jctdb.daemon.cluster;

import io.jctdb.daemon.client.ClientConnection;
import io.jctdb.daemon.client.MessageRouter;
import io.jctdb.database.message.NodePort;
import io.jctdb.protocol.Payload;
import io.jctdb.protocol.SpecialPnn;
import io.jctdb.protocol.Srvid;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;

/**
 * Tells local clients who leads: every second, and at once to whoever begins to listen, because the
 * tool waits for this message in every status (client-protocol.md 5.3). Each node tells its own
 * clients; all know the leader from ZooKeeper. Owner thread only.
 */
public final class LeaderAnnouncer {
  private static final long INTERVAL = TimeUnit.SECONDS.toNanos(1);

  private final NodePort port;
  private final ClusterView cluster;
  private final MessageRouter router;
  private OptionalInt told = OptionalInt.empty();

  public LeaderAnnouncer(NodePort port, ClusterView cluster, MessageRouter router) {
    this.port = port;
    this.cluster = cluster;
    this.router = router;
  }

  /** Begins, and goes on for as long as the daemon lives. */
  public void start() {
    if (cluster.leader().isPresent()) {
      router.deliver(Srvid.LEADER, Payload.ofU32(cluster.leaderOrUnknown()));
    }
    port.after(INTERVAL, this::start);
  }

  /** The leader may have changed. */
  public void leaderChanged() {
    if (!told.equals(cluster.leader())) {
      told = cluster.leader();
      router.deliver(Srvid.LEADER, Payload.ofU32(told.orElse(SpecialPnn.UNKNOWN)));
    }
  }

  /** A client has begun to listen to a srvid. */
  public void registered(long srvid, ClientConnection client) {
    if (srvid == Srvid.LEADER && cluster.leader().isPresent()) {
      client.message(Srvid.LEADER, Payload.ofU32(cluster.leaderOrUnknown()));
    }
  }
}
