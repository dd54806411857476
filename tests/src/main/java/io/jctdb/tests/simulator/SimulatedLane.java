package io.jctdb.tests.simulator;

import io.jctdb.database.DurableLane;
import io.jctdb.store.StoreException;
import io.jctdb.store.TransactionStore;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * The lane of one life of a daemon to its disk: one piece of work after another, each takes a
 * while.
 */
final class SimulatedLane implements DurableLane {
  private final SimulatedNode node;
  private final Simulation world;
  private final SimulatedDisk disk;
  private long freeAt;

  SimulatedLane(SimulatedNode node, Simulation world, SimulatedDisk disk) {
    this.node = node;
    this.world = world;
    this.disk = disk;
  }

  @Override
  public <T> void submit(
      Function<TransactionStore, T> work, Consumer<T> done, Consumer<StoreException> failed) {
    long now = world.events().now();
    Chance chance = world.chance();
    long worked =
        Math.max(now + 1, freeAt)
            + chance.skewed(10 * Chance.MICROS, world.options().transactions().fsyncNanos());
    long answered = worked + chance.skewed(Chance.MICROS, 100 * Chance.MICROS);
    freeAt = answered;
    node.daemon(worked - now, () -> work(work, done, failed, answered));
  }

  private <T> void work(
      Function<TransactionStore, T> work,
      Consumer<T> done,
      Consumer<StoreException> failed,
      long answerAt) {
    Runnable outcome;
    try {
      T result = work.apply(disk);
      outcome = () -> done.accept(result);
    } catch (StoreException e) {
      outcome = () -> failed.accept(e);
    }
    node.daemon(Math.max(0, answerAt - world.events().now()), outcome);
  }
}
