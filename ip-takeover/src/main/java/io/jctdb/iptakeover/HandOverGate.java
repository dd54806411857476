package io.jctdb.iptakeover;

/**
 * Knows until when a lost node may still serve what it had: its lease, and after it the lifetime of
 * its addresses in the kernel ({@link AddressLease#HAND_OVER_DELAY}). Port of the leader.
 *
 * <p>Every disconnected or deleted node of the map is asked about, also one that has not run for
 * weeks: for that one the answer becomes 0 as soon as this leader knows that it is no member and
 * that a lease it might have had when this leader began has run out. A node that packets still
 * reach is asked about, too: one that has been expelled need not be waited for.
 */
public interface HandOverGate {
  /** It may be a member, and so may have addresses for as long as it likes: ask again. */
  long UNKNOWN = Long.MAX_VALUE;

  /**
   * How long public addresses that this node may have had must wait; 0 once it must have lost them,
   * or has said that it let go, or if it never was a member; {@link #UNKNOWN} if there is no bound.
   */
  long nanosUntilSafe(int pnn);
}
