package io.jctdb.iptakeover;

import java.net.InetAddress;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How a takeover run ended.
 *
 * @param failures how many controls failed, by pnn; empty: success
 * @param placements what the allocation wanted
 * @param deferred addresses that a lost or silent node may still have, not given to anybody yet
 * @param retryAfter when the deferred ones can be given away, if that is known
 */
public record TakeoverResult(
    Map<Integer, Integer> failures,
    List<Placement> placements,
    List<InetAddress> deferred,
    Optional<Duration> retryAfter) {
  public TakeoverResult {
    failures = Map.copyOf(failures);
    placements = List.copyOf(placements);
    deferred = List.copyOf(deferred);
  }

  public boolean isSuccess() {
    return failures.isEmpty();
  }

  /** The node with most failures, the lowest pnn of several. */
  public OptionalInt culprit() {
    return failures.entrySet().stream()
        .max(
            Map.Entry.<Integer, Integer>comparingByValue()
                .thenComparing(Map.Entry.comparingByKey(Comparator.reverseOrder())))
        .map(worst -> OptionalInt.of(worst.getKey()))
        .orElse(OptionalInt.empty());
  }
}
