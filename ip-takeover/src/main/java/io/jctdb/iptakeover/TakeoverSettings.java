package io.jctdb.iptakeover;

import java.net.InetAddress;
import java.time.Duration;
import java.util.Map;

/**
 * What steers takeover runs.
 *
 * @param timeout tunable TakeoverTimeout: limit of each of the first steps and of the last one; the
 *     addresses' own phase has twice that
 * @param failoverDisabled {@code [failover] disabled}: only {@code ipreallocated} is sent
 * @param homeNodes see {@link AllocationRequest}
 */
public record TakeoverSettings(
    AllocationAlgorithm algorithm,
    boolean noIpFailback,
    boolean noIpTakeover,
    Duration timeout,
    boolean failoverDisabled,
    Map<InetAddress, Integer> homeNodes) {
  public static final TakeoverSettings DEFAULT =
      new TakeoverSettings(
          AllocationAlgorithm.LCP2, false, false, Duration.ofSeconds(9), false, Map.of());

  public TakeoverSettings {
    homeNodes = Map.copyOf(homeNodes);
  }
}
