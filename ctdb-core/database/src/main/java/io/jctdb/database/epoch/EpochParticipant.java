package io.jctdb.database.epoch;

import io.jctdb.database.Epoch;
import io.jctdb.database.message.EpochMessage;
import io.jctdb.database.message.NodePort;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * A member's side of the change of epoch: promises, and begins what was committed.
 *
 * <p>Why a promise: an epoch begins nowhere before <em>every</em> member of it has stopped taking
 * part in all earlier ones. So nothing that was sent in an earlier epoch can still be accepted by
 * anybody once the first member asks its first question in the new one, and the answers to that
 * question are final. Having promised, a node serves only what it owns until an epoch with that
 * number or a higher one begins; a proposer that gives up must therefore propose again.
 *
 * <p>Invariants: {@link #promisedNumber} never decreases; {@code currentEpoch().number() <=
 * promisedNumber()}; an epoch is begun only if this very number was promised.
 *
 * <p>A node that was left out of an epoch and did not notice must not carry its records into a
 * later one. Each PREPARE names the committed epoch that it builds on, and a member which neither
 * began nor promised that one reports {@link Exclusion} and does not promise. It has to leave,
 * empty its volatile databases and join afresh ({@link #leave}, {@link #rejoin}).
 *
 * <p>A member at a remote site is told the same, but nobody waits for its promise: the epoch may
 * begin elsewhere while it still takes part in an earlier one. What it owns is therefore never
 * adopted or created without its own answer in the new epoch (docs/protocol.md, "Remote members").
 *
 * <p>Owner thread only.
 */
public final class EpochParticipant {
  /** Called when the cluster turns out to have gone on without this node. */
  @FunctionalInterface
  public interface Exclusion {
    /**
     * @param base the committed epoch in which this node had no part
     */
    void excluded(long base);
  }

  private static final long NO_LIFE = 0;

  private final NodePort port;
  private final Exclusion exclusion;
  private final List<EpochListener> listeners = new ArrayList<>();

  /** Numbers promised since {@link #committed}, any one of which may turn out to be committed. */
  private final Set<Long> promisedSince = new HashSet<>();

  private @Nullable Epoch current;
  private @Nullable Epoch candidate;
  private long promised = Epoch.NONE;
  private boolean ready = true;

  /** The incarnation as which this node may promise now. */
  private long life = NO_LIFE;

  /** The last epoch known to be committed with this node in it; NONE for a newcomer. */
  private long committed = Epoch.NONE;

  public EpochParticipant(NodePort port, Exclusion exclusion) {
    this.port = port;
    this.exclusion = exclusion;
  }

  /** Listeners hear in the order in which they were added. */
  public void addListener(EpochListener listener) {
    listeners.add(listener);
  }

  /** The epoch that began here last, also while a later one is being prepared; null outside. */
  public @Nullable Epoch currentEpoch() {
    return current;
  }

  /** The highest number promised so far, {@link Epoch#NONE} if none. */
  public long promisedNumber() {
    return promised;
  }

  /** True while record traffic flows: an epoch has begun and no later one is promised. */
  public boolean isServing() {
    return current != null && current.number() == promised;
  }

  /**
   * Whether that node is a member, as far as this one has promised: of the epoch in force here and
   * of the one that is being prepared. Whoever is not may have been put out and not know it yet.
   */
  public boolean reckonsWith(int pnn) {
    Epoch now = current;
    Epoch next = candidate;
    return (now == null || now.hasMember(pnn)) && (next == null || next.hasMember(pnn));
  }

  /** Takes PREPARE and COMMIT; other messages are the coordinator's and are passed over. */
  public void receive(int fromPnn, EpochMessage message) {
    switch (message) {
      case EpochMessage.Prepare m -> prepare(fromPnn, m);
      case EpochMessage.Commit m -> commit(fromPnn, m.number());
      case EpochMessage.Promise m -> {}
      case EpochMessage.Refuse m -> {}
      case EpochMessage.Started m -> {}
    }
  }

  /**
   * Begins an epoch that was read from ZooKeeper, for a member whose COMMIT was lost with its
   * sender.
   *
   * @return whether this node serves in that epoch now. False if it never promised it (then it has
   *     no part in it) or has promised a later one since.
   */
  public boolean adopt(Epoch epoch) {
    if (current != null && current.number() == epoch.number()) {
      return isServing();
    }
    if (candidate == null || promised != epoch.number()) {
      return false;
    }
    require(candidate.equals(epoch), "epoch " + epoch + " was promised as " + candidate);
    begin(candidate);
    return true;
  }

  /**
   * The same, for a life that the committed epoch names. A member at a remote site, whose promise
   * nobody waited for, may not have heard of the epoch before: it begins it all the same. It had
   * its part in all epochs in between, because a life that was left out of one never comes back.
   *
   * @param incarnation of this node, as the committed epoch has it
   */
  public boolean adopt(Epoch epoch, long incarnation) {
    if (epoch.isRemote(port.self())
        && ready
        && incarnation == life
        && epoch.number() > promised
        && life != NO_LIFE) {
      promise(epoch.number(), epoch, Collections.emptySortedMap());
      begin(epoch);
      return true;
    }
    return adopt(epoch);
  }

  /**
   * This node is no member any more (lease lost, stopped, banned, or excluded). What it promised
   * stays promised; it promises nothing more until {@link #rejoin}.
   */
  public void leave() {
    ready = false;
    life = NO_LIFE;
    current = null;
    candidate = null;
    committed = Epoch.NONE;
    promisedSince.clear();
    listeners.forEach(EpochListener::leftCluster);
  }

  /**
   * After {@link #leave}: this node may become a member again. Its volatile databases are empty. (A
   * participant that was just made may join without this.)
   */
  public void rejoin() {
    ready = true;
  }

  /**
   * This node's incarnation, as its membership record shows it, until it leaves. Proposals that
   * name another one are not for this node but for one that has ended: its record outlives it for a
   * while. An epoch made with that record would be changed without waiting for this node, because
   * the one that it was made of is gone.
   */
  public void livesAs(long incarnation) {
    life = incarnation;
  }

  /** What {@link #livesAs} said last; 0 before, and since this node has left. */
  public long life() {
    return life;
  }

  private void prepare(int leader, EpochMessage.Prepare m) {
    Epoch next = m.next();
    Long named = m.lives().get(port.self());
    if (!ready || !next.hasMember(port.self()) || (named != null && named != life)) {
      return; // not ours to promise; the leader will see that this node has gone
    }
    if (next.number() < promised || (next.number() == promised && !isCandidateOrCurrent(next))) {
      port.send(leader, new EpochMessage.Refuse(next.number(), promised));
      return;
    }
    if (next.number() > promised) {
      boolean sameLife = named != null && next.isRemote(port.self());
      if (!sameLife && !continues(m.base())) {
        exclusion.excluded(m.base());
        return;
      }
      promise(m.base(), next, m.lives());
    }
    port.send(leader, new EpochMessage.Promise(next.number()));
  }

  private boolean isCandidateOrCurrent(Epoch epoch) {
    return epoch.equals(candidate) || epoch.equals(current);
  }

  /** Whether this node had its part in the epoch that the next one builds on. */
  private boolean continues(long base) {
    if (committed == Epoch.NONE || base == committed) {
      return true;
    }
    if (!promisedSince.contains(base)) {
      return base < committed; // a leader that is behind; ZooKeeper will refuse its epoch
    }
    committed = base;
    promisedSince.removeIf(number -> number <= base);
    return true;
  }

  private void promise(long base, Epoch next, SortedMap<Integer, Long> lives) {
    promised = next.number();
    candidate = next;
    promisedSince.add(promised);
    listeners.forEach(listener -> listener.livesPromised(next, lives));
    listeners.forEach(listener -> listener.epochPromised(base, next));
  }

  private void commit(int leader, long number) {
    if (candidate != null && candidate.number() == number) {
      begin(candidate);
    }
    if (current != null && current.number() == number) {
      port.send(leader, new EpochMessage.Started(number));
    } else {
      port.send(leader, new EpochMessage.Refuse(number, promised));
    }
  }

  private void begin(Epoch epoch) {
    require(epoch.number() == promised, "epoch " + epoch + " begins, promised is " + promised);
    current = epoch;
    candidate = null;
    committed = epoch.number();
    promisedSince.clear();
    listeners.forEach(listener -> listener.epochStarted(epoch));
  }

  private static void require(boolean condition, String broken) {
    if (!condition) {
      throw new IllegalStateException(broken);
    }
  }
}
