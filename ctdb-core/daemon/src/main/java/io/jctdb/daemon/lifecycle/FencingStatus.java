package io.jctdb.daemon.lifecycle;

import java.time.Duration;
import java.util.Optional;

/**
 * What befell this node's membership since its daemon started, at one moment.
 *
 * @param sinceRenewal how long ago the lease was renewed last; empty before the first time
 * @param renewals how often it was
 * @param zooKeeperSilent how long ZooKeeper has not answered; empty while it does
 * @param failsafe whether the node acts without ZooKeeper, because all members confirm each other
 * @param failsafes how often it has begun to
 * @param fenced how often this node had to let go of everything at once
 * @param fencedWhy the last time's reason, or empty
 * @param expelled how many lives of other nodes this one has put out as the leader
 * @param stalls how often the process was not run for long
 * @param clockJumps how often the boot clock and the monotonic clock moved apart
 * @param bans how often this node was banned
 * @param ban the last one
 * @param lockDenied why this node cannot have the cluster lock, while nobody leads
 */
public record FencingStatus(
    Optional<Duration> sinceRenewal,
    long renewals,
    Optional<Duration> zooKeeperSilent,
    boolean failsafe,
    long failsafes,
    long fenced,
    String fencedWhy,
    long expelled,
    long stalls,
    Duration longestStall,
    long clockJumps,
    long bans,
    Optional<Ban> ban,
    Optional<String> lockDenied) {

  /**
   * A ban.
   *
   * @param left until it ends by itself; zero when it is over
   */
  public record Ban(String reason, Duration left) {
    public boolean lasts() {
      return left.isPositive();
    }
  }
}
