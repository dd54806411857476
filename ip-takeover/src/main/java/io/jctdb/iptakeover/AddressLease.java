package io.jctdb.iptakeover;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * How long the kernel may keep a public address without hearing from the daemon again.
 *
 * <p>The kernel counts whole seconds, never removes an address early, and is 0.4 s late at most
 * (libraries.md 3.3). A renewal at a time when the member's lease still runs for {@code left} sets
 *
 * <pre>  valid = min(lifetime, ⌈left⌉)     in whole seconds, and none at all if left ≤ 0</pre>
 *
 * so the address is gone at the latest {@code ⌈left⌉ − left < 1 s} of rounding plus 0.4 s of
 * lateness after the end of the lease, whatever happens to the daemon:
 *
 * <pre>  address gone  ≤  end of lease + 1 s + 0.5 s  =  end of lease + {@link #HAND_OVER_DELAY}
 * </pre>
 *
 * <p>The leader gives an address of a lost node to another one no sooner than that: <em>end of the
 * lost node's lease (as late as it can have been) + HAND_OVER_DELAY + clock margin</em>. Rounding
 * down instead would spare the second, but with the usual lease of two seconds leave addresses that
 * live for one second, renewed every half: one slow collection of garbage would take them down.
 *
 * <p>Renewals come every {@link #RENEWAL_INTERVAL}; so as not to lose an address under a live
 * daemon, {@code lifetime ≥ 2 s > RENEWAL_INTERVAL + longest pause}, with the dead-man timer
 * killing a daemon that pauses longer than its lease anyway.
 */
public record AddressLease(Duration lifetime) {
  /** The longest that an address outlives its holder's lease. */
  public static final Duration HAND_OVER_DELAY = Duration.ofMillis(1_500);

  public static final Duration RENEWAL_INTERVAL = Duration.ofMillis(500);
  public static final AddressLease DEFAULT = new AddressLease(Duration.ofSeconds(3));

  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

  public AddressLease {
    if (lifetime.compareTo(Duration.ofSeconds(2)) < 0
        || lifetime.compareTo(Duration.ofHours(1)) > 0
        || !lifetime.equals(Duration.ofSeconds(lifetime.toSeconds()))) {
      throw new IllegalArgumentException(
          "address lifetime of " + lifetime + ": whole seconds from 2 to 3600");
    }
  }

  /**
   * The {@code valid_lft} to set now, in seconds; 0: do not renew.
   *
   * @param leaseNanosLeft of the member's lease; {@link Long#MAX_VALUE} without a limit
   */
  public long validSeconds(long leaseNanosLeft) {
    if (leaseNanosLeft <= 0) {
      return 0;
    }
    long roundedUp = (leaseNanosLeft - 1) / SECOND + 1;
    return Math.min(lifetime.toSeconds(), roundedUp);
  }
}
