package io.jctdb.tests.simulator;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * One machine: a clock that runs a little wrong, a kernel that removes addresses which nobody
 * renews and kills the daemon that does not renew its timer, smbds that work on records as long as
 * their daemon's socket is open, and a launcher that cleans up after a daemon and delivers its last
 * will.
 */
final class FencingHost {
  /** The kernel is late by no more than this with an address (libraries.md 3.3). */
  private static final long ADDRESS_LATE = 400 * Chance.MILLIS;

  /** How long an smbd goes on after its daemon's socket is closed. */
  private static final long SMBD_EXIT = 20 * Chance.MILLIS;

  private final int pnn;
  private final FencingSimulation world;
  private final Chance chance;
  private final double speed;
  private final long origin;
  private boolean up;
  private boolean paused;
  private boolean zooKeeperCut;
  private int processes;
  private @Nullable FencingDaemon daemon;

  /** As whom the smbds of this host work on records; null when there are none. */
  private FencingDaemon.@Nullable Membership acting;

  /** Addresses that the kernel has, each with the number of its last renewal. */
  private final Map<Integer, Integer> addresses = new HashMap<>();

  private int renewals;

  FencingHost(int pnn, FencingSimulation world, double wrong) {
    this.pnn = pnn;
    this.world = world;
    this.chance = world.chance();
    this.speed = 1 + wrong;
    this.origin = chance.nanos(0, 1_000_000 * Chance.MILLIS);
  }

  int pnn() {
    return pnn;
  }

  boolean isUp() {
    return up;
  }

  boolean isPaused() {
    return paused;
  }

  @Nullable FencingDaemon daemon() {
    return daemon;
  }

  /** Boot time, as this host counts it. */
  long now() {
    return origin + (long) (world.events().now() * speed);
  }

  /** How long something lasts in truth that lasts so long on this host's clock. */
  long truly(long localNanos) {
    return (long) (localNanos / speed);
  }

  boolean reachesZooKeeper() {
    return up && !zooKeeperCut;
  }

  void zooKeeperCut(boolean cut) {
    zooKeeperCut = cut;
  }

  // ---- processes ----

  void boot() {
    if (!up) {
      up = true;
      startDaemon();
    }
  }

  private void startDaemon() {
    paused = false;
    int process = ++processes;
    world.trace("host " + pnn, () -> "starts daemon " + process);
    dropAddresses();
    FencingDaemon started = new FencingDaemon(this, world, process);
    daemon = started;
    world.linksOf(pnn);
    started.start();
  }

  /** Whether that process is there (running or stopped). */
  boolean has(FencingDaemon process) {
    return up && daemon == process;
  }

  void pause() {
    if (daemon != null && !paused) {
      world.trace("host " + pnn, () -> "daemon stands still");
      paused = true;
    }
  }

  void resume() {
    if (paused) {
      world.trace("host " + pnn, () -> "daemon goes on");
      paused = false;
      if (daemon != null) {
        daemon.resumed();
      }
    }
  }

  /** SIGKILL: the kernel closes the sockets, smbds notice, the launcher cleans up. */
  void kill(String why) {
    FencingDaemon dead = daemon;
    if (dead == null) {
      return;
    }
    world.trace("host " + pnn, () -> "daemon dies: " + why);
    daemon = null;
    paused = false;
    world.network().cutAll(pnn);
    world.linksOf(pnn);
    FencingDaemon.Membership served = acting;
    world.events().after(chance.nanos(0, SMBD_EXIT), () -> stopActing(served));
    boolean early = world.mutation() == FencingMutation.WILL_BEFORE_THE_CLEANING;
    if (early) {
      deliverWill(dead);
    }
    // The launcher waits for the smbds, which it kills, and removes the addresses.
    int process = processes;
    world
        .events()
        .after(
            SMBD_EXIT + chance.skewed(Chance.MILLIS, 200 * Chance.MILLIS),
            () -> {
              if (up && processes == process) {
                stopActing(served);
                if (early || deliverWill(dead)) {
                  dropAddresses();
                }
                world
                    .events()
                    .after(
                        chance.skewed(10 * Chance.MILLIS, 3_000 * Chance.MILLIS),
                        () -> again(process));
              }
            });
  }

  /** The daemon has ended by itself, and left nothing behind. */
  void ended(FencingDaemon process) {
    if (has(process)) {
      world.trace("host " + pnn, () -> "daemon has ended");
      daemon = null;
      world.linksOf(pnn);
      int number = processes;
      world
          .events()
          .after(chance.skewed(100 * Chance.MILLIS, 3_000 * Chance.MILLIS), () -> again(number));
    }
  }

  private void again(int process) {
    if (up && daemon == null && processes == process) {
      startDaemon();
    }
  }

  /**
   * False: the launcher died with its daemon, and addresses stay as long as the kernel keeps them.
   */
  private boolean deliverWill(FencingDaemon dead) {
    boolean lives = !chance.oneIn(4);
    if (lives) {
      world.trace("host " + pnn, () -> "the launcher tells the last will");
      world.will(pnn, dead.will());
    }
    return lives;
  }

  /** Power off, with everything. */
  void cutPower() {
    if (!up) {
      return;
    }
    world.trace("host " + pnn, () -> "loses power");
    up = false;
    daemon = null;
    paused = false;
    acting = null;
    addresses.clear();
    world.network().cutAll(pnn);
    world.linksOf(pnn);
  }

  // ---- the kernel's timer ----

  /** The process is killed at that local time unless the timer is set anew or disarmed. */
  void deadMan(FencingDaemon process, int setting, long deadlineNanos) {
    if (world.mutation() == FencingMutation.NO_DEAD_MAN) {
      return;
    }
    world
        .events()
        .after(
            Math.max(0, truly(deadlineNanos - now())) + chance.nanos(0, 300 * Chance.MICROS),
            () -> {
              if (has(process) && process.isTimerSet(setting)) {
                world.count("dead_men");
                kill("the lease is over");
              }
            });
  }

  // ---- records ----

  void startActing(FencingDaemon.Membership as) {
    acting = as;
    work(as);
  }

  /** Their connections are closed; they notice. */
  void closeClients(FencingDaemon.@Nullable Membership as) {
    world.events().after(chance.nanos(0, SMBD_EXIT), () -> stopActing(as));
  }

  void stopActing(FencingDaemon.@Nullable Membership as) {
    if (acting == as) {
      acting = null;
    }
  }

  FencingDaemon.@Nullable Membership acting() {
    return acting;
  }

  /** An smbd writes a record that its node owns, without asking anybody. */
  private void work(FencingDaemon.Membership as) {
    world
        .events()
        .after(
            chance.skewed(2 * Chance.MILLIS, 60 * Chance.MILLIS),
            () -> {
              if (up && acting == as) {
                world.writes(this, as);
                work(as);
              }
            });
  }

  // ---- addresses ----

  Set<Integer> addresses() {
    return new TreeSet<>(addresses.keySet());
  }

  void addAddress(int address, long seconds) {
    if (!addresses.containsKey(address)) {
      world.addressAdded(this, address);
    }
    renewAddress(address, seconds);
  }

  void renewAddress(int address, long seconds) {
    int renewal = ++renewals;
    addresses.put(address, renewal);
    world
        .events()
        .after(
            truly(seconds * 1_000 * Chance.MILLIS) + chance.nanos(0, ADDRESS_LATE),
            () -> addresses.remove(address, renewal));
  }

  void dropAddresses() {
    addresses.clear();
  }
}
