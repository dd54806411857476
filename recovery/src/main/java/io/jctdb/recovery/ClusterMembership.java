package io.jctdb.recovery;

import io.jctdb.database.Epoch;
import io.jctdb.database.message.LeaseMessage;
import io.jctdb.protocol.RunState;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;

/**
 * This node's part in the cluster: its membership record, the race for leadership, and, when it
 * leads, the changes of epoch.
 *
 * <p>Threading: any thread may call any method. Setters return at once; what they change is
 * published to the other nodes as soon as ZooKeeper answers, and again after every loss of the
 * session. Views return the newest known state without waiting.
 */
public interface ClusterMembership extends AutoCloseable {

  /**
   * Begins to connect; never waits for ZooKeeper. To be called by the only daemon of this node (it
   * holds the node's sockets), when what an earlier daemon left behind, public addresses above all,
   * has been removed: registering says to the others that the earlier life is over.
   */
  static ClusterMembership start(
      MembershipConfig config,
      MembershipListener listener,
      EpochChange epochChange,
      LeaseLinks links) {
    return ZooKeeperMembership.start(config, listener, epochChange, links);
  }

  /** UNHEALTHY: the result of the monitor event. */
  void setUnhealthy(boolean unhealthy);

  /** PERMANENTLY_DISABLED: {@code ctdb disable} and {@code enable}. */
  void setDisabled(boolean disabled);

  /**
   * STOPPED: {@code ctdb stop} and {@code continue}. On stop, let go of everything and then call
   * {@link #setReady}(false); the others take over as soon as that is published.
   */
  void setStopped(boolean stopped);

  /**
   * BANNED, for {@code time}; zero is until {@link #unban}. As with a stop, let go and then call
   * {@link #setReady}(false). A further ban replaces the time of the first.
   */
  void ban(Duration time);

  void unban();

  /** Bits of {@link io.jctdb.protocol.Capability}. A leader that loses LEADER yields. */
  void setCapabilities(int capabilities);

  void setRunState(RunState runState);

  /**
   * True: this node may be made a member (it can answer PREPARE). False: a promise that it owns no
   * record, serves no client and holds no public address; only say so when it is true. Becoming
   * ready again makes a new incarnation. True before the node is registered, or while it is stopped
   * or banned, is remembered until that is over; after {@link #leave} it is ignored.
   */
  void setReady(boolean ready);

  /** Whether messages can be exchanged with this node at the moment. */
  void linkChanged(int pnn, boolean up);

  /** A message about leases has come from another node, in the order of its link. */
  void received(int pnn, LeaseMessage message);

  /**
   * This node's engine promises an epoch. To be called before the promise is sent, and by the
   * thread that hands over what links bring ({@link #received}), so that the order is kept.
   *
   * @param base number of the committed epoch that {@code next} builds on
   */
  void promised(long base, Epoch next);

  /** {@code ctdb recover}: asks the leader, whoever it is, for a new epoch. */
  void requestRecovery();

  /**
   * Somebody told what may be the {@link LastWill} of the daemon on a node. If it is, that daemon
   * is gone and holds nothing: its records and addresses can be handed on at once. Anything else is
   * ignored.
   */
  void willTold(int pnn, byte[] secret);

  /** The registered nodes by pnn, this one too once it is registered. */
  Map<Integer, MemberInfo> nodes();

  /** This node's own flags, at once after a setter. */
  int ownFlags();

  /** Empty while nobody leads, or the leader's node has begun a new life since its election. */
  OptionalInt leader();

  /**
   * What keeps this node from leading while nobody leads: why its {@link LeadershipCondition} is
   * not fulfilled. Empty while somebody leads, or nothing is in the way.
   */
  Optional<String> leadershipDenied();

  /**
   * The term of this node's leadership, or of its last one if it does not lead: greater than that
   * of every leader that was elected before. 0 if it has never led.
   */
  long term();

  /** The newest committed epoch known here. */
  Optional<Epoch> epoch();

  /** No lease: far in the past, yet a difference from any clock reading does not overflow. */
  long NO_LEASE = Long.MIN_VALUE / 2;

  /**
   * Until when, on the configured clock, this node may act as a member; or {@link #NO_LEASE}. The
   * earlier of the lease on ZooKeeper and the lease that the other members give; it can become
   * shorter when the epoch changes. This node begins to let go {@link PeerTiming#fencing} before.
   */
  long leaseUntilNanos();

  /**
   * Whether this node acts without ZooKeeper at the moment, because every member of its epoch
   * confirms that it does the same (docs/fencing.md). Membership is frozen as long as that lasts.
   */
  boolean failsafe();

  /** How many lives of other nodes this one has put out as the leader. */
  long expelled();

  /** How often this process was not run for long, or the clocks moved apart, since the start. */
  ClockGuard clocks();

  /**
   * For the leader: from when on, on the configured clock, public addresses of a node may be given
   * to others. {@link Long#MIN_VALUE}: at once (it said that it has let go, or was never seen
   * holding any); {@link Long#MAX_VALUE}: it is registered and may hold addresses. Ask again after
   * {@link MembershipListener#nodesChanged}.
   */
  long safeAfterNanos(int pnn);

  /**
   * Leaves in good order: call it when everything has been let go of. Publishes that, and completes
   * when an epoch without this node is committed, or after at most 3 s. Never completes
   * exceptionally. {@link #close} comes next.
   */
  CompletableFuture<Void> leave();

  /**
   * Ends at once. After {@link #leave}, or when not ready, the session is closed; otherwise it is
   * left to expire, because the others would take a closed session for a lease that has ended.
   */
  @Override
  void close();
}
