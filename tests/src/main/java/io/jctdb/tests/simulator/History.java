package io.jctdb.tests.simulator;

import io.jctdb.protocol.Key;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * What the clients did and saw, for each key, and whether one order explains it (linearizability).
 *
 * <p>Searching for such an order is expensive in general. Here a witness is at hand: clients change
 * a record under the chain lock of its owner, so each change has one instant. The check takes these
 * instants as the order and verifies that it is one: every change saw what the one before it left
 * (or, after the death of an owner, a value that this death allows), each instant lies between the
 * beginning and the end of its operation, and every read returned a value that the record had at
 * some instant while the read was running.
 */
final class History {
  /** The record's value from {@code atNanos} on; more than one while a death leaves it open. */
  private record Step(long atNanos, boolean byClient, long seen, Set<Long> values) {}

  private record Read(String who, long begunNanos, long endedNanos, long value) {}

  private static final class Story {
    final List<Step> steps = new ArrayList<>();
    final List<Read> reads = new ArrayList<>();
  }

  private final Map<Key, Story> stories = new LinkedHashMap<>();
  private final LongSupplier clock;
  private long operations;

  History(LongSupplier clock) {
    this.clock = clock;
  }

  long operations() {
    return operations;
  }

  void changed(Key key, long begunNanos, long atNanos, long seen, long left) {
    operations++;
    if (atNanos < begunNanos || atNanos > clock.getAsLong()) {
      throw new Violation("key " + key + ": a change outside its operation");
    }
    story(key).steps.add(new Step(atNanos, true, seen, Set.of(left)));
  }

  void read(Key key, String who, long begunNanos, long value) {
    operations++;
    story(key).reads.add(new Read(who, begunNanos, clock.getAsLong(), value));
  }

  void rolledBack(Key key, Set<Long> possible) {
    story(key).steps.add(new Step(clock.getAsLong(), false, 0, possible));
  }

  /**
   * @throws Violation if no order explains what was seen
   */
  void check() {
    stories.forEach(History::check);
  }

  private static void check(Key key, Story story) {
    Set<Long> values = Set.of(Value.EMPTY);
    for (Step step : story.steps) {
      if (step.byClient && !values.contains(step.seen)) {
        throw new Violation(
            "key " + key + ": at " + step.atNanos + " saw " + step.seen + " after " + values);
      }
      values = step.values;
    }
    for (Read read : story.reads) {
      if (!explains(story.steps, read)) {
        throw new Violation("key " + key + ": no instant explains " + read);
      }
    }
  }

  private static boolean explains(List<Step> steps, Read read) {
    for (int i = steps.size() - 1; i >= 0; i--) {
      Step step = steps.get(i);
      if (step.atNanos <= read.endedNanos && step.values.contains(read.value)) {
        return true;
      }
      if (step.atNanos < read.begunNanos) {
        return false; // from here on this step's values held until after the read began
      }
    }
    return read.value == Value.EMPTY;
  }

  private Story story(Key key) {
    return stories.computeIfAbsent(key, k -> new Story());
  }
}
