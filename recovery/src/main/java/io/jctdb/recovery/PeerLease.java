package io.jctdb.recovery;

import io.jctdb.database.Epoch;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
 * one promised. An epoch of fewer than three members asks for nothing.
 */
public final class PeerLease {
  /** No epoch asks for acknowledgements. */
  public static final long UNLIMITED = Long.MAX_VALUE;

  /** Nobody has acknowledged anything; a lease can be added without an overflow. */
  private static final long NEVER = Long.MIN_VALUE / 2;

  /** An epoch that may be in force; without lives until the leader has named them. */
  private record Claim(Set<Integer> members, @Nullable EpochLives lives, long grantedAt) {}

  private final int self;
  private final long leaseNanos;

  /** By number. Numbers below the committed epoch's are gone. */
  private final TreeMap<Long, Claim> claims = new TreeMap<>();

  /** What leaders have said about proposals that are not promised here yet; newest only. */
  private @Nullable EpochLives announced;

  private record Acknowledged(long incarnation, long sentNanos) {}

  /** By pnn, from the incarnation that spoke last. */
  private final Map<Integer, Acknowledged> acknowledged = new HashMap<>();

  public PeerLease(int self, PeerTiming timing) {
    this.self = self;
    this.leaseNanos = timing.lease().toNanos();
  }

  /** A new incarnation: a member of nothing, acknowledged by nobody. */
  public void beginLife() {
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
    EpochLives lives = known != null && known.number() == next.number() ? known : null;
    claims.putIfAbsent(next.number(), new Claim(next.members(), lives, atNanos));
  }

  /** The leader says which lives a proposal is made of. */
  public void livesAre(EpochLives lives) {
    announced = lives;
    claims.computeIfPresent(
        lives.number(),
        (number, claim) ->
            claim.lives() == null && claim.members().equals(lives.incarnations().keySet())
                ? new Claim(claim.members(), lives, claim.grantedAt())
                : claim);
  }

  /** The epoch is committed. Without {@code own} in it, this node has no lease of peers. */
  public void committed(EpochLives epoch, Life own) {
    claims.headMap(epoch.number()).clear();
    if (epoch.has(own)) {
      Claim before = claims.get(epoch.number());
      long grantedAt = before == null ? NEVER : before.grantedAt();
      claims.put(epoch.number(), new Claim(epoch.incarnations().keySet(), epoch, grantedAt));
    }
    acknowledged.keySet().retainAll(peers());
  }

  /** A member has acknowledged a ping that this incarnation sent at this time. */
  public void acknowledged(Life by, long sentNanos) {
    if (claims.values().stream().anyMatch(claim -> claim.members().contains(by.pnn()))) {
      acknowledged.compute(
          by.pnn(),
          (pnn, before) ->
              before != null
                      && before.incarnation() == by.incarnation()
                      && before.sentNanos() >= sentNanos
                  ? before
                  : new Acknowledged(by.incarnation(), sentNanos));
    }
  }

  /** Who has to be pinged. */
  public Set<Integer> peers() {
    Set<Integer> peers = new TreeSet<>();
    claims.values().forEach(claim -> peers.addAll(claim.members()));
    peers.remove(self);
    return peers;
  }

  /** Until when this node may act as far as its peers are concerned; {@link #UNLIMITED}. */
  public long untilNanos() {
    long until = UNLIMITED;
    for (Claim claim : claims.values()) {
      if (claim.members().size() >= EpochLives.COUNTABLE) {
        until = Math.min(until, Math.max(claim.grantedAt(), confirmedAt(claim)) + leaseNanos);
      }
    }
    return until;
  }

  /** The newest time such that a majority, this node included, acknowledged a ping from then on. */
  private long confirmedAt(Claim claim) {
    EpochLives lives = claim.lives();
    if (lives == null) {
      return NEVER;
    }
    List<Long> times = new ArrayList<>();
    lives
        .incarnations()
        .forEach(
            (pnn, incarnation) -> {
              Acknowledged newest = acknowledged.get(pnn);
              if (pnn != self) {
                times.add(
                    newest != null && newest.incarnation() == incarnation
                        ? newest.sentNanos()
                        : NEVER);
              }
            });
    times.sort(Comparator.reverseOrder());
    return times.get(lives.majority() - 2);
  }
}
