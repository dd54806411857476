package io.jctdb.recovery;

import java.time.Duration;

/**
 * The times of the leases that members give each other (docs/fencing.md).
 *
 * <pre>
 *   suspicion + ping  &lt;  lease                        or nothing is gained by suspicion
 *   5 pings           ≤  suspicion                    or one lost packet costs a member
 *   lease + drift     ≥  lease * (1 + ρ) / (1 - ρ)    for clocks that run up to ρ = 1 % wrong,
 *                                                     and some more for a signal that is late
 *   lease - fencing   ≥  suspicion                    a member that may go on is not put out
 * </pre>
 *
 * @param ping time between two pings, and between two repetitions of a promise of silence
 * @param suspicion a member that has not acknowledged for so long is not acknowledged any more
 * @param lease how long a node acts after sending a ping that a majority acknowledged
 * @param drift what the others wait for beyond the lease
 * @param fencing how long before the end of its lease a node begins to let go, so that it has done
 *     so when the lease ends
 */
public record PeerTiming(
    Duration ping, Duration suspicion, Duration lease, Duration drift, Duration fencing) {

  /** Ping 100 ms, suspicion 1 s, lease 1.5 s, drift 75 ms, fencing 200 ms. */
  public static final PeerTiming DEFAULT =
      new PeerTiming(
          Duration.ofMillis(100),
          Duration.ofSeconds(1),
          Duration.ofMillis(1500),
          Duration.ofMillis(75),
          Duration.ofMillis(200));

  /**
   * The times between the main site and a member at a remote site: from the lease L, pings every L
   * / 20, suspicion after 4/5 L, drift L / 40, fencing L / 20. A round trip and a lost packet or
   * two must fit into L / 5, and an outage of the line up to about 3/4 L goes unnoticed.
   *
   * @param lease at least 2 s
   */
  public static PeerTiming remote(Duration lease) {
    if (lease.compareTo(REMOTE_LEASE_MIN) < 0) {
      throw new IllegalArgumentException(
          "a remote lease of " + lease + " is shorter than " + REMOTE_LEASE_MIN);
    }
    return new PeerTiming(
        lease.dividedBy(20),
        lease.multipliedBy(4).dividedBy(5),
        lease,
        lease.dividedBy(40),
        lease.dividedBy(20));
  }

  private static final Duration REMOTE_LEASE_MIN = Duration.ofSeconds(2);

  public PeerTiming {
    if (ping.isNegative()
        || ping.isZero()
        || suspicion.compareTo(ping.multipliedBy(5)) < 0
        || suspicion.plus(ping).compareTo(lease) >= 0
        || lease.minus(fencing).compareTo(suspicion) < 0
        || drift.compareTo(lease.dividedBy(49)) < 0) {
      throw new IllegalArgumentException(
          "ping "
              + ping
              + ", suspicion "
              + suspicion
              + ", lease "
              + lease
              + ", drift "
              + drift
              + ", fencing "
              + fencing
              + ": needed are 5 pings <= suspicion <= lease - fencing, suspicion + ping < lease,"
              + " lease / 49 <= drift");
    }
  }
}
