package io.jctdb.tests.simulator;

import java.util.ArrayList;
import java.util.List;

/**
 * The whole database is emptied on all nodes, as {@code ctdb wipedb} does it: every node freezes
 * it, then every node wipes it, then every node thaws it. If a node comes or goes meanwhile, it is
 * given up.
 */
final class Wipe {
  private final Simulation world;
  private final List<SimulatedNode> nodes = new ArrayList<>();
  private int missing;
  private boolean wiping;
  private boolean over;

  private Wipe(Simulation world) {
    this.world = world;
  }

  /** Does nothing unless all nodes that live are at peace. */
  static void begin(Simulation world) {
    Wipe wipe = new Wipe(world);
    for (SimulatedNode node : world.nodes()) {
      if (node.isAlive()) {
        if (!node.participant().isServing()) {
          return;
        }
        wipe.nodes.add(node);
      }
    }
    if (!wipe.nodes.isEmpty() && world.wipe() == null) {
      world.trace("world", () -> "wipes the database");
      world.wipe(wipe);
      wipe.freeze();
    }
  }

  private void freeze() {
    missing = nodes.size();
    for (SimulatedNode node : nodes) {
      later(node, () -> node.store().freeze(() -> done(this::wipe)));
    }
  }

  private void wipe() {
    wiping = true;
    world.keys().forEach(key -> world.ledger().wipeBegins(key, world.copies(key)));
    missing = nodes.size();
    for (SimulatedNode node : nodes) {
      later(
          node,
          () -> {
            world.keys().forEach(key -> world.ledger().wipedOn(node.pnn(), key));
            node.store().wipe();
            node.engine().forget(Simulation.DB);
            done(this::thaw);
          });
    }
  }

  private void thaw() {
    wiping = false;
    world.keys().forEach(key -> world.ledger().wipeEnds(key));
    world.wiped();
    missing = nodes.size();
    for (SimulatedNode node : nodes) {
      later(
          node,
          () -> {
            node.store().thaw();
            done(this::end);
          });
    }
  }

  private void end() {
    over = true;
    world.wipe(null);
  }

  private void done(Runnable nextPhase) {
    if (--missing == 0 && !over) {
      nextPhase.run();
    }
  }

  private void later(SimulatedNode node, Runnable step) {
    node.daemon(
        world.chance().skewed(1_000, Chance.MILLIS),
        () -> {
          if (!over) {
            step.run();
          }
        });
  }

  void giveUp() {
    world.trace("world", () -> "gives the wipe up");
    end();
    if (wiping) {
      world.keys().forEach(world.ledger()::wipeGivenUp);
    }
    for (SimulatedNode node : nodes) {
      if (node.isAlive()) {
        node.daemon(0, () -> node.store().thaw());
      }
    }
  }
}
