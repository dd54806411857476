package io.jctdb.recovery;

import java.time.Duration;

/**
 * The times that membership rests on, and the inequalities between them.
 *
 * <p>A node renews its lease with a small write to ZooKeeper every {@code heartbeat}. The lease
 * runs from the <em>sending</em> of a write that was answered. ZooKeeper counts a session from the
 * last sign of life that its own leader has heard of; a write sent through a server that dies right
 * afterwards may not be among those, but the write before it is, and servers report every half
 * tick. So the last answered heartbeat was sent no later than {@code expiry - session + heartbeat +
 * tick / 2}, and the lease that it gave ends no later than
 *
 * <pre>  expiry + residue,   residue = max(0, lease + heartbeat + tick / 2 + drift - session)</pre>
 *
 * <p>With the default lease the residue is zero: once a session has expired, its node has already
 * stopped acting. A longer lease rides out longer silences of ZooKeeper (a frozen ZooKeeper leader
 * costs up to 2 s of writes) and makes every unannounced loss of a node that much slower to repair.
 *
 * @param session ZooKeeper session time-out asked for; the server may give another one
 * @param tick the servers' tick
 * @param heartbeat time between two renewals of the lease
 * @param lease how long a node acts after sending a heartbeat that was answered
 * @param drift allowance for clocks that run at different speeds, and for late timers
 */
public record MembershipTiming(
    Duration session, Duration tick, Duration heartbeat, Duration lease, Duration drift) {

  /** DESIGN D10: the shortest that lost no session in leader kills and freezes. */
  public static final Duration SESSION = Duration.ofSeconds(2);

  /** DESIGN D10. */
  public static final Duration TICK = Duration.ofMillis(250);

  /** Session 2 s, tick 250 ms, heartbeat 200 ms, lease 1.6 s, drift 75 ms. */
  public static final MembershipTiming DEFAULT = of(SESSION, TICK);

  public MembershipTiming {
    if (heartbeat.isNegative()
        || heartbeat.isZero()
        || lease.compareTo(heartbeat.multipliedBy(2)) < 0) {
      throw new IllegalArgumentException(
          "the lease (" + lease + ") must be at least two heartbeats (" + heartbeat + ") long");
    }
  }

  /** The longest lease without residue for a session and a tick; the heartbeat is session / 10. */
  public static MembershipTiming of(Duration session, Duration tick) {
    Duration heartbeat = session.dividedBy(10);
    Duration drift = session.multipliedBy(3).dividedBy(80);
    Duration lease = session.minus(heartbeat).minus(tick.dividedBy(2)).minus(drift);
    return new MembershipTiming(session, tick, heartbeat, lease, drift);
  }

  /** The same with another lease. */
  public MembershipTiming withLease(Duration other) {
    return new MembershipTiming(session, tick, heartbeat, other, drift);
  }

  /**
   * A server that has not answered a heartbeat for so long is left for another: longer than an
   * election (0.4 s) after which the same server would go on, short enough that the rest of the
   * lease is enough to try another.
   */
  Duration silence() {
    return lease.multipliedBy(2).dividedBy(5);
  }

  /** How long the lease can outlive the expiry of a session of this length. */
  Duration residue(Duration grantedSession) {
    Duration end = lease.plus(heartbeat).plus(tick.dividedBy(2)).plus(drift);
    Duration residue = end.minus(grantedSession);
    return residue.isNegative() ? Duration.ZERO : residue;
  }
}
