package io.jctdb.recovery;

import io.jctdb.database.Epoch;
import io.jctdb.database.message.LeaseMessage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Whom this node does not acknowledge any more. A member that has not acknowledged this node for
 * the time of suspicion is not acknowledged either, as long as the present epoch is the committed
 * one; that is a promise, and the others are told. A pure machine.
 *
 * <p>Why a promise, and why for this epoch: when a majority has promised, the silent member cannot
 * have a majority any more, so its lease ends and does not come back. Every expulsion names the
 * epoch whose members promised, and ZooKeeper refuses it if another is committed; so with the next
 * epoch all begin anew.
 *
 * <p>A member at a remote site is suspected by longer times, and promises nothing itself.
 *
 * <p>Silence is counted only while this node runs: one that was paused does not blame the others.
 */
public final class SilencePromises {
  /** Pings that arrive no further apart than this many intervals are a conversation. */
  private static final int FRESH_PINGS = 3;

  /** What is known of the node that last spoke as this pnn. */
  private static final class Contact {
    final long incarnation;
    long pingedAt = NEVER;

    Contact(long incarnation) {
      this.incarnation = incarnation;
    }
  }

  private static final long NEVER = Long.MIN_VALUE / 2;

  private final PeerTiming timing;
  private final PeerTiming remoteTiming;
  private final Map<Integer, Contact> contacts = new HashMap<>();

  /**
   * When this node last acknowledged each life: those of the epoch, also when their node speaks as
   * another since, which it may do while it still lets go; and those that spoke last.
   */
  private final Map<Life, Long> acknowledgedAt = new HashMap<>();

  /** For how long each member of the epoch has been silent while this node ran. */
  private final Map<Life, Long> silence = new HashMap<>();

  private final Set<Life> promised = new HashSet<>();

  /** Members whose records have gone: they do not come back, whatever epochs they are left in. */
  private final Set<Life> ended = new HashSet<>();

  private @Nullable EpochLives epoch;
  private @Nullable Life own;
  private long epochSeenAt;
  private long lastTick = NEVER;

  public SilencePromises(PeerTiming timing, PeerTiming remote) {
    this.timing = timing;
    this.remoteTiming = remote;
  }

  private PeerTiming timingOf(Life life) {
    EpochLives current = epoch;
    return current != null && current.isRemote(life.pnn()) ? remoteTiming : timing;
  }

  /**
   * This node is another incarnation. What the earlier one promised binds nobody: its
   * acknowledgements would count for an epoch of which it was a member, and this one's do not.
   */
  public void beginLife() {
    own = null;
    promised.clear();
    ended.clear();
    silence.clear();
  }

  /** A ping has come. False: it must not be acknowledged. */
  public boolean mayAcknowledge(Life from, long now) {
    Contact contact = contacts.get(from.pnn());
    if (contact == null || contact.incarnation != from.incarnation()) {
      contact = new Contact(from.incarnation());
      contacts.put(from.pnn(), contact);
      forgetPassersBy();
    }
    contact.pingedAt = now;
    if (promised.contains(from)) {
      return false;
    }
    acknowledgedAt.put(from, now);
    return true;
  }

  private void forgetPassersBy() {
    EpochLives current = epoch;
    acknowledgedAt
        .keySet()
        .removeIf(
            life -> {
              Contact contact = contacts.get(life.pnn());
              boolean speaks = contact != null && contact.incarnation == life.incarnation();
              return !speaks && (current == null || !current.has(life));
            });
  }

  /** A member has acknowledged this node's ping. */
  public void acknowledgedBy(Life by) {
    silence.replace(by, 0L);
  }

  /**
   * The epoch is committed; {@code self} is this node's life. Promises of an earlier epoch about
   * its members are over. Those about others stay until their node has another life.
   */
  public void committed(EpochLives next, Life self, long now) {
    if (epoch != null && next.number() <= epoch.number()) {
      return;
    }
    epoch = next;
    own = self;
    epochSeenAt = now;
    ended.removeIf(life -> !next.has(life));
    promised.removeIf(life -> next.incarnations().containsKey(life.pnn()) && !ended.contains(life));
    silence.keySet().removeIf(life -> !next.has(life));
    forgetPassersBy();
    next.incarnations()
        .forEach(
            (pnn, incarnation) -> {
              Life life = new Life(pnn, incarnation);
              if (!life.equals(self)) {
                silence.putIfAbsent(life, 0L);
                if (isHeard(life, now)) {
                  // It may have kept silent because of a promise of its own.
                  silence.put(life, 0L);
                }
              }
            });
  }

  /** The life's membership record has gone from ZooKeeper: nobody need keep it alive. */
  public void vanished(Life life) {
    if (watches(life)) {
      promised.add(life);
    }
  }

  /** The same, and it is certain: the record has been seen to be gone. */
  public void ended(Life life) {
    if (watches(life)) {
      ended.add(life);
      promised.add(life);
    }
  }

  private boolean watches(Life life) {
    EpochLives current = epoch;
    Life self = own;
    return current != null
        && self != null
        && current.counts(self)
        && current.has(life)
        && current.countable()
        && !life.equals(self);
  }

  /** Time has passed. */
  public void tick(long now) {
    long passed = lastTick == NEVER ? 0 : Math.min(now - lastTick, 2 * timing.ping().toNanos());
    lastTick = now;
    // Who is no member with this node has no reason to acknowledge it.
    silence.replaceAll((life, nanos) -> watches(life) ? nanos + passed : 0L);
    silence.forEach(
        (life, nanos) -> {
          if (nanos >= timingOf(life).suspicion().toNanos() && watches(life)) {
            promised.add(life);
          }
        });
  }

  /** What to tell the others, about the members of the present epoch. */
  public List<LeaseMessage.Silent> reports(long now) {
    List<LeaseMessage.Silent> reports = new ArrayList<>();
    Life self = own;
    long number = epoch == null ? Epoch.NONE : epoch.number();
    for (Life life : promised) {
      if (self != null && watches(life)) {
        reports.add(
            new LeaseMessage.Silent(
                self.incarnation(),
                number,
                life.pnn(),
                life.incarnation(),
                now - lastAcknowledged(life),
                isHeard(life, now)));
      }
    }
    return reports;
  }

  /**
   * When this node last acknowledged it; not before the epoch was seen, because until it promised
   * that epoch the member may have counted on nobody.
   */
  private long lastAcknowledged(Life life) {
    return Math.max(epochSeenAt, acknowledgedAt.getOrDefault(life, NEVER));
  }

  private boolean isHeard(Life life, long now) {
    Contact contact = contacts.get(life.pnn());
    return contact != null
        && contact.incarnation == life.incarnation()
        && now - contact.pingedAt <= FRESH_PINGS * timingOf(life).ping().toNanos();
  }

  /** Whether this node has promised not to acknowledge that life. */
  public boolean hasPromised(Life life) {
    return promised.contains(life);
  }
}
