package io.jctdb.database.record;

import io.jctdb.database.Databases;
import io.jctdb.database.Epoch;
import io.jctdb.database.message.KeeperMessage;
import io.jctdb.database.message.NodePort;
import io.jctdb.database.message.RecordMessage;
import io.jctdb.protocol.Key;
import io.jctdb.store.RecordSection;
import io.jctdb.store.RecordStore;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.IntConsumer;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * This node as a member of the present epoch: what the roles of one {@link RecordEngine} share.
 *
 * <p>It also keeps the order of things. Work goes in <em>turns</em>: an event from outside,
 * followed by everything that the event put off with {@link #later}. Messages to this very node are
 * put off so, which makes a node that is requester and lmaster, or lmaster and owner, take the same
 * path as any other without a message on the network. Answers to clients are put off, too, because
 * they may go out only when no chain lock is held, and a section may not call the store again.
 *
 * <p>Owner thread only.
 */
final class Member {
  /** Where messages that this node sends to itself go. */
  @FunctionalInterface
  interface Loopback {
    void receive(int fromPnn, RecordMessage message);
  }

  private final NodePort port;
  private final Databases databases;
  private final Loopback loopback;
  private final IntConsumer spokenTo;
  private final Runnable turnEnd;
  private final RecordCounters counters = new RecordCounters();
  private final RemoteOwners remoteOwners = new RemoteOwners();
  private final ArrayDeque<Runnable> later = new ArrayDeque<>();
  private final RecordTunables tunables;
  private LatencyListener latency = LatencyListener.NOBODY;
  private boolean inTurn;
  private boolean turnArmed;

  private @Nullable Epoch epoch;

  /** As the epoch has it. */
  private @Nullable SlotLayout layout;

  /** Without the lmaster that this node has set aside; the same if there is none. */
  private @Nullable SlotLayout obeyed;

  private long promised = Epoch.NONE;

  /** The committed epoch that the one promised last builds on. */
  private long base = Epoch.NONE;

  private SortedSet<Integer> newcomers = Collections.emptySortedSet();

  /** Of which epoch {@link #dead} speaks; told before this node begins it, perhaps. */
  private long deathsIn = Epoch.NONE;

  private final Set<Integer> dead = new HashSet<>();

  Member(
      NodePort port,
      Databases databases,
      RecordTunables tunables,
      Loopback loopback,
      IntConsumer spokenTo,
      Runnable turnEnd) {
    this.port = port;
    this.databases = databases;
    this.tunables = tunables;
    this.loopback = loopback;
    this.spokenTo = spokenTo;
    this.turnEnd = turnEnd;
  }

  int self() {
    return port.self();
  }

  long now() {
    return port.nowNanos();
  }

  RecordCounters counters() {
    return counters;
  }

  RemoteOwners remoteOwners() {
    return remoteOwners;
  }

  RecordTunables tunables() {
    return tunables;
  }

  void latency(LatencyListener listener) {
    latency = listener;
  }

  /**
   * Something has ended that began then; told if that is long ago, and when no chain lock is held
   * any more: whoever hears of it writes to a disk.
   */
  void ended(long beganNanos, LongFunction<SlowOperation> what) {
    long took = now() - beganNanos;
    if (took >= latency.limitNanos()) {
      SlowOperation slow = what.apply(took);
      later(() -> latency.slow(slow));
    }
  }

  @Nullable RecordStore store(RecordId id) {
    return databases.volatileStore(id.dbId());
  }

  // ---- epoch ----

  /** Null outside the cluster. Set also while the next epoch is being prepared. */
  @Nullable Epoch epoch() {
    return epoch;
  }

  long promised() {
    return promised;
  }

  /** Whether messages of epoch {@code number} may be sent and accepted now. */
  boolean isOpen(long number) {
    return epoch != null && epoch.number() == number && promised == number;
  }

  /** Whether record traffic flows at all. */
  boolean isOpen() {
    return epoch != null && promised == epoch.number();
  }

  void promise(long onto, long next) {
    require(next > promised, "promised " + next + " after " + promised);
    promised = next;
    base = onto;
  }

  void start(Epoch started) {
    require(
        started.number() == promised && (epoch == null || epoch.number() < promised),
        "started " + started + ", promised " + promised + ", was in " + epoch);
    require(started.hasMember(self()), "started " + started + " without me");
    newcomers = newcomers(epoch, started);
    epoch = started;
    layout = new SlotLayout(started);
    obeyed = layout;
  }

  /**
   * Members of {@code started} that were not in the epoch before it: they had to leave all earlier
   * ones and to empty their volatile databases before they could promise this one. Only who took
   * part in the very epoch that this one builds on can tell.
   */
  private SortedSet<Integer> newcomers(@Nullable Epoch before, Epoch started) {
    SortedSet<Integer> joined = new TreeSet<>();
    if (before != null && before.number() == base) {
      joined.addAll(started.members());
      joined.removeAll(before.members());
    }
    return joined;
  }

  void leave() {
    epoch = null;
    layout = null;
    obeyed = null;
  }

  /**
   * Whether that member surely had no copy of anything when the present epoch began, because it
   * joined with it. False also where this node cannot tell.
   */
  boolean joinedNow(int pnn) {
    return newcomers.contains(pnn);
  }

  /** Only while in an epoch. */
  long epochNumber() {
    return inEpoch().number();
  }

  /** Only while in an epoch. */
  Epoch inEpoch() {
    Epoch present = epoch;
    if (present == null) {
      throw new IllegalStateException("outside the cluster");
    }
    return present;
  }

  /**
   * Whose orders about this record this node follows, and whom it asks for it: the lmaster, or the
   * one that takes its place if this node has set the lmaster aside. Only while in an epoch.
   */
  int lmaster(Key key) {
    return present(obeyed).lmaster(key);
  }

  /** The lmaster as the epoch has it, whatever became of it since. */
  int lmasterByEpoch(Key key) {
    return present(layout).lmaster(key);
  }

  private static SlotLayout present(@Nullable SlotLayout layout) {
    if (layout == null) {
      throw new IllegalStateException("outside the cluster");
    }
    return layout;
  }

  /** For the rest of the epoch this node refuses what that member orders as lmaster. */
  void setAside(int pnn) {
    obeyed = SlotLayout.without(inEpoch(), pnn);
  }

  /**
   * The process that is this member of epoch {@code number} has ended, and nothing acts in its
   * place.
   *
   * @return whether that is news, and the present epoch is meant
   */
  boolean died(long number, int pnn) {
    if (number > deathsIn) {
      deathsIn = number;
      dead.clear();
    }
    return number == deathsIn && dead.add(pnn) && isDead(pnn);
  }

  /** Whether that member of the present epoch is known to have {@linkplain #died died}. */
  boolean isDead(int pnn) {
    return epoch != null && epoch.number() == deathsIn && dead.contains(pnn);
  }

  /** Whether {@code from} may order something about this record in epoch {@code number} now. */
  boolean follows(int from, long number, Key key) {
    return isOpen(number) && lmaster(key) == from;
  }

  /** Who of the main site remembers what that member may have. Only while in an epoch. */
  int keeperOf(int pnn) {
    return Ring.after(inEpoch().voters(), pnn);
  }

  boolean isKeeperOf(int pnn) {
    return pnn != self() && inEpoch().hasMember(pnn) && keeperOf(pnn) == self();
  }

  Collection<Integer> volatileIds() {
    return databases.volatileIds();
  }

  @Nullable RecordStore volatileStore(int dbId) {
    return databases.volatileStore(dbId);
  }

  // ---- effects ----

  /** Sends if record traffic of the message's epoch flows; otherwise nobody would take it. */
  void send(int pnn, RecordMessage message) {
    if (!isOpen(message.epoch())) {
      return;
    }
    if (pnn == self()) {
      later.add(() -> loopback.receive(pnn, message));
    } else {
      spokenTo.accept(pnn);
      port.send(pnn, message);
    }
  }

  /** The same, to another member. */
  void send(int pnn, KeeperMessage message) {
    if (isOpen(message.epoch())) {
      port.send(pnn, message);
    }
  }

  /** Puts {@code task} off to the end of this turn, when no chain lock is held. */
  void later(Runnable task) {
    later.add(task);
  }

  /** A turn of its own after a pause. */
  void after(long delayNanos, Runnable task) {
    port.after(delayNanos, () -> turn(task));
  }

  /** Runs {@code event} and all that it puts off. */
  void turn(Runnable event) {
    if (inTurn) {
      event.run();
      return;
    }
    inTurn = true;
    try {
      event.run();
      for (Runnable next = later.poll(); next != null; next = later.poll()) {
        next.run();
      }
    } finally {
      inTurn = false;
    }
    turnEnd.run();
  }

  /**
   * Runs {@code section} under the chain lock, at once or later. In between the epoch may have
   * changed, the database may be gone, and whatever else: the section has to look again.
   */
  void locked(RecordStore store, RecordId id, RecordSection section) {
    LockWait wait = new LockWait();
    store.locked(
        id.key(),
        record -> {
          wait.over = true;
          if (wait.waits) {
            ended(wait.sinceNanos, took -> new SlowOperation.LockWait(id.dbId(), id.key(), took));
          }
          section.run(record);
          if (!inTurn && !later.isEmpty()) {
            finishOutsideTheLock();
          }
        });
    if (!wait.over) {
      wait.waits = true;
      wait.sinceNanos = now();
      counters.lockWaits++;
    }
  }

  /** Nearly all sections run at once: for those no time is taken. */
  private static final class LockWait {
    boolean over;
    boolean waits;
    long sinceNanos;
  }

  private void finishOutsideTheLock() {
    if (!turnArmed) {
      turnArmed = true;
      port.after(
          0,
          () -> {
            turnArmed = false;
            turn(() -> {});
          });
    }
  }

  static void require(boolean invariant, String broken) {
    if (!invariant) {
      throw new IllegalStateException(broken);
    }
  }
}
