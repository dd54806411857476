package io.jctdb.recovery;

import java.nio.file.Path;
import java.util.Properties;

/**
 * The configuration of an embedded member. Keys without a field in ZooKeeper's configuration become
 * system properties {@code zookeeper.KEY}.
 */
final class ZooKeeperSettings {
  static final int SNAPSHOTS_KEPT = 3;
  static final int PURGE_INTERVAL_HOURS = 1;

  /**
   * Ticks in which a new member must have connected to its leader and copied the state: 5 s, and
   * our state is a few kilobytes.
   */
  private static final int INIT_LIMIT_TICKS = 20;

  /**
   * Ticks without a sign of life after which members give each other up: 0.5 s. Inequality: this
   * limit, an election (measured 0.3 s) and a reconnection (0.1 s) must together be well below the
   * lease (1.6 s), or a frozen leader of ZooKeeper fences every node. Measured with the leader's
   * process stopped: no answer for 0.9 s; with a limit of 4 ticks for 1.6 s, and leases were lost.
   * A pause that is longer than the limit costs an election, and no lease.
   */
  static final int SYNC_LIMIT_TICKS = 2;

  /**
   * Between two attempts to connect to a leader that does not listen yet, of which there are five.
   * One that was elected a little later than its follower believes must be found all the same, or
   * it waits for followers until INIT_LIMIT_TICKS is over, and the others find no other meanwhile.
   */
  static final int FOLLOW_RETRY_MS = 200;

  /** Servers are at one site: far longer than a round trip there. */
  static final int CONNECT_MS = 200;

  private ZooKeeperSettings() {}

  /** ZooKeeper's number for a node: from 1, while pnns begin at 0. */
  static long serverId(int pnn) {
    return pnn + 1L;
  }

  static Properties of(Ensemble ensemble, int self, Path directory) {
    long tick = MembershipTiming.TICK.toMillis();
    EnsemblePorts ports = ensemble.ports();
    Properties all = new Properties();
    all.setProperty("dataDir", directory.toString());
    all.setProperty("tickTime", Long.toString(tick));
    all.setProperty("minSessionTimeout", Long.toString(2 * tick));
    all.setProperty("maxSessionTimeout", "60000");
    all.setProperty("clientPort", Integer.toString(ports.client()));
    all.setProperty("clientPortAddress", ensemble.host(self));
    all.setProperty("maxClientCnxns", "0");
    all.setProperty("admin.enableServer", "false");
    all.setProperty("4lw.commands.whitelist", "");
    all.setProperty("jmx.log4j.disable", "true");
    // Our transactions are small and few: no need for files of 64 MiB.
    all.setProperty("preAllocSize", "1024");
    all.setProperty("snapCount", "20000");
    if (ensemble.replicated()) {
      all.setProperty("initLimit", Integer.toString(INIT_LIMIT_TICKS));
      all.setProperty("syncLimit", Integer.toString(SYNC_LIMIT_TICKS));
      all.setProperty("quorumListenOnAllIPs", "false");
      // A dead host does not refuse a connection; an election must not wait long for it. Shorter
      // than the time between two things to say (ReplicatedMember), so that these do not pile up.
      all.setProperty("cnxTimeout", Integer.toString(CONNECT_MS));
      all.setProperty("leaderConnectDelayDuringRetryMs", Integer.toString(FOLLOW_RETRY_MS));
      for (int pnn : ensemble.members().keySet()) {
        all.setProperty(
            "server." + serverId(pnn),
            ensemble.host(pnn) + ":" + ports.quorum() + ":" + ports.election());
      }
    }
    return all;
  }
}
