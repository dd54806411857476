package io.jctdb.tests.simulator;

import io.jctdb.database.traverse.TraverseSink;
import io.jctdb.protocol.Key;
import io.jctdb.store.StoredRecord;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * A traverse that a client of a node asked for, in the middle of everything else.
 *
 * <p>Checked: it ends, once, within its time; no value comes that the record has not had since the
 * traverse began; and if it says that it is complete, every record that stayed where it was came
 * exactly once. A record that moved meanwhile may come twice or not at all.
 */
final class Traversal implements TraverseSink {
  /** A record when the traverse began. */
  private record Before(long changes, boolean expected) {}

  private final Simulation world;
  private final SimulatedNode node;
  private final int life;
  private final Map<Key, Before> before = new HashMap<>();
  private final Map<Key, Set<Long>> values = new HashMap<>();
  private final Map<Key, Integer> came = new HashMap<>();
  private boolean ended;

  private Traversal(Simulation world, SimulatedNode node) {
    this.world = world;
    this.node = node;
    this.life = node.life();
  }

  /** A node that is a member of nothing, or dead, begins none. */
  static void begin(Simulation world, SimulatedNode node) {
    Traversal traversal = new Traversal(world, node);
    Set<Integer> members = node.members();
    boolean wiping = world.wipe() != null;
    for (Key key : world.keys()) {
      Integer owner = world.ledger().owner(key);
      boolean expected =
          owner != null
              && !wiping // somebody may still read what is about to go
              && members.contains(owner)
              && !world.ledger().possible(key).contains(Value.EMPTY);
      traversal.before.put(key, new Before(world.ledger().changes(key), expected));
      traversal.changed(key);
    }
    node.trace(() -> "begins a traverse");
    world.traversals().add(traversal);
    node.traverses().start(Simulation.DB, false, traversal);
  }

  /** Whether nobody waits for it any more. */
  boolean isOver() {
    return ended || !node.isAlive() || node.life() != life;
  }

  boolean hasEnded() {
    return ended;
  }

  /** The ledger knows something new of this record. */
  void changed(Key key) {
    values.computeIfAbsent(key, k -> new HashSet<>()).addAll(world.ledger().possible(key));
  }

  @Override
  public void record(Key key, StoredRecord record) {
    if (ended) {
      throw new Violation("a traverse of node " + node.pnn() + " goes on after its end");
    }
    came.merge(key, 1, Integer::sum);
    long value = Value.number(record);
    if (!values.getOrDefault(key, Set.of()).contains(value)) {
      throw new Violation(
          "a traverse of node " + node.pnn() + " shows " + value + " of " + key + ": " + values);
    }
  }

  @Override
  public boolean canTakeMore() {
    return !world.chance().oneIn(3);
  }

  @Override
  public void end(boolean complete) {
    if (ended) {
      throw new Violation("a traverse of node " + node.pnn() + " ends twice");
    }
    ended = true;
    world.traversed(complete);
    node.trace(() -> "has traversed, " + (complete ? "complete" : "incomplete"));
    before.forEach(
        (key, was) -> {
          int times = came.getOrDefault(key, 0);
          boolean still = was.changes == world.ledger().changes(key);
          if (still && (times > 1 || (complete && was.expected && times == 0))) {
            throw new Violation(
                "a traverse of node " + node.pnn() + " shows " + key + " " + times + " times");
          }
        });
  }
}
