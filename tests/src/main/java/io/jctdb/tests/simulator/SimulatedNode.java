package io.jctdb.tests.simulator;

import io.jctdb.database.Databases;
import io.jctdb.database.DurableLane;
import io.jctdb.database.Epoch;
import io.jctdb.database.commit.CommitEngine;
import io.jctdb.database.epoch.EpochCoordinator;
import io.jctdb.database.epoch.EpochListener;
import io.jctdb.database.epoch.EpochParticipant;
import io.jctdb.database.message.CommitMessage;
import io.jctdb.database.message.EpochMessage;
import io.jctdb.database.message.KeeperMessage;
import io.jctdb.database.message.NodeMessage;
import io.jctdb.database.message.NodePort;
import io.jctdb.database.message.RecordMessage;
import io.jctdb.database.message.TraverseMessage;
import io.jctdb.database.record.AsideListener;
import io.jctdb.database.record.RecordEngine;
import io.jctdb.database.record.WaitReason;
import io.jctdb.database.traverse.TraverseEngine;
import io.jctdb.protocol.Key;
import io.jctdb.store.RecordStore;
import io.jctdb.store.StoredRecord;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One node: the real engine and the real participant and coordinator of epochs, over a simulated
 * port and a simulated store, with simulated clients beside them.
 *
 * <p>A life begins with {@link #boot} and ends with {@link #crash}; what was planned in one life
 * does not happen in the next. Within a life the node may be paused, and may leave and join again.
 */
final class SimulatedNode {
  private static final long TRAVERSE_LIMIT = 200 * Chance.MILLIS;

  /** Longer than any schedule: a copy that is waited for comes, or its node leaves. */
  private static final long NEVER = 1_000_000 * Chance.MILLIS;

  private final int pnn;
  private final Simulation world;
  private final ArrayDeque<Runnable> backlog = new ArrayDeque<>();
  private final List<SimulatedClient> clients = new ArrayList<>();
  private final List<Transactor> transactors = new ArrayList<>();
  private final SimulatedDisk disk;

  /** Seconds of this node's clock in one of truth. */
  private final double speed;

  private boolean attached;
  private int life;
  private int clientGeneration;
  private int session;
  private boolean alive;
  private boolean paused;

  /** Is about to die in the middle of what it does: nothing that it says leaves any more. */
  private boolean mute;

  /** Has left, and will join again. */
  private boolean away;

  private @Nullable RecordEngine engine;
  private @Nullable CommitEngine commits;
  private @Nullable TraverseEngine traverses;
  private @Nullable SimulatedLane lane;
  private @Nullable EpochParticipant participant;
  private @Nullable EpochCoordinator coordinator;
  private @Nullable Leader leader;
  private @Nullable SimulatedStore store;

  SimulatedNode(int pnn, Simulation world) {
    this.pnn = pnn;
    this.world = world;
    this.disk = new SimulatedDisk(pnn, (number, stamp) -> world.diskWritten(this, number, stamp));
    this.speed =
        1
            + (2 * world.chance().nanos(0, 1_000) / 1e3 - 1)
                * world.options().trouble().clocksWrong();
    this.attached =
        world.options().transactions().perNode() >= 0 && (pnn == 0 || !world.chance().oneIn(5));
  }

  int pnn() {
    return pnn;
  }

  boolean isAlive() {
    return alive;
  }

  boolean isPaused() {
    return paused;
  }

  List<SimulatedClient> clients() {
    return clients;
  }

  List<Transactor> transactors() {
    return transactors;
  }

  SimulatedDisk disk() {
    return disk;
  }

  CommitEngine commits() {
    return present(commits);
  }

  TraverseEngine traverses() {
    return present(traverses);
  }

  SimulatedStore store() {
    return present(store);
  }

  RecordEngine engine() {
    return present(engine);
  }

  EpochParticipant participant() {
    return present(participant);
  }

  @Nullable StoredRecord copy(Key key) {
    return store == null ? null : store.peek(key);
  }

  // ---- time ----

  /** Something the daemon does: not while paused, not in another life. */
  EventQueue.Event daemon(long delayNanos, Runnable task) {
    int planned = life;
    return world.events().after(delayNanos, () -> runDaemon(planned, task));
  }

  private void runDaemon(int planned, Runnable task) {
    if (planned != life || !alive) {
      return;
    }
    if (paused) {
      backlog.add(() -> runDaemon(planned, task));
    } else {
      task.run();
    }
  }

  /** Like {@link #daemon}, for something that was begun in life {@code planned}. */
  void daemonOf(int planned, long delayNanos, Runnable task) {
    world.events().after(delayNanos, () -> runDaemon(planned, task));
  }

  int life() {
    return life;
  }

  int session() {
    return session;
  }

  /** Something a client of this node does, while the clients live. */
  void client(int generation, long delayNanos, Runnable task) {
    world
        .events()
        .after(
            delayNanos,
            () -> {
              if (generation == clientGeneration) {
                task.run();
              }
            });
  }

  int clientGeneration() {
    return clientGeneration;
  }

  /** Something that happens elsewhere whatever becomes of this node. */
  void outside(long delayNanos, Runnable task) {
    world.events().after(delayNanos, task);
  }

  void trace(Supplier<String> what) {
    world.trace("node " + pnn, what);
  }

  // ---- life ----

  void boot() {
    life++;
    alive = true;
    away = false;
    paused = false;
    mute = false;
    backlog.clear();
    trace(() -> "boots");
    world.unsettled();
    SimulatedStore fresh =
        new SimulatedStore(
            pnn,
            world.options().work().chains(),
            world.chance(),
            world.options().mutation(),
            (key, old, changed) -> world.stored(this, key, old, changed),
            task -> daemon(world.chance().skewed(1_000, 50_000), task),
            task -> client(clientGeneration, world.chance().skewed(1_000, 50_000), task));
    store = fresh;
    Port port = new Port(life);
    RecordEngine freshEngine = new RecordEngine(port, new Files(), world.options().tunables());
    engine = freshEngine;
    EpochParticipant freshParticipant = new EpochParticipant(port, this::excluded);
    freshParticipant.addListener(freshEngine);
    freshEngine.onSetAside(new Onlooker());
    freshParticipant.addListener(new Attendance());
    participant = freshParticipant;
    TraverseEngine freshTraverses =
        new TraverseEngine(
            port,
            new Files(),
            freshEngine.remoteOwners(),
            world.events().now() + 1,
            () -> TRAVERSE_LIMIT);
    traverses = freshTraverses;
    freshParticipant.addListener(freshTraverses);
    lane = new SimulatedLane(this, world, disk);
    CommitEngine freshCommits = commitEngine(port);
    commits = freshCommits;
    freshParticipant.addListener(freshCommits);
    freshEngine.keepBehindCommits(Simulation.DB, freshCommits, NEVER);
    EpochCoordinator freshCoordinator =
        new EpochCoordinator(port, 3 * Chance.MILLIS, world.options().trouble().silentNanos());
    coordinator = freshCoordinator;
    leader = new Leader(this, world.control(), freshCoordinator, world.chance());
    register();
    if (isRemote()) {
      readZooKeeper();
    }
  }

  /** Whether it has the persistent database. */
  boolean isAttached() {
    return attached;
  }

  boolean isRemote() {
    return world.isRemote(pnn);
  }

  boolean isRemote(int other) {
    return world.isRemote(other);
  }

  private void register() {
    world.control().register(pnn, ++session);
    participant().livesAs(session);
  }

  /** A remote member's COMMIT may be lost with its sender, and nobody waits for what it says. */
  private void readZooKeeper() {
    daemon(
        5 * Chance.MILLIS,
        () -> {
          Epoch committed = world.control().committed();
          if (committed != null && !away && committed.hasMember(pnn)) {
            participant().adopt(committed, world.control().committedSession(pnn));
          }
          readZooKeeper();
        });
  }

  private CommitEngine commitEngine(NodePort port) {
    CommitEngine made =
        new CommitEngine(
            port,
            new Files(),
            world.events().now() + 1,
            world.options().transactions()::limitNanos,
            world.options().transactions().times());
    made.onReconciled(this::databasesReady);
    made.watchCopies(world.commitLedger());
    made.onLeftBehind(
        (database, problem) -> daemon(world.chance().skewed(1_000, Chance.MILLIS), this::leave));
    return made;
  }

  /** Of the present epoch. */
  Set<Integer> members() {
    Epoch epoch = participant().currentEpoch();
    return epoch == null ? Set.of() : epoch.members();
  }

  private void databasesReady() {
    trace(() -> "has all databases");
    if (attached) {
      world.commitLedger().served(pnn, members(), world.disks());
    }
    if (transactors.isEmpty() && attached) {
      for (int i = 0; i < world.options().transactions().perNode(); i++) {
        Transactor transactor =
            new Transactor(
                this,
                world,
                pnn + "." + clientGeneration + "." + i,
                world.options().transactions().each());
        transactors.add(transactor);
        transactor.next();
      }
    }
  }

  /** Dies at this very moment, in the middle of what it does. */
  void strike() {
    mute = true;
    int struck = life;
    outside(
        0,
        () -> {
          if (life == struck && alive) {
            crash();
            if (!world.chance().oneIn(4)) {
              world.restartLater(this);
            }
          }
        });
  }

  /** Power off: store and clients are gone, and what was on the way to it. */
  void crash() {
    trace(() -> "dies");
    world.lost(this);
    alive = false;
    life++;
    killClients();
    present(store).close();
    store = null;
    world.disconnect(this);
    int old = session;
    world.tellWill(pnn, old);
    outside(
        world.chance().skewed(Chance.MILLIS / 2, (isRemote() ? 60 : 5) * Chance.MILLIS),
        () -> world.control().unregister(pnn, old));
  }

  /** Stopped or banned: lets go of everything, in order; then it may join again. */
  void leave() {
    if (away) {
      return;
    }
    away = true;
    trace(() -> "leaves");
    killClients();
    world.lost(this);
    store().killClients();
    store().wipe();
    participant().leave();
    world.control().unregister(pnn, session);
    daemon(
        world.chance().skewed(Chance.MILLIS, 10 * Chance.MILLIS),
        () -> {
          away = false;
          participant().rejoin();
          register();
        });
  }

  private void killClients() {
    clientGeneration++;
    clients.clear();
    transactors.clear();
  }

  void pause() {
    trace(() -> "stands still");
    paused = true;
  }

  void resume() {
    if (paused) {
      trace(() -> "goes on");
      paused = false;
      while (!paused && !backlog.isEmpty()) {
        backlog.poll().run();
      }
    }
  }

  boolean mayForm(Collection<Integer> members) {
    return world.mayForm(members);
  }

  void committed() {
    world.committed();
  }

  /**
   * Makes sure that another node, which did not answer, is dead: what its lease does in reality.
   */
  void fence(int other) {
    world.fence(other);
  }

  /** Possible only for one that joined by a stale proposal, and so never got a record. */
  private void excluded(long base) {
    for (StoredRecord record : store().records().values()) {
      if (record.header().dmaster() == pnn) {
        throw new Violation("node " + pnn + ", left out of epoch " + base + ", owns " + record);
      }
    }
    leave();
  }

  void reconsider() {
    if (leader != null) {
      leader.reconsider();
    }
  }

  void receive(int from, NodeMessage message) {
    if (paused) {
      int planned = life;
      backlog.add(() -> runDaemon(planned, () -> receive(from, message)));
      return;
    }
    switch (message) {
      case RecordMessage m -> engine().receive(from, m);
      case KeeperMessage m -> engine().receive(from, m);
      case CommitMessage m -> commits().receive(from, m);
      case TraverseMessage m -> traverses().receive(from, m);
      case EpochMessage m -> {
        participant().receive(from, m);
        present(coordinator).receive(from, m);
      }
      default -> throw new Violation("unexpected " + message);
    }
  }

  private static <T> T present(@Nullable T part) {
    if (part == null) {
      throw new Violation("a dead node acts");
    }
    return part;
  }

  /** Clients come when the node becomes a member. */
  private final class Attendance implements EpochListener {
    @Override
    public void epochPromised(long next) {
      trace(() -> "promises " + next);
    }

    @Override
    public void epochStarted(Epoch epoch) {
      trace(() -> "begins " + epoch);
      if (clients.isEmpty()) {
        for (int i = 0; i < world.options().work().clientsPerNode(); i++) {
          SimulatedClient client =
              new SimulatedClient(
                  SimulatedNode.this, world, pnn + "." + clientGeneration + "." + i);
          clients.add(client);
          client.start();
        }
      }
    }

    @Override
    public void leftCluster() {}
  }

  private final class Onlooker implements AsideListener {
    @Override
    public void setAside(long epoch, int aside, long silentNanos) {
      trace(() -> "sets " + aside + " aside in " + epoch + ", silent for " + silentNanos / 1000);
    }

    @Override
    public void backAgain(long epoch, int aside, long afterNanos) {
      trace(() -> "hears " + aside + " again");
      world.comesBack();
    }

    @Override
    public void mended(long epoch) {
      trace(() -> "hears all in " + epoch);
      if (epoch == world.control().committedNumber()) {
        world.control().wantChange();
      }
    }

    @Override
    public void waited(int dbId, Key key, int forPnn, long nanos, WaitReason reason) {}
  }

  private final class Port implements NodePort {
    private final int ownLife;

    Port(int ownLife) {
      this.ownLife = ownLife;
    }

    @Override
    public int self() {
      return pnn;
    }

    @Override
    public void send(int to, NodeMessage message) {
      if (ownLife != life) {
        throw new Violation("the dead speak");
      }
      if (mute) {
        return;
      }
      trace(() -> "-> " + to + " " + message);
      if (message instanceof RecordMessage.Grant grant) {
        world.granting(SimulatedNode.this, to, grant);
      }
      if (message instanceof RecordMessage.Answer
          && world.options().mutation() == Mutation.COPIES_OF_LOST_OWNERS_READ) {
        store().bringBackReadOnlyCopy();
      }
      world.network().send(pnn, to, message);
      world.sent(SimulatedNode.this, message);
    }

    @Override
    public long nowNanos() {
      return (long) (world.events().now() * speed);
    }

    @Override
    public Timer after(long delayNanos, Runnable task) {
      long late = world.chance().oneIn(8) ? world.chance().nanos(0, 200_000) : 0;
      boolean[] cancelled = {false};
      EventQueue.Event event =
          daemon(
              (long) (delayNanos / speed) + late,
              () -> {
                if (!cancelled[0]) {
                  task.run();
                }
              });
      return () -> {
        cancelled[0] = true; // it may have fallen due while the node stood still
        event.cancel();
      };
    }
  }

  /** One volatile database is attached, and one that lasts. */
  private final class Files implements Databases {
    @Override
    public @Nullable RecordStore volatileStore(int dbId) {
      return dbId == Simulation.DB ? store : null;
    }

    @Override
    public Collection<Integer> volatileIds() {
      return List.of(Simulation.DB);
    }

    @Override
    public @Nullable DurableLane durableLane(int dbId) {
      return attached && dbId == CommitLedger.DATABASE.dbId() ? lane : null;
    }

    @Override
    public Collection<DurableDatabase> durable() {
      return attached ? List.of(CommitLedger.DATABASE) : List.of();
    }

    @Override
    public @Nullable DurableLane attach(DurableDatabase database) {
      attached = true;
      return durableLane(database.dbId());
    }
  }
}
