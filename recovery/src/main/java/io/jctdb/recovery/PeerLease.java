package io.jctdb.recovery;

import io.jctdb.database.Epoch;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The lease that the other members give this node. It lasts for {@link PeerTiming#lease} from the
 * sending of the newest ping such that a majority of the members, this node included, has
 * acknowledged that ping or a later one. A pure machine; docs/fencing.md has the proof.
 *
 * <p>The majority is needed in the epoch that this node is in <em>and</em> in every one that it has
 * promised since and that may be committed without its knowledge: so whoever expels this node by a
 * majority of the committed epoch shares a member with the majority that this node relies on.
 *
 * <p>Only lives of the epoch count: the next incarnation of a member does not know what the earlier
 * one promised. An epoch of fewer than three members at the main site asks for nothing.
 *
 * <p>Members at remote sites count for nobody. One of them needs a majority of the main site's
 * members, too, in the newest epoch that it knows to be committed; and because nobody waits for its
 * promise, only acknowledgements count whose senders had promised that epoch and no later one.
 */
public final class PeerLease {
  /** No epoch asks for acknowledgements. */
  public static final long UNLIMITED = Long.MAX_VALUE;

  /** Nobody has acknowledged anything; a lease can be added without an overflow. */
  private static final long NEVER = Long.MIN_VALUE / 2;

  /** An epoch that may be in force; without lives until the leader has named them. */
  private record Claim(Epoch epoch, @Nullable EpochLives lives, long grantedAt) {
    boolean has(int pnn) {
      return epoch.hasMember(pnn);
    }

    Set<Integer> counted() {
      Set<Integer> counted = new TreeSet<>(epoch.members());
      counted.removeAll(epoch.remote());
      return counted;
    }
  }

  private final int self;
  private final long leaseNanos;
  private final long remoteLeaseNanos;

  /**
   * At a remote site: the newest time from which the main site has confirmed this life. Begins with
   * the life itself, because no epoch with it can have been committed before it was registered.
   * What was confirmed once stays so while members promise later epochs.
   */
  private long remoteConfirmed = NEVER;

  /** The newest epoch known to be committed with this life in it. */
  private long committedNumber = Epoch.NONE;

  /** By number. Numbers below the committed epoch's are gone. */
  private final TreeMap<Long, Claim> claims = new TreeMap<>();

  /** What leaders have said about proposals that are not promised here yet; newest only. */
  private @Nullable EpochLives announced;

  private record Acknowledged(long incarnation, long sentNanos, long promised) {}

  /** By pnn, from the incarnation that spoke last. */
  private final Map<Integer, Acknowledged> acknowledged = new HashMap<>();

  public PeerLease(int self, PeerTiming timing, PeerTiming remote) {
    this.self = self;
    this.leaseNanos = timing.lease().toNanos();
    this.remoteLeaseNanos = remote.lease().toNanos();
  }

  /** A new incarnation, not registered yet: a member of nothing, acknowledged by nobody. */
  public void beginLife(long now) {
    remoteConfirmed = now;
    committedNumber = Epoch.NONE;
    claims.clear();
    acknowledged.clear();
  }

  /**
   * This node is about to promise an epoch.
   *
   * <p>The promise itself stands for a first acknowledgement: it comes before the epoch can be
   * committed, and nobody counts the silence of a member from before it saw that.
   *
   * @param base the committed epoch that {@code next} builds on: those between cannot be committed
   * @param atNanos the time, taken before the promise was sent
   */
  public void promised(long base, Epoch next, long atNanos) {
    if (claims.containsKey(base)) {
      claims.headMap(base).clear();
    }
    // Their numbers were reserved before this one, and only the last reserved can be committed.
    claims.tailMap(base, false).headMap(next.number()).clear();
    EpochLives known = announced;
    EpochLives lives =
        known != null && known.number() == next.number()
            ? new EpochLives(known.number(), known.incarnations(), next.remote())
            : null;
    claims.putIfAbsent(next.number(), new Claim(next, lives, atNanos));
  }

  /** The leader says which lives a proposal is made of. */
  public void livesAre(EpochLives lives) {
    announced = lives;
    claims.computeIfPresent(
        lives.number(),
        (number, claim) ->
            claim.lives() == null && claim.epoch().members().equals(lives.incarnations().keySet())
                ? new Claim(
                    claim.epoch(),
                    new EpochLives(number, lives.incarnations(), claim.epoch().remote()),
                    claim.grantedAt())
                : claim);
  }

  /** The epoch is committed. Without {@code own} in it, this node has no lease of peers. */
  public void committed(EpochLives epoch, Life own) {
    claims.headMap(epoch.number()).clear();
    if (epoch.has(own)) {
      Claim before = claims.get(epoch.number());
      long grantedAt = before == null ? NEVER : before.grantedAt();
      committedNumber = Math.max(committedNumber, epoch.number());
      claims.put(epoch.number(), new Claim(shape(epoch), epoch, grantedAt));
    }
    acknowledged.keySet().retainAll(peers());
    noteRemoteConfirmation();
  }

  /** Who may be lmaster plays no part here. */
  private static Epoch shape(EpochLives epoch) {
    SortedSet<Integer> members = new TreeSet<>(epoch.incarnations().keySet());
    return new Epoch(epoch.number(), members, members, epoch.remote());
  }

  /**
   * A member has acknowledged a ping that this incarnation sent at this time.
   *
   * @param promised the highest epoch that it had promised then
   */
  public void acknowledged(Life by, long sentNanos, long promised) {
    if (claims.values().stream().anyMatch(claim -> claim.has(by.pnn()))) {
      acknowledged.compute(
          by.pnn(),
          (pnn, before) ->
              before != null
                      && before.incarnation() == by.incarnation()
                      && before.sentNanos() >= sentNanos
                  ? before
                  : new Acknowledged(by.incarnation(), sentNanos, promised));
      noteRemoteConfirmation();
    }
  }

  private void noteRemoteConfirmation() {
    Claim claim = claims.get(committedNumber);
    if (claim != null
        && claim.epoch().isRemote(self)
        && claim.counted().size() >= EpochLives.COUNTABLE) {
      remoteConfirmed = Math.max(remoteConfirmed, confirmedAt(claim));
    }
  }

  /** Who has to be pinged: everybody; from a remote site, those who count. */
  public Set<Integer> peers() {
    Set<Integer> peers = new TreeSet<>();
    claims
        .values()
        .forEach(
            claim ->
                peers.addAll(
                    claim.epoch().isRemote(self) ? claim.counted() : claim.epoch().members()));
    peers.remove(self);
    return peers;
  }

  /** Whether a wide-area line lies between here and that peer. */
  public boolean isDistant(int pnn) {
    return claims.values().stream()
        .anyMatch(claim -> claim.epoch().isRemote(pnn) || claim.epoch().isRemote(self));
  }

  /** Until when this node may act as far as its peers are concerned; {@link #UNLIMITED}. */
  public long untilNanos() {
    long until = UNLIMITED;
    for (Map.Entry<Long, Claim> entry : claims.entrySet()) {
      Claim claim = entry.getValue();
      if (claim.counted().size() < EpochLives.COUNTABLE) {
        continue;
      }
      if (!claim.epoch().isRemote(self)) {
        until = Math.min(until, Math.max(claim.grantedAt(), confirmedAt(claim)) + leaseNanos);
      } else if (entry.getKey() == committedNumber) {
        until = Math.min(until, remoteConfirmed + remoteLeaseNanos);
      }
    }
    return until;
  }

  /**
   * The newest time such that a majority, this node included where it counts, acknowledged a ping
   * from then on.
   */
  private long confirmedAt(Claim claim) {
    EpochLives lives = claim.lives();
    if (lives == null) {
      return NEVER;
    }
    boolean distant = claim.epoch().isRemote(self);
    List<Long> times = new ArrayList<>();
    for (int pnn : lives.counted()) {
      Acknowledged newest = acknowledged.get(pnn);
      Long incarnation = lives.incarnations().get(pnn);
      if (pnn != self) {
        times.add(
            newest != null
                    && incarnation != null
                    && newest.incarnation() == incarnation
                    && (!distant || newest.promised() == claim.epoch().number())
                ? newest.sentNanos()
                : NEVER);
      }
    }
    times.sort(Comparator.reverseOrder());
    return times.get(lives.majority() - (distant ? 1 : 2));
  }
}
