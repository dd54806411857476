package io.jctdb.tests.simulator;

import java.util.ArrayList;
import java.util.List;

/** What goes wrong with nodes, networks and ZooKeeper, and when. */
final class FencingFaults {
  private final FencingSimulation world;
  private final Chance chance;

  FencingFaults(FencingSimulation world) {
    this.world = world;
    this.chance = world.chance();
  }

  void plan() {
    for (int i = 0; i < world.options().faults(); i++) {
      long earliest = chance.oneIn(3) ? 200 * Chance.MILLIS : 2_000 * Chance.MILLIS;
      long at = earliest + chance.nanos(0, world.options().stormNanos());
      Runnable fault =
          switch (chance.below(16)) {
            case 0, 1, 2 -> this::pause;
            case 3 -> this::kill;
            case 4 -> this::cutPower;
            case 5 -> this::isolate;
            case 6 -> this::cutLink;
            case 7 -> this::split;
            case 8 -> this::cutFromZooKeeper;
            case 9 -> this::stopZooKeeper;
            case 10 -> this::stop;
            case 11 -> this::shutDown;
            case 12, 13, 14 -> this::ambush;
            default -> this::pauseSeveral;
          };
      world
          .events()
          .at(
              at,
              () -> {
                if (!world.isCalm()) {
                  fault.run();
                }
              });
    }
  }

  private FencingHost any() {
    List<FencingHost> hosts = world.hosts();
    if (chance.oneIn(3)) {
      for (FencingHost host : hosts) {
        FencingDaemon daemon = host.daemon();
        if (daemon != null && daemon.leads()) {
          return host;
        }
      }
    }
    return hosts.get(chance.below(hosts.size()));
  }

  private void after(long nanos, Runnable then) {
    world.events().after(nanos, then);
  }

  private void pause() {
    pause(any());
  }

  private void pause(FencingHost host) {
    host.pause();
    after(chance.skewed(50 * Chance.MILLIS, 10_000 * Chance.MILLIS), host::resume);
  }

  private void pauseSeveral() {
    for (FencingHost host : world.hosts()) {
      if (chance.oneIn(2)) {
        after(chance.nanos(0, 500 * Chance.MILLIS), () -> pause(host));
      }
    }
  }

  private void kill() {
    any().kill("kill -9");
  }

  private void cutPower() {
    FencingHost host = any();
    host.cutPower();
    after(chance.skewed(500 * Chance.MILLIS, 10_000 * Chance.MILLIS), host::boot);
  }

  /** From all others; from ZooKeeper mostly, too; sometimes in one direction only. */
  private void isolate() {
    isolate(any());
  }

  private void isolate(FencingHost host) {
    boolean oneWay = chance.oneIn(3);
    world.trace("world", () -> "isolates node " + host.pnn() + (oneWay ? " one way" : ""));
    boolean out = !oneWay || chance.oneIn(2);
    boolean in = !oneWay || !out;
    for (FencingHost other : world.hosts()) {
      if (other != host) {
        cut(host, other, out, in);
      }
    }
    if (!chance.oneIn(3)) {
      host.zooKeeperCut(true);
    }
    after(
        chance.skewed(300 * Chance.MILLIS, 10_000 * Chance.MILLIS),
        () -> {
          host.zooKeeperCut(false);
          mend();
        });
  }

  private void cut(FencingHost a, FencingHost b, boolean thither, boolean hither) {
    if (thither) {
      world.network().cut(a.pnn(), b.pnn());
    }
    if (hither) {
      world.network().cut(b.pnn(), a.pnn());
    }
    world.linksOf(a.pnn());
  }

  private void mend() {
    world.trace("world", () -> "the network is whole");
    for (FencingHost a : world.hosts()) {
      for (FencingHost b : world.hosts()) {
        world.network().restore(a.pnn(), b.pnn());
      }
    }
    world.hosts().forEach(host -> world.linksOf(host.pnn()));
  }

  /** In the middle of a change of epoch: it falls on who speaks, or on who should hear it. */
  private void ambush() {
    boolean speaker = chance.oneIn(2);
    world.ambush(
        chance.between(1, 10),
        (from, to) -> {
          FencingHost victim = speaker ? from : to;
          world.count("ambushes");
          switch (chance.below(6)) {
            case 0 -> victim.kill("kill -9 in the middle of a change of epoch");
            case 1 -> {
              victim.cutPower();
              after(chance.skewed(500 * Chance.MILLIS, 10_000 * Chance.MILLIS), victim::boot);
            }
            case 2 -> pause(victim);
            default -> isolate(victim);
          }
        });
  }

  private void cutLink() {
    FencingHost a = any();
    FencingHost b = any();
    if (a != b) {
      world.trace("world", () -> "cuts the link between " + a.pnn() + " and " + b.pnn());
      cut(a, b, true, !chance.oneIn(3));
      after(chance.skewed(300 * Chance.MILLIS, 10_000 * Chance.MILLIS), this::mend);
    }
  }

  private void split() {
    List<FencingHost> some = new ArrayList<>(world.hosts());
    some.removeIf(host -> chance.oneIn(2));
    world.trace("world", () -> "splits off " + some.stream().map(FencingHost::pnn).toList());
    for (FencingHost host : some) {
      for (FencingHost other : world.hosts()) {
        if (!some.contains(other)) {
          cut(host, other, true, true);
        }
      }
    }
    boolean without = chance.oneIn(2);
    some.forEach(host -> host.zooKeeperCut(without));
    after(
        chance.skewed(300 * Chance.MILLIS, 10_000 * Chance.MILLIS),
        () -> {
          some.forEach(host -> host.zooKeeperCut(false));
          mend();
        });
  }

  private void cutFromZooKeeper() {
    FencingHost host = any();
    world.trace("world", () -> "cuts node " + host.pnn() + " off ZooKeeper");
    host.zooKeeperCut(true);
    after(
        chance.skewed(300 * Chance.MILLIS, 10_000 * Chance.MILLIS), () -> host.zooKeeperCut(false));
  }

  private void stopZooKeeper() {
    world.trace("world", () -> "ZooKeeper has no quorum");
    world.zooKeeper().available(false);
    after(
        chance.skewed(300 * Chance.MILLIS, 12_000 * Chance.MILLIS),
        () -> world.zooKeeper().available(true));
  }

  /** {@code ctdb stop} or a ban, and the end of it. */
  private void stop() {
    FencingDaemon daemon = any().daemon();
    if (daemon != null) {
      daemon.later(0, () -> daemon.inactive(true));
      after(
          chance.skewed(300 * Chance.MILLIS, 5_000 * Chance.MILLIS),
          () -> daemon.later(0, () -> daemon.inactive(false)));
    }
  }

  private void shutDown() {
    FencingHost host = any();
    FencingDaemon daemon = host.daemon();
    if (daemon != null) {
      daemon.later(0, () -> daemon.stop(() -> host.ended(daemon)));
    }
  }
}
