package io.jctdb.recovery;

import java.time.Duration;
import java.util.Set;

/**
 * Since when this node has seen no sign of a ZooKeeper quorum: no answer to a write, and its own
 * server in none. A pure machine; docs/fencing.md says what the answer is good for.
 *
 * <p>Inequality: {@link #LASTING} is longer than a lease of peers and its drift, so that a member
 * which confirms to another that it has no quorum was in none while the one before it confirmed. It
 * is shorter than the lease on ZooKeeper, which has to last until then.
 */
public final class QuorumAbsence {
  static final Duration LASTING = Duration.ofSeconds(3);

  /** Whoever was not looking for longer may have missed a quorum. */
  private static final Duration LOOK_AWAY_MAX = Duration.ofMillis(250);

  private static final long NEVER_LOOKED = Long.MIN_VALUE / 2;

  private long absentSince;
  private long lookedAt = NEVER_LOOKED;

  /** A write was answered. */
  public void answered(long now) {
    absentSince = now;
  }

  /** Time has passed; {@code mayBeInQuorum} is what the server of this node says. */
  public void look(boolean mayBeInQuorum, long now) {
    if (mayBeInQuorum || now - lookedAt > LOOK_AWAY_MAX.toNanos()) {
      absentSince = now;
    }
    lookedAt = now;
  }

  /** Whether there has been no quorum for this node for so long that it may hold on without. */
  public boolean lasting(long now) {
    return lookedAt != NEVER_LOOKED && now - absentSince >= LASTING.toNanos();
  }

  /**
   * Whether every quorum of the ensemble has a server of one of these nodes in it: otherwise others
   * could go on without them.
   */
  public static boolean covers(Set<Integer> nodes, Set<Integer> ensemble) {
    long elsewhere = ensemble.stream().filter(pnn -> !nodes.contains(pnn)).count();
    return !ensemble.isEmpty() && elsewhere < ensemble.size() / 2 + 1;
  }
}
