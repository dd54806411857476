package io.jctdb.iptakeover;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * How long the kernel may keep a public address without hearing from the daemon again.
 *
 * <p>The kernel counts whole seconds, never removes an address early, and is {@link
 * #KERNEL_LATENESS} late at most (libraries.md 3.3). A renewal at a time when the member's lease
 * still runs for {@code left} sets
 *
 * <pre>  valid = min(lifetime, ⌊left⌋)     in whole seconds, and none at all if left &lt; 1 s</pre>
 *
 * so that, whatever happens to the daemon afterwards,
 *
 * <pre>  address gone  ≤  now + ⌊left⌋ + lateness  ≤  end of lease + lateness
 *                ≤  end of lease + {@link #HAND_OVER_DELAY}</pre>
 *
 * <p>The lifetime is short even where the lease is long: in an epoch of one or two members the
 * lease is ZooKeeper's, several seconds, and becomes that of peers with the third member. Whoever
 * falls silent right after that has addresses which were renewed before; {@link #DEFAULT} bounds
 * how long the leader waits for these. A script does not even get that: {@link #FROM_A_SCRIPT}
 * lasts until the next renewals.
 *
 * <p>The leader gives an address of a lost node to another one no sooner than that: <em>end of the
 * lost node's lease (as late as it can have been) + HAND_OVER_DELAY + clock margin</em>.
 *
 * <p>The other side: a daemon that lives keeps its addresses. With a lease of L, itself renewed
 * every h and one round trip old when it arrives, an address is renewed every {@link
 * #RENEWAL_INTERVAL} = r as long as {@code L − h − (round trip) ≥ 1 s}; so it survives any pause
 * shorter than {@code min(lifetime, ⌊L − h⌋) − r}: 0.8 s with L = 1.5 s and h = 0.1 s, 1.8 s with
 * the longer leases of one or two nodes. After a longer pause it is put back at once ({@link
 * LocalAddresses#checkNow}), if the lease is still good.
 *
 * <p>Lateness is measured for addresses that are all renewed together. The kernel looks for expired
 * addresses at most once a second, and anew after each change of any address; so somebody else who
 * changes an address of the same host just after its daemon has stopped can delay the expiry by up
 * to a second more. That needs a host that lives, whose daemon and launcher are both dead or
 * frozen.
 */
public record AddressLease(Duration lifetime) {
  /** How long after the end of its lifetime the kernel may still have an address. */
  public static final Duration KERNEL_LATENESS = Duration.ofMillis(400);

  /** The longest that an address outlives its holder's lease: the lateness and a margin. */
  public static final Duration HAND_OVER_DELAY = Duration.ofMillis(500);

  public static final Duration RENEWAL_INTERVAL = Duration.ofMillis(200);
  public static final AddressLease DEFAULT = new AddressLease(Duration.ofSeconds(2));

  /** What a script adds for the daemon, which renews it from then on. */
  public static final AddressLease FROM_A_SCRIPT = new AddressLease(Duration.ofSeconds(1));

  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

  public AddressLease {
    if (lifetime.compareTo(Duration.ofSeconds(1)) < 0
        || lifetime.compareTo(Duration.ofHours(1)) > 0
        || !lifetime.equals(Duration.ofSeconds(lifetime.toSeconds()))) {
      throw new IllegalArgumentException(
          "address lifetime of " + lifetime + ": whole seconds from 1 to 3600");
    }
  }

  /**
   * The {@code valid_lft} to set now, in seconds; 0: do not renew.
   *
   * @param leaseNanosLeft of the member's lease; {@link Long#MAX_VALUE} without a limit
   */
  public long validSeconds(long leaseNanosLeft) {
    return leaseNanosLeft < SECOND ? 0 : Math.min(lifetime.toSeconds(), leaseNanosLeft / SECOND);
  }
}
