package io.jctdb.recovery;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What stands in for the ZooKeeper lease while ZooKeeper has no quorum (DESIGN D11): every other
 * member of the epoch confirms that it holds on to the same epoch. Lasts for {@link
 * PeerTiming#lease} from the sending of the newest ping that all of them acknowledged so. A pure
 * machine; docs/fencing.md says why a majority would not do.
 *
 * <p>Only members of the main site have it, and only they are asked.
 */
public final class FailsafeLease {
  static final long NONE = Long.MIN_VALUE / 2;

  private record Confirmed(long incarnation, long epoch, long sentNanos) {}

  private final long leaseNanos;
  private final Map<Integer, Confirmed> confirmed = new HashMap<>();
  private @Nullable EpochLives epoch;
  private @Nullable Life own;
  private long ownFrozenAt = NONE;

  public FailsafeLease(PeerTiming timing) {
    this.leaseNanos = timing.lease().toNanos();
  }

  /** A new incarnation. */
  public void beginLife() {
    confirmed.clear();
    ownFrozenAt = NONE;
    epoch = null;
    own = null;
  }

  public void committed(EpochLives next, Life self) {
    if (epoch == null || next.number() > epoch.number()) {
      epoch = next;
      own = self;
      confirmed.keySet().retainAll(next.incarnations().keySet());
    }
  }

  /** This node itself holds on to the epoch now. */
  public void frozen(long now) {
    ownFrozenAt = now;
  }

  /** A node that acknowledged a ping sent then holds on to {@code number}. */
  public void confirmed(Life by, long number, long sentNanos) {
    EpochLives current = epoch;
    if (current != null && current.number() == number && current.has(by)) {
      confirmed.put(by.pnn(), new Confirmed(by.incarnation(), number, sentNanos));
    }
  }

  /** {@link #NONE} while somebody is missing. */
  public long untilNanos() {
    EpochLives current = epoch;
    Life self = own;
    if (current == null
        || self == null
        || !current.counts(self)
        || current.counted().size() < 2
        || ownFrozenAt == NONE) {
      return NONE;
    }
    long oldest = ownFrozenAt;
    for (Map.Entry<Integer, Long> member : current.incarnations().entrySet()) {
      if (member.getKey() != self.pnn() && !current.isRemote(member.getKey())) {
        Confirmed by = confirmed.get(member.getKey());
        if (by == null || by.incarnation() != member.getValue() || by.epoch() != current.number()) {
          return NONE;
        }
        oldest = Math.min(oldest, by.sentNanos());
      }
    }
    return oldest + leaseNanos;
  }
}
