package io.jctdb.tests.simulator;

import io.jctdb.database.message.EpochMessage;
import io.jctdb.database.message.NodeMessage;
import io.jctdb.protocol.Capability;
import io.jctdb.protocol.RunState;
import io.jctdb.recovery.CommittedEpoch;
import io.jctdb.recovery.Life;
import io.jctdb.recovery.MemberInfo;
import io.jctdb.recovery.MembershipTiming;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One schedule of a cluster whose nodes hang, die and get cut off: does ever anybody act in the
 * place of somebody who still acts? In seconds, with the real machines of membership and real lease
 * times, on clocks that run wrong.
 *
 * <p>Checked: an smbd writes a record only while no epoch without its node is committed; no address
 * is on two hosts; in the end all that live are members, serve, and every address is there.
 */
public final class FencingSimulation {
  static final int NOBODY = -1;

  private final Chance chance;
  private final FencingMutation mutation;
  private final FencingOptions options;
  private final @Nullable Consumer<String> story;
  private final EventQueue events = new EventQueue();
  private final MembershipTiming timing = MembershipTiming.DEFAULT;
  private final FencingZooKeeper zooKeeper;
  private final Network network;
  private final List<FencingHost> hosts = new ArrayList<>();
  private final boolean[][] linkUp;
  private final int[] assigned;
  private final SortedMap<String, Long> totals = new TreeMap<>();
  private boolean calm;
  private int ambushIn;
  private @Nullable BiConsumer<FencingHost, FencingHost> ambush;

  public FencingSimulation(long seed, FencingMutation mutation, @Nullable Consumer<String> story) {
    this.chance = new Chance(seed);
    this.mutation = mutation;
    this.story = story;
    this.options = FencingOptions.draw(chance, mutation);
    this.zooKeeper = new FencingZooKeeper(events, chance, timing.session().toNanos());
    this.network =
        new Network(
            events,
            chance,
            options.nodes(),
            50 * Chance.MICROS,
            options.delayMaxNanos(),
            false,
            this::deliver);
    this.linkUp = new boolean[options.nodes()][options.nodes()];
    this.assigned = new int[options.addresses()];
    Arrays.fill(assigned, NOBODY);
    for (int pnn = 0; pnn < options.nodes(); pnn++) {
      double wrong = (2 * chance.nanos(0, 1_000_000) / 1e6 - 1) * options.clocksWrong();
      hosts.add(new FencingHost(pnn, this, wrong));
    }
    for (String what : List.of("ambushes", "epochs", "takeovers", "dead_men", "writes", "wills")) {
      totals.put(what, 0L);
    }
  }

  /**
   * @return how much happened
   * @throws RuntimeException if anything that must hold did not
   */
  public Simulation.Result run() {
    trace("world", options::toString);
    hosts.forEach(host -> events.after(chance.nanos(0, 500 * Chance.MILLIS), host::boot));
    new FencingFaults(this).plan();
    long storm = 3_000 * Chance.MILLIS + options.stormNanos();
    while (events.step(storm)) {
      // everything happens in there
    }
    heal();
    long end = events.now() + options.calmNanos();
    long next = events.now();
    while (true) {
      if (events.now() >= next) {
        next = events.now() + 50 * Chance.MILLIS;
        if (isSettled()) {
          break;
        }
      }
      if (!events.step(end)) {
        throw new Violation("not all is well in the end: " + state());
      }
    }
    return new Simulation.Result(events.ran(), totals.getOrDefault("writes", 0L), totals);
  }

  private void heal() {
    trace("world", () -> "the storm is over");
    calm = true;
    zooKeeper.available(true);
    for (FencingHost host : hosts) {
      host.zooKeeperCut(false);
      for (FencingHost other : hosts) {
        network.restore(host.pnn(), other.pnn());
      }
      host.resume();
      host.boot();
      FencingDaemon daemon = host.daemon();
      if (daemon != null) {
        daemon.later(0, () -> daemon.inactive(false));
      }
    }
    for (FencingHost host : hosts) {
      linksOf(host.pnn());
    }
  }

  private boolean isSettled() {
    CommittedEpoch epoch = zooKeeper.epoch();
    if (epoch == null || epoch.epoch().members().size() != hosts.size()) {
      return false;
    }
    for (FencingHost host : hosts) {
      FencingDaemon daemon = host.daemon();
      FencingDaemon.Membership acting = host.acting();
      if (daemon == null
          || !daemon.participant().isServing()
          || daemon.participant().promisedNumber() != epoch.epoch().number()
          || acting == null
          || !epoch.lives().has(acting.life())) {
        return false;
      }
    }
    for (int address = 0; address < options.addresses(); address++) {
      int present = address;
      if (hosts.stream().noneMatch(host -> host.addresses().contains(present))) {
        return false;
      }
    }
    return true;
  }

  private String state() {
    StringBuilder text = new StringBuilder("committed " + zooKeeper.epoch());
    for (FencingHost host : hosts) {
      FencingDaemon daemon = host.daemon();
      text.append("; node ").append(host.pnn());
      if (daemon == null) {
        text.append(" has no daemon");
      } else {
        text.append(daemon.leads() ? " leads" : "")
            .append(daemon.isReady() ? " ready" : " not ready")
            .append(" promised ")
            .append(daemon.participant().promisedNumber())
            .append(" in ")
            .append(daemon.participant().currentEpoch())
            .append(" acting ")
            .append(host.acting() != null)
            .append(" with ")
            .append(host.addresses());
      }
    }
    return text.toString();
  }

  // ---- what must hold ----

  /** A local process changes a record that its node owns. */
  void writes(FencingHost host, FencingDaemon.Membership as) {
    totals.merge("writes", 1L, Long::sum);
    CommittedEpoch epoch = zooKeeper.epoch();
    if (epoch == null || !epoch.epoch().hasMember(host.pnn())) {
      throw new Violation(
          "node "
              + host.pnn()
              + " writes as "
              + as.life()
              + " and others act in its place: "
              + epoch);
    }
  }

  /** An epoch is about to be committed: whoever it leaves out must have let go. */
  boolean committing(FencingDaemon leader, CommittedEpoch next) {
    totals.merge("epochs", 1L, Long::sum);
    for (FencingHost host : hosts) {
      FencingDaemon.Membership acting = host.acting();
      if (acting != null
          && !next.epoch().hasMember(host.pnn())
          && zooKeeper.term() == leaderTerm(leader)) {
        throw new Violation(
            "epoch " + next.epoch() + " is committed without " + acting.life() + ", which acts");
      }
    }
    trace("world", () -> "commits " + next.epoch());
    return true;
  }

  private static int leaderTerm(FencingDaemon leader) {
    return leader.term();
  }

  void addressAdded(FencingHost host, int address) {
    totals.merge("takeovers", 1L, Long::sum);
    trace("host " + host.pnn(), () -> "takes address " + address);
    for (FencingHost other : hosts) {
      if (other != host && other.addresses().contains(address)) {
        throw new Violation(
            "address " + address + " on nodes " + other.pnn() + " and " + host.pnn());
      }
    }
  }

  // ---- what the parts do to each other ----

  private void deliver(int from, int to, NodeMessage message) {
    FencingDaemon daemon = hosts.get(to).daemon();
    if (hosts.get(to).isUp() && daemon != null) {
      daemon.receive(from, message);
    }
  }

  /** Something about the links of a node has changed; both ends notice, by and by. */
  void linksOf(int pnn) {
    for (FencingHost other : hosts) {
      if (other.pnn() != pnn) {
        check(pnn, other.pnn());
        check(other.pnn(), pnn);
      }
    }
  }

  private void check(int at, int to) {
    boolean crashed = hosts.get(to).isUp() && hosts.get(to).daemon() == null;
    long delay =
        crashed
            ? chance.skewed(100 * Chance.MICROS, 5 * Chance.MILLIS)
            : chance.skewed(
                Chance.MILLIS, isLinked(at, to) ? 300 * Chance.MILLIS : 3_000 * Chance.MILLIS);
    events.after(
        delay,
        () -> {
          FencingDaemon daemon = hosts.get(at).daemon();
          boolean up = isLinked(at, to);
          if (daemon != null) {
            linkUp[at][to] = up;
            daemon.later(0, () -> daemon.linkIs(to, up));
          }
        });
  }

  private boolean isLinked(int a, int b) {
    return hosts.get(a).daemon() != null
        && hosts.get(b).daemon() != null
        && !network.isDown(a, b)
        && !network.isDown(b, a);
  }

  /** Somebody takes that process for dead. */
  void checkHasEnded(Life life) {
    FencingDaemon daemon = hosts.get(life.pnn()).daemon();
    if (daemon != null && daemon.isProcessOf(life)) {
      throw new Violation(life + " is said to be dead: " + state());
    }
  }

  /** The launcher of a node tells all others. */
  void will(int pnn, String secret) {
    totals.merge("wills", 1L, Long::sum);
    for (FencingHost other : hosts) {
      if (other.pnn() != pnn && !network.isDown(pnn, other.pnn())) {
        events.after(
            chance.skewed(100 * Chance.MICROS, 50 * Chance.MILLIS),
            () -> {
              FencingDaemon daemon = other.daemon();
              if (daemon != null) {
                daemon.later(0, () -> daemon.willTold(pnn, secret));
              }
            });
      }
    }
  }

  /** Strikes speaker or hearer of one of the next messages about a change of epoch. */
  void ambush(int messages, BiConsumer<FencingHost, FencingHost> strike) {
    ambushIn = messages;
    ambush = strike;
  }

  void said(int from, int to, NodeMessage message) {
    BiConsumer<FencingHost, FencingHost> laid = ambush;
    if (laid != null && message instanceof EpochMessage && from != to && --ambushIn <= 0) {
      ambush = null;
      // At once, or when it has arrived and the answer is on its way.
      events.after(
          chance.oneIn(3) ? 0 : chance.nanos(0, 2 * options.delayMaxNanos()),
          () -> {
            if (!calm) {
              laid.accept(hosts.get(from), hosts.get(to));
            }
          });
    }
  }

  int assignment(int address) {
    return assigned[address];
  }

  void assign(int address, int pnn) {
    assigned[address] = pnn;
  }

  void take(int leader, int pnn, int address) {
    if (!network.isDown(leader, pnn)) {
      events.after(
          chance.skewed(50 * Chance.MICROS, options.delayMaxNanos()),
          () -> {
            FencingDaemon daemon = hosts.get(pnn).daemon();
            if (daemon != null) {
              daemon.take(address);
            }
          });
    }
  }

  static MemberInfo memberInfo(
      FencingMutation mutation,
      Life life,
      int flags,
      boolean ready,
      long lastEpoch,
      MembershipTiming timing,
      String will) {
    boolean noWait = mutation == FencingMutation.NO_WAIT_FOR_THE_LEASE;
    return new MemberInfo(
        life.pnn(),
        life.incarnation(),
        flags,
        Capability.DEFAULT,
        RunState.RUNNING,
        ready,
        "10.0.0." + life.pnn(),
        lastEpoch,
        0,
        noWait ? 0 : Math.toIntExact(timing.lease().toMillis()),
        0,
        will);
  }

  // ---- what the parts ask the world ----

  EventQueue events() {
    return events;
  }

  Chance chance() {
    return chance;
  }

  FencingMutation mutation() {
    return mutation;
  }

  FencingOptions options() {
    return options;
  }

  MembershipTiming timing() {
    return timing;
  }

  FencingZooKeeper zooKeeper() {
    return zooKeeper;
  }

  Network network() {
    return network;
  }

  List<FencingHost> hosts() {
    return hosts;
  }

  boolean isCalm() {
    return calm;
  }

  void count(String what) {
    totals.merge(what, 1L, Long::sum);
  }

  void trace(String who, Supplier<String> what) {
    if (story != null) {
      story.accept(String.format("%10.4f s  %-8s %s", events.now() / 1e9, who, what.get()));
    }
  }

  Map<String, Long> totals() {
    return totals;
  }
}
