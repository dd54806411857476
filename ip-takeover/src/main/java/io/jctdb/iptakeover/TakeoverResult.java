package io.jctdb.iptakeover;

import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/**
 * How a takeover run ended.
 *
 * @param failures how many controls failed, by pnn
 * @param placements what the allocation wanted
 * @param deferred addresses that a lost or silent node may still have, not given to anybody yet
 * @param unfinished something was given up because a node was lost, or because a newer run is
 *     wanted: nobody's fault, but not done
 * @param replaced a node refused because another leader has asked it since: what this run has not
 *     done, and who waits for it, is for that one
 * @param keeping nodes that failed to release an address
 * @param moved which addresses nodes have confirmed to have taken that did not have them before,
 *     and how long after the beginning of the run
 */
public record TakeoverResult(
    Map<Integer, Integer> failures,
    List<Placement> placements,
    List<Deferral> deferred,
    boolean unfinished,
    boolean replaced,
    Set<Integer> keeping,
    Map<Placement, Duration> moved) {
  public TakeoverResult {
    failures = Map.copyOf(failures);
    placements = List.copyOf(placements);
    deferred = List.copyOf(deferred);
    keeping = Set.copyOf(keeping);
    moved = Map.copyOf(moved);
  }

  /** Everything that could be done has been done; some addresses may be deferred. */
  public boolean isSuccess() {
    return failures.isEmpty() && !unfinished && !replaced;
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
