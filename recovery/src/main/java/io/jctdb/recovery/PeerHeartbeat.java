package io.jctdb.recovery;

import io.jctdb.database.Epoch;
import io.jctdb.database.message.LeaseMessage;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One node's part in the leases that members give each other: pings the other members, answers
 * theirs as long as it has not promised silence, and says what it has promised. A pure machine
 * around {@link PeerLease}, {@link SilencePromises} and {@link FailsafeLease}; to be stepped at
 * least four times in every {@link PeerTiming#ping}.
 *
 * <p>{@link LeaseMessage.Silent}, also those that a node sends to itself, are for the {@link
 * SilenceReports} of whoever may expel.
 */
public final class PeerHeartbeat {
  /** A message to be sent; to this node itself, too. */
  public record Send(int pnn, LeaseMessage message) {}

  private static final long NEVER = Long.MIN_VALUE / 2;

  private final int self;
  private final long pingNanos;
  private final long remotePingNanos;
  private final PeerLease lease;
  private final SilencePromises promises;
  private final FailsafeLease failsafe;

  private long incarnation;
  private long lifeSince = NEVER;
  private @Nullable EpochLives epoch;
  private long highestPromised = Epoch.NONE;
  private boolean frozen;
  private long lastPing = NEVER;
  private long lastRemotePing = NEVER;

  /** Until when this node itself may act. */
  private long ownLeaseUntil = Long.MAX_VALUE;

  private long lastReport = NEVER;
  private Set<Life> lastReported = Set.of();

  public PeerHeartbeat(int self, PeerTiming timing) {
    this(self, timing, PeerTiming.remote(Site.MAIN.remoteLease()));
  }

  /**
   * @param remote the times between the main site and a remote one
   */
  public PeerHeartbeat(int self, PeerTiming timing, PeerTiming remote) {
    this.self = self;
    this.pingNanos = timing.ping().toNanos();
    this.remotePingNanos = remote.ping().toNanos();
    this.lease = new PeerLease(self, timing, remote);
    this.promises = new SilencePromises(timing, remote);
    this.failsafe = new FailsafeLease(timing);
  }

  private Life own() {
    return new Life(self, incarnation);
  }

  /**
   * This node is another incarnation now, a member of nothing: what it promised is over, because
   * its acknowledgements do not count any more where that mattered.
   *
   * @throws IllegalArgumentException if it is the same one still
   */
  public void beginLife(long newIncarnation, long now) {
    if (newIncarnation <= incarnation) {
      throw new IllegalArgumentException(
          "incarnation " + newIncarnation + " after " + incarnation + ": promises would be lost");
    }
    incarnation = newIncarnation;
    lifeSince = now;
    lastPing = NEVER;
    lastRemotePing = NEVER;
    highestPromised = Epoch.NONE;
    lease.beginLife(now);
    promises.beginLife();
    failsafe.beginLife();
  }

  /** See {@link PeerLease#promised}. */
  public void promised(long base, Epoch next, long atNanos) {
    highestPromised = Math.max(highestPromised, next.number());
    lease.promised(base, next, atNanos);
  }

  /** The newest committed epoch; a repetition changes nothing. */
  public void committed(EpochLives next, long now) {
    if (epoch == null || next.number() >= epoch.number()) {
      epoch = next;
      lease.committed(next, own());
      promises.committed(next, own(), now);
      failsafe.committed(next, own());
    }
  }

  /** The membership record of a life is about to go from ZooKeeper. */
  public void vanished(Life life) {
    promises.vanished(life);
  }

  /** The membership record of a life has gone from ZooKeeper. */
  public void ended(Life life) {
    promises.ended(life);
  }

  /**
   * Until when this node itself may act: after that it acknowledges nobody but members of the main
   * site, because others may have gone on without it.
   */
  public void ownLeaseUntil(long nanos) {
    ownLeaseUntil = nanos;
  }

  /**
   * Whether this node has had no quorum for so long that it may confirm to others that it holds on
   * to its epoch; to be said anew before every {@link #tick}.
   */
  public void withoutQuorum(boolean lasting) {
    frozen = lasting;
  }

  /** The epoch that this node holds on to: none while a later one is promised. */
  private long frozenEpoch() {
    EpochLives current = epoch;
    return frozen && current != null && current.has(own()) && highestPromised <= current.number()
        ? current.number()
        : Epoch.NONE;
  }

  /** Time has passed. */
  public List<Send> tick(long now) {
    List<Send> out = new ArrayList<>();
    promises.tick(now);
    if (frozenEpoch() != Epoch.NONE) {
      failsafe.frozen(now);
    }
    boolean near = now - lastPing >= pingNanos;
    boolean far = now - lastRemotePing >= remotePingNanos;
    lastPing = near ? now : lastPing;
    lastRemotePing = far ? now : lastRemotePing;
    for (int pnn : near || far ? lease.peers() : Set.<Integer>of()) {
      if (lease.isDistant(pnn) ? far : near) {
        out.add(new Send(pnn, new LeaseMessage.Ping(incarnation, now)));
      }
    }
    report(now, out);
    return out;
  }

  private void report(long now, List<Send> out) {
    List<LeaseMessage.Silent> reports = promises.reports(now);
    Set<Life> about = new HashSet<>();
    reports.forEach(silent -> about.add(new Life(silent.pnn(), silent.ofIncarnation())));
    EpochLives current = epoch;
    if (current == null || (about.equals(lastReported) && now - lastReport < pingNanos)) {
      return;
    }
    lastReport = now;
    lastReported = about;
    for (LeaseMessage.Silent silent : reports) {
      current.incarnations().keySet().forEach(pnn -> out.add(new Send(pnn, silent)));
    }
  }

  /** A message from another node. */
  public List<Send> receive(int from, LeaseMessage message, long now) {
    return switch (message) {
      case LeaseMessage.Ping m -> pinged(from, m, now);
      case LeaseMessage.Ack m -> {
        acknowledged(from, m, now);
        yield List.of();
      }
      case LeaseMessage.Lives m -> {
        lease.livesAre(new EpochLives(m.number(), m.incarnations()));
        yield List.of();
      }
      case LeaseMessage.Silent m -> List.of();
    };
  }

  private List<Send> pinged(int from, LeaseMessage.Ping ping, long now) {
    if (from == self || (!isOfMainSite(from) && now >= ownLeaseUntil)) {
      return List.of();
    }
    return promises.mayAcknowledge(new Life(from, ping.incarnation()), now)
        ? List.of(
            new Send(
                from,
                new LeaseMessage.Ack(
                    incarnation,
                    ping.incarnation(),
                    ping.sentNanos(),
                    frozenEpoch(),
                    highestPromised)))
        : List.of();
  }

  private boolean isOfMainSite(int pnn) {
    EpochLives current = epoch;
    return current != null && current.counted().contains(pnn);
  }

  private void acknowledged(int from, LeaseMessage.Ack ack, long now) {
    if (ack.pingIncarnation() != incarnation
        || ack.sentNanos() < lifeSince
        || ack.sentNanos() > now) {
      return; // of an earlier life, or nothing that this node sent
    }
    Life by = new Life(from, ack.incarnation());
    lease.acknowledged(by, ack.sentNanos(), ack.promised());
    promises.acknowledgedBy(by);
    if (ack.frozenEpoch() != Epoch.NONE) {
      failsafe.confirmed(by, ack.frozenEpoch(), ack.sentNanos());
    }
  }

  /** The members of the main site in the newest committed epoch. */
  Set<Integer> counted() {
    return epoch == null ? Set.of() : epoch.counted();
  }

  /** See {@link PeerLease#untilNanos}. */
  public long peerLeaseUntil() {
    return lease.untilNanos();
  }

  /** See {@link FailsafeLease#untilNanos}. */
  public long failsafeUntil() {
    return failsafe.untilNanos();
  }
}
