package io.jctdb.iptakeover;

import java.net.InetAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/**
 * What this node has done with public addresses while it led, since its daemon started.
 *
 * @param runs takeover runs that have come to an end
 * @param failedRuns those of them in which something failed or was left undone
 * @param handOvers of each address that has moved
 */
public record LeaderFigures(long runs, long failedRuns, Map<InetAddress, HandOvers> handOvers) {
  /**
   * Of one address.
   *
   * @param count how often it has moved
   * @param last how long it took the last time, from the run that wanted it moved, or that found
   *     its holder lost, until the new holder had it
   */
  public record HandOvers(long count, Duration last) {}

  public LeaderFigures {
    handOvers = Map.copyOf(handOvers);
  }

  /** Both together; of an address that both have moved the other's last time is shown. */
  LeaderFigures plus(LeaderFigures other) {
    Map<InetAddress, HandOvers> all = new HashMap<>(handOvers);
    other.handOvers.forEach(
        (address, more) ->
            all.merge(address, more, (a, b) -> new HandOvers(a.count() + b.count(), b.last())));
    return new LeaderFigures(runs + other.runs, failedRuns + other.failedRuns, all);
  }
}
