package io.jctdb.recovery;

import io.jctdb.database.Epoch;
import io.jctdb.database.message.LeaseMessage;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Until when this node may act as a member: the earlier of the lease on ZooKeeper, or what stands
 * in for it in failsafe, and the lease that the other members give. A pure machine around {@link
 * PeerHeartbeat} and {@link QuorumAbsence}; docs/fencing.md has the arithmetic. Times are of the
 * node's boot clock, in nanoseconds.
 *
 * <p>{@link #tick} is to be called at least four times in every {@link PeerTiming#ping}. What is
 * returned is to be sent, also what is for this node itself.
 */
public final class OwnLease {
  private static final long NONE = ClusterMembership.NO_LEASE;

  private final MembershipTiming timing;
  private final PeerHeartbeat heartbeat;
  private final QuorumAbsence absence = new QuorumAbsence();

  private long zooKeeperUntil = NONE;
  private long until = NONE;

  /** What this node, as the leader, has proposed, until an epoch is committed. */
  private @Nullable EpochLives proposed;

  private long proposedAgainAt;

  public OwnLease(int self, MembershipTiming timing) {
    this.timing = timing;
    this.heartbeat = new PeerHeartbeat(self, timing.peer(), timing.remotePeer());
  }

  /** This node is another incarnation from now on; what ZooKeeper grants its session stays. */
  public void beginIncarnation(long incarnation, long now) {
    heartbeat.beginLife(incarnation, now);
  }

  /**
   * There is no lease any more, and nobody is to take this node's acknowledgements for those of the
   * life that has ended.
   */
  public void endLife(long nextIncarnation, long now) {
    until = NONE;
    zooKeeperUntil = NONE;
    proposed = null;
    heartbeat.beginLife(nextIncarnation, now);
  }

  /** Nothing is acted on any more. */
  void close() {
    until = NONE;
    zooKeeperUntil = NONE;
  }

  /** ZooKeeper answered a write of this life that was sent then. */
  public void zooKeeperAnswered(long sentAt, long now) {
    zooKeeperUntil = Math.max(zooKeeperUntil, sentAt + timing.lease().toNanos());
    absence.answered(now);
    reckon(now);
  }

  /** A message of another node, or of this one to itself. */
  public List<PeerHeartbeat.Send> receive(int from, LeaseMessage message, long now) {
    heartbeat.ownLeaseUntil(until);
    List<PeerHeartbeat.Send> answers = heartbeat.receive(from, message, now);
    reckon(now);
    return answers;
  }

  /** See {@link PeerLease#promised}. */
  public void promised(long base, Epoch next, long at, long now) {
    heartbeat.promised(base, next, at);
    reckon(now);
  }

  /** The newest committed epoch; a repetition changes nothing. */
  public void committed(EpochLives lives, long now) {
    heartbeat.committed(lives, now);
    if (proposed != null && proposed.number() <= lives.number()) {
      proposed = null;
    }
    reckon(now);
  }

  /**
   * This node, as the leader, proposes these members: they learn of each other's lives before the
   * epoch is committed, and again with every ping until it is.
   */
  public List<PeerHeartbeat.Send> propose(EpochLives lives, long now) {
    proposed = lives;
    proposedAgainAt = now + timing.peer().ping().toNanos();
    LeaseMessage message = new LeaseMessage.Lives(lives.number(), lives.incarnations());
    return lives.incarnations().keySet().stream()
        .map(pnn -> new PeerHeartbeat.Send(pnn, message))
        .toList();
  }

  /** The membership record of a life is about to go from ZooKeeper. */
  public void vanished(Life life) {
    heartbeat.vanished(life);
  }

  /** The membership record of a life has gone from ZooKeeper. */
  public void ended(Life life) {
    heartbeat.ended(life);
  }

  /** Time has passed. */
  public List<PeerHeartbeat.Send> tick(QuorumWitness witness, long now) {
    heartbeat.ownLeaseUntil(until);
    absence.look(witness.mayBeInQuorum(), now);
    Set<Integer> counted = heartbeat.counted();
    heartbeat.withoutQuorum(
        absence.lasting(now) && QuorumAbsence.covers(counted, witness.ensemble()));
    List<PeerHeartbeat.Send> out = heartbeat.tick(now);
    EpochLives pending = proposed;
    if (pending != null && now >= proposedAgainAt) {
      out.addAll(propose(pending, now));
    }
    return out;
  }

  /** Once the lease is over it is not renewed: the life has ended. */
  private void reckon(long now) {
    boolean over = until != NONE && now >= until;
    if (!over && zooKeeperUntil != NONE) {
      until =
          Math.min(Math.max(zooKeeperUntil, heartbeat.failsafeUntil()), heartbeat.peerLeaseUntil());
    }
  }

  /** See {@link ClusterMembership#leaseUntilNanos}. */
  public long untilNanos() {
    return until;
  }

  /** Why this node has to let go of everything now; empty while it may act, or has no lease. */
  public Optional<String> overdue(long now) {
    if (until == NONE || now < until - timing.peer().fencing().toNanos()) {
      return Optional.empty();
    }
    return Optional.of(
        zooKeeperUntil <= heartbeat.peerLeaseUntil()
            ? "the lease has run out without an answer from ZooKeeper"
            : "the lease has run out because most of the other members do not answer");
  }

  /** See {@link ClusterMembership#failsafe}. */
  public boolean failsafe(long now) {
    return until != NONE && until > now && zooKeeperUntil <= now;
  }
}
