package io.jctdb.daemon.lifecycle;

import io.jctdb.recovery.ClusterMembership;
import java.time.Duration;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Remembers what befalls this node's membership, for those who ask later. The membership thread and
 * the owner thread write, any thread reads.
 */
public final class FencingHistory {
  private static final long NEVER = Long.MIN_VALUE;

  private final LongSupplier clock;
  private long renewedAt = NEVER;
  private long renewals;

  /** ZooKeeper has not answered yet, or not since. */
  private long silentSince;

  private boolean silent = true;
  private boolean failsafe;
  private long failsafes;
  private long fenced;
  private String fencedWhy = "";
  private long bans;
  private @Nullable String banReason;
  private long banEnd = NEVER;

  /**
   * @param clock boot time in nanoseconds
   */
  public FencingHistory(LongSupplier clock) {
    this.clock = clock;
    this.silentSince = clock.getAsLong();
  }

  synchronized void leaseRenewed() {
    renewedAt = clock.getAsLong();
    renewals++;
  }

  synchronized void zooKeeperAnswers(boolean now) {
    if (silent == now) {
      silent = !now;
      silentSince = clock.getAsLong();
    }
  }

  synchronized void failsafe(boolean now) {
    failsafes += now && !failsafe ? 1 : 0;
    failsafe = now;
  }

  synchronized void fenced(String why) {
    fenced++;
    fencedWhy = why;
  }

  synchronized void banned(Duration time, String reason) {
    bans++;
    banReason = reason;
    banEnd = clock.getAsLong() + time.toNanos();
  }

  synchronized void unbanned() {
    banEnd = NEVER;
  }

  /**
   * @param membership null before it has begun
   */
  public synchronized FencingStatus status(@Nullable ClusterMembership membership) {
    long now = clock.getAsLong();
    return new FencingStatus(
        renewedAt == NEVER ? Optional.empty() : Optional.of(Duration.ofNanos(now - renewedAt)),
        renewals,
        silent ? Optional.of(Duration.ofNanos(now - silentSince)) : Optional.empty(),
        failsafe,
        failsafes,
        fenced,
        fencedWhy,
        membership == null ? 0 : membership.expelled(),
        membership == null ? 0 : membership.clocks().stalls(),
        Duration.ofNanos(membership == null ? 0 : membership.clocks().longestStallNanos()),
        membership == null ? 0 : membership.clocks().jumps(),
        bans,
        Optional.ofNullable(banReason)
            .map(
                reason ->
                    new FencingStatus.Ban(
                        reason, banEnd > now ? Duration.ofNanos(banEnd - now) : Duration.ZERO)),
        membership == null ? Optional.empty() : membership.leadershipDenied());
  }
}
