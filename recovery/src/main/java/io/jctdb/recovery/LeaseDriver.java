package io.jctdb.recovery;

import io.jctdb.database.Epoch;
import io.jctdb.database.message.LeaseMessage;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The driver around {@link OwnLease}: hands it what happens, sends what it wants sent, and tells
 * the daemon until when this node may act and whether it does so in failsafe.
 *
 * <p>Owned by the membership thread; {@link #untilNanos} and {@link #failsafe} are asked by any.
 */
final class LeaseDriver {
  private static final Logger LOG = LoggerFactory.getLogger(ClusterMembership.class);

  private final MembershipConfig config;
  private final MembershipListener listener;
  private final LeaseLinks links;

  /** Called with who promises silence; the lease has no use for that, the leader has. */
  private final BiConsumer<Integer, LeaseMessage.Silent> silence;

  private final OwnLease lease;

  private volatile long until = ClusterMembership.NO_LEASE;
  private volatile boolean failsafe;

  LeaseDriver(
      MembershipConfig config,
      MembershipListener listener,
      LeaseLinks links,
      BiConsumer<Integer, LeaseMessage.Silent> silence) {
    this.config = config;
    this.listener = listener;
    this.links = links;
    this.silence = silence;
    this.lease = new OwnLease(config.self(), config.timing());
  }

  /** See {@link ClusterMembership#leaseUntilNanos}. */
  long untilNanos() {
    return until;
  }

  /** See {@link ClusterMembership#failsafe}. */
  boolean failsafe() {
    return failsafe;
  }

  private long now() {
    return config.bootNanos().getAsLong();
  }

  // The life that the lease is of.

  /** See {@link OwnLease#beginIncarnation}. */
  void beginIncarnation(long incarnation) {
    lease.beginIncarnation(incarnation, now());
  }

  /** See {@link OwnLease#endLife}. The listener is not told: it hears that the lease is lost. */
  void endLife(long nextIncarnation) {
    until = ClusterMembership.NO_LEASE;
    lease.endLife(nextIncarnation, now());
  }

  /** Nothing is acted on any more. */
  void close() {
    until = ClusterMembership.NO_LEASE;
    lease.close();
  }

  // What makes it longer or shorter.

  /** ZooKeeper answered a write of this life that was sent then. */
  void zooKeeperAnswered(long sentAt) {
    lease.zooKeeperAnswered(sentAt, now());
    tellIfChanged();
  }

  /** The newest committed epoch; a repetition changes nothing. */
  void committed(CommittedEpoch committed) {
    lease.committed(committed.lives(), now());
    tellIfChanged();
  }

  /** This node's engine promised an epoch at that time; see {@link ClusterMembership#promised}. */
  void promised(long base, Epoch next, long at) {
    lease.promised(base, next, at, now());
    tellIfChanged();
  }

  /** A message of another node, or of this one to itself. */
  void received(int pnn, LeaseMessage message) {
    if (message instanceof LeaseMessage.Silent silent) {
      silence.accept(pnn, silent);
    } else {
      List<PeerHeartbeat.Send> answers = lease.receive(pnn, message, now());
      tellIfChanged();
      answers.forEach(this::send);
    }
  }

  private void tellIfChanged() {
    long now = lease.untilNanos();
    if (now != until) {
      until = now;
      listener.leaseRenewed(now);
    }
  }

  // What the others are told of.

  /** See {@link OwnLease#propose}. */
  void propose(EpochLives lives) {
    lease.propose(lives, now()).forEach(this::send);
  }

  /** The membership record of a life is about to go from ZooKeeper. */
  void vanished(Life life) {
    lease.vanished(life);
  }

  /** The membership record of a life has gone from ZooKeeper. */
  void ended(Life life) {
    lease.ended(life);
  }

  private void send(PeerHeartbeat.Send send) {
    if (send.pnn() == config.self()) {
      received(send.pnn(), send.message());
    } else {
      links.send(send.pnn(), send.message());
    }
  }

  // Time passes.

  /** Why this node has to let go now; see {@link OwnLease#overdue}. */
  Optional<String> overdue(long now) {
    return lease.overdue(now);
  }

  /** Not to be called when the lease is overdue. */
  void tick(long now) {
    lease.tick(config.witness(), now).forEach(this::send);
  }

  /**
   * Tells when failsafe has begun or is over.
   *
   * @param frozen the epoch that is held on to meanwhile
   */
  void noteFailsafe(Optional<Epoch> frozen, long now) {
    boolean without = lease.failsafe(now);
    if (without != failsafe) {
      failsafe = without;
      if (without) {
        LOG.warn(
            "node {}: FAILSAFE: ZooKeeper has no quorum; every member of epoch {} confirms it, and"
                + " all go on serving. Membership is frozen: if one of them is lost, all stop",
            config.self(),
            frozen.map(Epoch::number).orElse(Epoch.NONE));
      } else {
        LOG.warn("node {}: failsafe is over", config.self());
      }
      listener.failsafeChanged(without);
    }
  }
}
