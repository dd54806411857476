package io.jctdb.tests.simulator;

import io.jctdb.database.Epoch;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** What goes wrong, and when. */
final class Faults {
  private final Simulation world;
  private final Chance chance;

  Faults(Simulation world) {
    this.world = world;
    this.chance = world.chance();
  }

  void plan() {
    if (world.options().remotes() > 0) {
      planForSites();
    }
    if (world.hasOutages()) {
      planOutages(world.outages());
    }
    for (int i = 0; i < world.options().traverses(); i++) {
      world.events().at(chance.nanos(0, world.options().trouble().stormNanos()), this::traverse);
    }
    for (int i = 0; i < world.options().trouble().faults(); i++) {
      long at = chance.nanos(0, world.options().trouble().stormNanos());
      switch (world.options().trouble().onlySilence() ? 22 : chance.below(25)) {
        case 0, 1 -> world.events().at(at, this::breakLink);
        case 2, 3 -> world.events().at(at, this::pause);
        case 4, 5 -> world.events().at(at, this::crash);
        case 6 -> world.events().at(at, this::leave);
        case 8 -> world.events().at(at, this::wipe);
        case 9, 10 -> world.events().at(at, this::readZooKeeper);
        case 12 -> world.events().at(at, this::fillDisk);
        case 13 -> world.events().at(at, this::split);
        case 14 -> world.events().at(at, this::isolate);
        case 15 -> world.events().at(at, this::deleteNode);
        case 16, 17, 18, 19 -> world.events().at(at, this::ambush);
        case 7 -> world.events().at(at, this::changeEpoch);
        case 22, 23, 24 -> world.events().at(at, this::fallSilent);
        default -> world.events().at(at, this::changeLeader);
      }
    }
  }

  /** What befalls sites as a whole. */
  private void planForSites() {
    int events = world.options().trouble().faults() == 0 ? 0 : chance.between(0, 2);
    for (int i = 0; i < events; i++) {
      long at = chance.nanos(0, world.options().trouble().stormNanos());
      world.events().at(at, chance.oneIn(3) ? this::mainSiteDies : this::lineBreaks);
    }
  }

  /** All its nodes, at nearly the same time; those elsewhere go on with what they have. */
  private void mainSiteDies() {
    world.trace("world", () -> "the main site dies");
    for (SimulatedNode node : world.nodes()) {
      if (!node.isRemote() && !world.isCalm() && node.isAlive()) {
        node.crash();
        world.restartLater(node);
      }
    }
  }

  /** While transactions are being written, so that some nodes have the last one and some do not. */
  private void planOutages(Chance chance) {
    int outages = chance.between(1, 8);
    for (int i = 0; i < outages; i++) {
      long at = chance.nanos(0, world.options().trouble().stormNanos());
      long delay = chance.nanos(0, Chance.MILLIS / 2);
      Ambush ambush =
          Ambush.layForWriters(chance, speaker -> world.events().after(delay, this::mainSiteDies));
      world.events().at(at, () -> world.ambush(ambush));
    }
  }

  private void lineBreaks() {
    int first = world.options().nodes() - world.options().remotes();
    SimulatedNode remote = world.nodes().get(chance.between(first, world.options().nodes() - 1));
    world.trace("world", () -> "the line to node " + remote.pnn() + " breaks");
    cut(remote, other -> true, true, true);
    later(this::mend);
  }

  private void traverse() {
    SimulatedNode node = anyNode();
    if (node.isAlive() && !node.isPaused() && !node.members().isEmpty()) {
      Traversal.begin(world, node);
    }
  }

  private SimulatedNode anyNode() {
    List<SimulatedNode> nodes = world.nodes();
    return nodes.get(chance.below(nodes.size()));
  }

  /** In one direction or both; shorter or longer than it takes to be thought dead. */
  private void breakLink() {
    SimulatedNode a = anyNode();
    SimulatedNode b = anyNode();
    if (a == b) {
      return;
    }
    world.trace("world", () -> "link between " + a.pnn() + " and " + b.pnn() + " breaks");
    world.network().cut(a.pnn(), b.pnn());
    if (!chance.oneIn(3)) {
      world.network().cut(b.pnn(), a.pnn());
    }
    boolean noticed = chance.oneIn(2);
    world
        .events()
        .after(
            chance.skewed(100 * Chance.MICROS, 40 * Chance.MILLIS),
            () -> {
              world.trace(
                  "world", () -> "link between " + a.pnn() + " and " + b.pnn() + " is back");
              world.network().restore(a.pnn(), b.pnn());
              world.network().restore(b.pnn(), a.pnn());
              if (noticed) {
                restored(a, b);
                restored(b, a);
              }
            });
  }

  /** The network falls into two halves that do not hear each other. */
  private void split() {
    List<SimulatedNode> some = new ArrayList<>(world.nodes());
    some.removeIf(node -> chance.oneIn(2));
    world.trace("world", () -> "splits off " + some.stream().map(SimulatedNode::pnn).toList());
    for (SimulatedNode node : some) {
      cut(node, node2 -> !some.contains(node2), true, true);
    }
    later(this::mend);
  }

  /** One node hears nobody, or is heard by nobody, or both. */
  private void isolate() {
    SimulatedNode node = anyNode();
    boolean out = chance.oneIn(2);
    boolean in = !out || chance.oneIn(2);
    world.trace("world", () -> "isolates " + node.pnn() + (out && in ? "" : " one way"));
    cut(node, other -> true, out, in);
    later(this::mend);
  }

  private void cut(
      SimulatedNode node, Predicate<SimulatedNode> from, boolean thither, boolean hither) {
    for (SimulatedNode other : world.nodes()) {
      if (other != node && from.test(other)) {
        if (thither) {
          world.network().cut(node.pnn(), other.pnn());
        }
        if (hither) {
          world.network().cut(other.pnn(), node.pnn());
        }
        if (chance.oneIn(2)) {
          world.connectionLost(node, other);
        }
      }
    }
  }

  private void mend() {
    world.trace("world", () -> "the network is whole");
    for (SimulatedNode a : world.nodes()) {
      for (SimulatedNode b : world.nodes()) {
        world.network().restore(a.pnn(), b.pnn());
        if (chance.oneIn(3)) {
          restored(a, b);
        }
      }
    }
  }

  private void later(Runnable then) {
    world.events().after(chance.skewed(100 * Chance.MICROS, 40 * Chance.MILLIS), then);
  }

  /** Shut down and taken out of the nodes file; sometimes put back in later. */
  private void deleteNode() {
    SimulatedNode node = anyNode();
    if (world.isCalm() || !node.isAlive() || node.isPaused()) {
      return;
    }
    world.trace("world", () -> "deletes node " + node.pnn());
    node.leave();
    node.daemon(
        chance.skewed(100 * Chance.MICROS, Chance.MILLIS),
        () -> {
          if (!world.isCalm()) {
            node.crash();
            if (chance.oneIn(2)) {
              world.restartLater(node);
            }
          }
        });
  }

  /** Somebody dies, stands still or is deposed in the middle of something. */
  private void ambush() {
    boolean forReaders = world.options().work().hasReaders() && world.readers().oneIn(2);
    world.ambush(
        forReaders
            ? Ambush.layForReaders(world.readers(), this::strike)
            : Ambush.lay(chance, this::strike));
  }

  private void strike(SimulatedNode speaker) {
    switch (chance.below(4)) {
      case 0 -> later(0, this::pauseNow, speaker);
      case 1 -> changeLeader();
      default -> speaker.strike();
    }
  }

  private void later(long nanos, Consumer<SimulatedNode> what, SimulatedNode node) {
    world.events().after(nanos, () -> what.accept(node));
  }

  private void restored(SimulatedNode at, SimulatedNode to) {
    if (at.isAlive()) {
      at.daemon(chance.nanos(0, Chance.MILLIS), () -> at.engine().linkRestored(to.pnn()));
    }
  }

  private void pause() {
    pauseNow(anyNode());
  }

  private void pauseNow(SimulatedNode node) {
    if (world.isCalm() || !node.isAlive() || node.isPaused()) {
      return;
    }
    node.pause();
    if (world.options().mutation() == Mutation.LIVING_SAID_TO_BE_DEAD) {
      world.tellWill(node.pnn(), node.session());
    }
    world.events().after(chance.skewed(200 * Chance.MICROS, 40 * Chance.MILLIS), node::resume);
  }

  /** A node says nothing, or hears nothing, or both, and then goes on. */
  private void fallSilent() {
    SimulatedNode node = anyNode();
    long length = chance.skewed(4 * Chance.MILLIS, 40 * Chance.MILLIS);
    int kind = chance.below(4);
    if (!node.isAlive() || node.isPaused()) {
      return;
    }
    if (kind == 0) {
      node.pause();
      world.events().after(length, node::resume);
      return;
    }
    world.trace("world", () -> "node " + node.pnn() + " falls silent, kind " + kind);
    for (SimulatedNode other : world.nodes()) {
      if (other != node && (kind & 1) != 0) {
        world.network().cut(node.pnn(), other.pnn());
      }
      if (other != node && (kind & 2) != 0) {
        world.network().cut(other.pnn(), node.pnn());
      }
    }
    world
        .events()
        .after(
            length,
            () -> {
              world.trace("world", () -> "node " + node.pnn() + " is silent no more");
              for (SimulatedNode other : world.nodes()) {
                world.network().restore(node.pnn(), other.pnn());
                world.network().restore(other.pnn(), node.pnn());
                restored(node, other);
                restored(other, node);
              }
            });
  }

  private void crash() {
    if (world.isCalm()) {
      return;
    }
    SimulatedNode node =
        chance.oneIn(3) && world.control().leader() != ControlPlane.NO_LEADER
            ? world.nodes().get(world.control().leader())
            : anyNode();
    if (node.isAlive()) {
      node.crash();
      if (!chance.oneIn(4)) {
        world.restartLater(node);
      }
    }
  }

  private void leave() {
    SimulatedNode node = anyNode();
    if (node.isAlive() && !node.isPaused()) {
      node.leave();
    }
  }

  private void wipe() {
    if (!world.isCalm()) {
      Wipe.begin(world);
    }
  }

  /** A member looks which epoch is committed, some time after an epoch was wanted. */
  private void readZooKeeper() {
    SimulatedNode node = anyNode();
    world.control().wantChange();
    for (int i = 1; i <= 10; i++) {
      world
          .events()
          .after(
              i * 300L * Chance.MICROS,
              () -> {
                Epoch committed = world.control().committed();
                if (node.isAlive() && committed != null) {
                  node.daemon(
                      chance.skewed(1_000, Chance.MILLIS),
                      () -> node.participant().adopt(committed));
                }
              });
    }
  }

  private void fillDisk() {
    SimulatedNode node = anyNode();
    world.trace("world", () -> "the disk of " + node.pnn() + " is full");
    node.disk().full(true);
    world
        .events()
        .after(chance.skewed(Chance.MILLIS, 40 * Chance.MILLIS), () -> node.disk().full(false));
  }

  private void changeEpoch() {
    world.trace("world", () -> "wants a new epoch");
    world.control().wantChange();
    if (chance.oneIn(2)) {
      world.events().after(chance.skewed(100 * Chance.MICROS, 5 * Chance.MILLIS), this::crash);
    }
  }

  private void changeLeader() {
    world.control().elect();
    world.trace("world", () -> "new leader " + world.control().leader());
    world.control().wantChange();
  }
}
