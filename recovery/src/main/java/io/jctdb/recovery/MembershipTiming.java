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
 * costs about 1 s of writes). It makes no loss slower to repair that the members notice themselves:
 * a member acts only as long as both this lease and the one that its peers give it last.
 *
 * @param session ZooKeeper session time-out asked for; the server may give another one
 * @param tick the servers' tick
 * @param heartbeat time between two renewals of the lease
 * @param lease how long a node acts after sending a heartbeat that was answered
 * @param drift allowance for clocks that run at different speeds, and for late timers
 * @param peer the times of the lease that members of the main site give each other
 * @param remotePeer the times of the lease that they give to members at remote sites
 */
public record MembershipTiming(
    Duration session,
    Duration tick,
    Duration heartbeat,
    Duration lease,
    Duration drift,
    PeerTiming peer,
    PeerTiming remotePeer) {

  /**
   * Long enough to ride out the loss of ZooKeeper's leader: what must be noticed sooner, the
   * members notice themselves ({@link PeerTiming}).
   */
  public static final Duration SESSION = Duration.ofSeconds(6);

  /** Where nobody but ZooKeeper can notice a loss: a server that is alone elects nobody. */
  public static final Duration SESSION_OF_TWO = Duration.ofSeconds(2);

  private static final Duration HEARTBEAT_MAX = Duration.ofMillis(300);
  private static final Duration REMOTE_HEARTBEAT_MAX = Duration.ofSeconds(1);
  private static final Duration SILENCE_MAX = Duration.ofMillis(640);
  private static final Duration REMOTE_SILENCE_MAX = Duration.ofSeconds(4);

  /** DESIGN D10. */
  public static final Duration TICK = Duration.ofMillis(250);

  /** Session 6 s, tick 250 ms, heartbeat 300 ms, lease 5.35 s, drift 225 ms. */
  public static final MembershipTiming DEFAULT = of(SESSION, TICK);

  public MembershipTiming {
    if (heartbeat.isNegative()
        || heartbeat.isZero()
        || lease.compareTo(heartbeat.multipliedBy(2)) < 0) {
      throw new IllegalArgumentException(
          "the lease (" + lease + ") must be at least two heartbeats (" + heartbeat + ") long");
    }
  }

  /**
   * The longest lease without residue for a session and a tick; the heartbeat is session / 10, or
   * 300 ms.
   */
  public static MembershipTiming of(Duration session, Duration tick) {
    return of(session, tick, HEARTBEAT_MAX, Site.MAIN.remoteLease());
  }

  /**
   * For a node at a remote site: a session of 3/2 of its lease (15 s for 10 s), so that an outage
   * ends with the lease of peers and not before; with heartbeats every second, because the line is
   * narrow and slow.
   */
  public static MembershipTiming remote(Duration remoteLease, Duration tick) {
    return of(remoteLease.multipliedBy(3).dividedBy(2), tick, REMOTE_HEARTBEAT_MAX, remoteLease);
  }

  private static MembershipTiming of(
      Duration session, Duration tick, Duration heartbeatMax, Duration remoteLease) {
    Duration heartbeat = min(session.dividedBy(10), heartbeatMax);
    Duration drift = session.multipliedBy(3).dividedBy(80);
    Duration lease = session.minus(heartbeat).minus(tick.dividedBy(2)).minus(drift);
    return new MembershipTiming(
        session, tick, heartbeat, lease, drift, PeerTiming.DEFAULT, PeerTiming.remote(remoteLease));
  }

  /** The same with another lease for members at remote sites. */
  public MembershipTiming withRemoteLease(Duration other) {
    return new MembershipTiming(
        session, tick, heartbeat, lease, drift, peer, PeerTiming.remote(other));
  }

  private static Duration min(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? one : other;
  }

  /** The same with another lease. */
  public MembershipTiming withLease(Duration other) {
    return new MembershipTiming(session, tick, heartbeat, other, drift, peer, remotePeer);
  }

  /** The same with other times between members. */
  public MembershipTiming withPeer(PeerTiming other) {
    return new MembershipTiming(session, tick, heartbeat, lease, drift, other, remotePeer);
  }

  /**
   * A server that has not answered a heartbeat for so long is left for another: longer than an
   * election (0.4 s) after which the same server would go on, short enough that the rest of the
   * lease is enough to try others.
   */
  Duration silence() {
    Duration most = heartbeat.compareTo(HEARTBEAT_MAX) > 0 ? REMOTE_SILENCE_MAX : SILENCE_MAX;
    return min(lease.multipliedBy(2).dividedBy(5), most);
  }

  /** How long the lease can outlive the expiry of a session of this length. */
  Duration residue(Duration grantedSession) {
    Duration end = lease.plus(heartbeat).plus(tick.dividedBy(2)).plus(drift);
    Duration residue = end.minus(grantedSession);
    return residue.isNegative() ? Duration.ZERO : residue;
  }
}
