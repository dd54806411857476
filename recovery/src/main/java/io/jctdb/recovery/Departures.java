package io.jctdb.recovery;

import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * When the records and the public addresses of a node that has gone may be handed on.
 *
 * <p>A record that vanished without a goodbye means that the session has expired: the lease ended
 * at most {@code residue} later ({@link MembershipTiming}). If a leader expelled the node, its last
 * heartbeat may have been answered just before: the lease ends a whole lease later. Where a
 * majority has promised not to renew the lease, that ends it earlier. An address can outlive the
 * lease by {@code addressResidue}; and one that was renewed just before the lease became that of
 * peers, because the epoch has three members now, lasts up to {@code addressLifetime} from then on,
 * which may be longer than the lease. Times count from when <em>this</em> node noticed, which is
 * never too early. A node that said it holds nothing, or that came back as a new incarnation (it
 * may only do so when it holds nothing), or whose {@link LastWill} was told, is waited for no
 * longer.
 */
public final class Departures {
  /** A life that ended without a goodbye, and how long its lease may have gone on from there. */
  private record Gone(long noticedNanos, long residueNanos, long leaseNanos, String will) {}

  /** Far more processes than die in the few seconds in which it matters. */
  private static final int WILLS_MAX = 64;

  /**
   * Members of one epoch whose processes are proven to have ended and to hold nothing.
   *
   * @param epoch its number; 0 if there are none
   */
  public record Deaths(long epoch, Set<Life> lives) {
    static final Deaths NONE = new Deaths(0, Set.of());
  }

  private final MembershipTiming timing;
  private final MembershipTiming remoteTiming;
  private final Set<Life> remote = new HashSet<>();
  private final long addressLifetimeNanos;
  private final long addressResidueNanos;
  private final Map<Life, Gone> gone = new HashMap<>();
  private final Set<Life> expelled = new HashSet<>();
  private final Set<Life> letGo = new HashSet<>();

  /** Hashes of the last wills that were told: no process that published one of them lives. */
  private final Set<String> wills = new LinkedHashSet<>();

  /** By pnn the latest incarnation whose process is proven dead; earlier ones are, too. */
  private final Map<Integer, Long> died = new HashMap<>();

  /** When a lease ends that a majority has promised not to renew. */
  private final Map<Life, Long> peerLeaseEnd = new HashMap<>();

  private Map<Integer, MemberInfo> nodes = Map.of();

  /** The newest committed epoch seen here. */
  private @Nullable EpochLives epoch;

  /** Until then addresses may last that were renewed under the longer lease of a small epoch. */
  private long longLifetimesEnd = Long.MIN_VALUE;

  Departures(MembershipTiming timing, Duration addressLifetime, Duration addressResidue) {
    this.timing = timing;
    this.remoteTiming = MembershipTiming.remote(timing.remotePeer().lease(), MembershipTiming.TICK);
    this.addressLifetimeNanos = addressLifetime.toNanos();
    this.addressResidueNanos = addressResidue.toNanos();
  }

  /** The registered nodes are now these. */
  void nodesAre(Map<Integer, MemberInfo> now, long nowNanos) {
    for (MemberInfo before : nodes.values()) {
      MemberInfo after = now.get(before.pnn());
      if (after == null && before.ready() && !dead(before)) {
        note(before, nowNanos);
      } else if (after == null) {
        letGo.add(Life.of(before));
      }
    }
    for (MemberInfo node : now.values()) {
      gone.keySet().removeIf(life -> life.pnn() == node.pnn());
      // Not while that very life is still registered: its expulsion may be under way.
      expelled.removeIf(
          life -> life.pnn() == node.pnn() && life.incarnation() != node.incarnation());
      letGo.removeIf(life -> life.pnn() == node.pnn());
      peerLeaseEnd
          .keySet()
          .removeIf(life -> life.pnn() == node.pnn() && life.incarnation() != node.incarnation());
    }
    nodes = Map.copyOf(now);
  }

  private void note(MemberInfo node, long nowNanos) {
    gone.putIfAbsent(
        Life.of(node),
        new Gone(
            nowNanos,
            Duration.ofMillis(node.residueMillis()).toNanos(),
            Duration.ofMillis(node.leaseMillis()).toNanos(),
            node.will()));
  }

  /**
   * Somebody told a secret with this hash.
   *
   * @return whether a process of that node had published it, and this is news
   */
  boolean willTold(int pnn, String hash) {
    MemberInfo node = nodes.get(pnn);
    Set<Life> ended = new HashSet<>();
    if (node != null && LastWill.same(node.will(), hash)) {
      ended.add(Life.of(node));
    }
    gone.forEach(
        (life, end) -> {
          if (life.pnn() == pnn && LastWill.same(end.will(), hash)) {
            ended.add(life);
          }
        });
    if (ended.isEmpty() || !wills.add(hash)) {
      return false;
    }
    ended.forEach(life -> died.merge(pnn, life.incarnation(), Math::max));
    if (wills.size() > WILLS_MAX) {
      wills.remove(wills.iterator().next());
    }
    ended.stream().filter(gone::containsKey).forEach(letGo::add);
    gone.keySet().removeAll(letGo);
    return true;
  }

  /** The members of the newest committed epoch of which a last will was told. */
  public Deaths deaths() {
    EpochLives present = epoch;
    if (present == null || died.isEmpty()) {
      return Deaths.NONE;
    }
    Set<Life> dead = new HashSet<>();
    present
        .incarnations()
        .forEach(
            (pnn, incarnation) -> {
              if (incarnation <= died.getOrDefault(pnn, Long.MIN_VALUE)) {
                dead.add(new Life(pnn, incarnation));
              }
            });
    return dead.isEmpty() ? Deaths.NONE : new Deaths(present.number(), dead);
  }

  int willsTold() {
    return wills.size();
  }

  /** Whether the process that wrote this record is proven to have ended and to hold nothing. */
  public boolean dead(MemberInfo node) {
    return wills.contains(node.will());
  }

  /**
   * A leader is expelling, or has expelled, this node. Not taken back when the write seems to have
   * failed: its answer may have been lost, and the price is only a longer wait.
   */
  void expelled(Life life) {
    MemberInfo node = nodes.get(life.pnn());
    if (node == null || node.incarnation() == life.incarnation()) {
      expelled.add(life);
    }
  }

  /**
   * A majority of the committed epoch has promised not to renew this life's lease, which therefore
   * ends no later than this ({@link SilenceReports#leaseEnd}).
   */
  void peerLeaseEnds(Life life, long atNanos) {
    peerLeaseEnd.merge(life, atNanos, Math::min);
  }

  /** Another epoch is committed; its members have been spared, and may be acknowledged again. */
  void committed(EpochLives next, long nowNanos) {
    EpochLives before = epoch;
    if (before == null || mayFollowASmallOne(before, next)) {
      longLifetimesEnd = nowNanos + addressLifetimeNanos;
    }
    epoch = next;
    peerLeaseEnd.keySet().removeIf(next::has);
    remote.clear();
    next.incarnations()
        .forEach(
            (pnn, incarnation) -> {
              if (next.remote().contains(pnn)) {
                remote.add(new Life(pnn, incarnation));
              }
            });
  }

  /** An epoch in between may have been missed here, by a node cut off from ZooKeeper. */
  private static boolean mayFollowASmallOne(EpochLives before, EpochLives next) {
    boolean missed = next.number() > before.number() + 1;
    return missed || (next.number() > before.number() && !before.countable());
  }

  /** Whether this life owns no record any more, so that an epoch without it may be committed. */
  public boolean recordsSafe(Life life, long nowNanos) {
    MemberInfo node = nodes.get(life.pnn());
    if (node != null) {
      return node.incarnation() != life.incarnation() || !node.ready();
    }
    if (hasLetGo(life)) {
      return true;
    }
    // If it was never seen here, it went before we looked: as if it had vanished now, and as if it
    // had held on without a quorum until there was one.
    MembershipTiming of = remote.contains(life) ? remoteTiming : timing;
    Gone end =
        gone.computeIfAbsent(
            life,
            unseen ->
                new Gone(
                    nowNanos,
                    Math.max(
                        of.residue(of.session()).toNanos(),
                        timing.peer().lease().plus(timing.peer().drift()).toNanos()),
                    of.lease().toNanos(),
                    LastWill.NONE));
    return nowNanos >= leaseEnd(life, end);
  }

  /** A node that let go in a later life had let go of the earlier one before it began that. */
  private boolean hasLetGo(Life life) {
    return letGo.stream()
        .anyMatch(end -> end.pnn() == life.pnn() && end.incarnation() >= life.incarnation());
  }

  private long leaseEnd(Life life, Gone end) {
    return Math.min(zooKeeperLeaseEnd(life, end), peerLeaseEnd.getOrDefault(life, Long.MAX_VALUE));
  }

  private long zooKeeperLeaseEnd(Life life, Gone end) {
    return expelled.contains(life)
        ? end.noticedNanos + end.leaseNanos + timing.drift().toNanos()
        : end.noticedNanos + end.residueNanos;
  }

  /** See {@link ClusterMembership#safeAfterNanos}. */
  public long addressesSafeAfter(int pnn) {
    MemberInfo node = nodes.get(pnn);
    if (node != null) {
      return node.ready() ? Long.MAX_VALUE : Long.MIN_VALUE;
    }
    long latest = Long.MIN_VALUE;
    for (Map.Entry<Life, Gone> departure : gone.entrySet()) {
      if (departure.getKey().pnn() == pnn) {
        long lease = leaseEnd(departure.getKey(), departure.getValue());
        long longest = zooKeeperLeaseEnd(departure.getKey(), departure.getValue());
        long lifetime = Math.min(Math.max(lease, longLifetimesEnd), longest);
        latest = Math.max(latest, lifetime + addressResidueNanos);
      }
    }
    return latest;
  }

  /** Every node about which {@link #addressesSafeAfter} has something to say. */
  Map<Integer, Long> addressesSafeAfter() {
    Map<Integer, Long> all = new HashMap<>();
    nodes.keySet().forEach(pnn -> all.put(pnn, addressesSafeAfter(pnn)));
    gone.keySet().forEach(life -> all.put(life.pnn(), addressesSafeAfter(life.pnn())));
    return Map.copyOf(all);
  }
}
