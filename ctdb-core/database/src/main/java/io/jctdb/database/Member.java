package io.jctdb.database;

import io.jctdb.protocol.Key;
import io.jctdb.store.RecordSection;
import io.jctdb.store.RecordStore;
import java.util.ArrayDeque;
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
  private final Runnable turnEnd;
  private final RecordCounters counters = new RecordCounters();
  private final ArrayDeque<Runnable> later = new ArrayDeque<>();
  private RecordTunables tunables;
  private boolean inTurn;
  private boolean turnArmed;

  private @Nullable Epoch epoch;
  private @Nullable SlotLayout layout;
  private long promised = Epoch.NONE;

  Member(
      NodePort port,
      Databases databases,
      RecordTunables tunables,
      Loopback loopback,
      Runnable turnEnd) {
    this.port = port;
    this.databases = databases;
    this.tunables = tunables;
    this.loopback = loopback;
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

  RecordTunables tunables() {
    return tunables;
  }

  void tune(RecordTunables changed) {
    tunables = changed;
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

  void promise(long next) {
    require(next > promised, "promised " + next + " after " + promised);
    promised = next;
  }

  void start(Epoch started) {
    require(
        started.number() == promised && (epoch == null || epoch.number() < promised),
        "started " + started + ", promised " + promised + ", was in " + epoch);
    require(started.hasMember(self()), "started " + started + " without me");
    epoch = started;
    layout = new SlotLayout(started);
  }

  void leave() {
    epoch = null;
    layout = null;
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

  /** Only while in an epoch. */
  int lmaster(Key key) {
    SlotLayout present = layout;
    if (present == null) {
      throw new IllegalStateException("outside the cluster");
    }
    return present.lmaster(key);
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
  void locked(RecordStore store, Key key, RecordSection section) {
    boolean[] ran = new boolean[1];
    store.locked(
        key,
        record -> {
          ran[0] = true;
          section.run(record);
          if (!inTurn && !later.isEmpty()) {
            finishOutsideTheLock();
          }
        });
    if (!ran[0]) {
      counters.lockWaits++;
    }
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
