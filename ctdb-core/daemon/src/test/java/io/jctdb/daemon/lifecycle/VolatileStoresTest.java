package io.jctdb.daemon.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.database.message.NodeMessage;
import io.jctdb.database.message.NodePort;
import io.jctdb.protocol.Key;
import io.jctdb.store.RecordSection;
import io.jctdb.store.RecordStore;
import io.jctdb.store.StoredRecord;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;

class VolatileStoresTest {
  private static final long SECOND = 1_000_000_000L;

  private final HeldStore locking = new HeldStore();
  private final HeldStore brlock = new HeldStore();
  private final Map<String, RecordStore> attached =
      new TreeMap<>(Map.of("brlock.tdb", brlock, "locking.tdb", locking));
  private final Clockwork clock = new Clockwork();
  private final VolatileStores stores = new VolatileStores(clock, () -> attached);
  private final List<String> told = new ArrayList<>();

  @Test
  void allAreEmptyBeforeAnybodyIsTold() {
    stores.freezeAndEmpty(() -> told.add("withdrawn"));

    locking.letGo();
    assertThat(told).isEmpty();
    brlock.letGo();

    assertThat(told).containsExactly("withdrawn");
    assertThat(locking.empty && brlock.empty).isTrue();
  }

  /** Found by the fencing simulator, seed 30427262: told at once, others acted in its place. */
  @Test
  void whoIsFencedWhileItWithdrawsWaitsForTheSameProcesses() {
    stores.freezeAndEmpty(() -> told.add("withdrawn"));
    locking.letGo();

    stores.freezeAndEmpty(() -> told.add("fenced"));

    assertThat(told).isEmpty();
    brlock.letGo();
    assertThat(told).containsExactly("withdrawn", "fenced");
  }

  @Test
  void aDatabaseThatCameMeanwhileIsEmptiedToo() {
    stores.freezeAndEmpty(() -> told.add("withdrawn"));
    HeldStore late = new HeldStore();
    attached.put("late.tdb", late);
    stores.freezeAndEmpty(() -> told.add("fenced"));

    locking.letGo();
    brlock.letGo();
    assertThat(told).isEmpty();
    late.letGo();

    assertThat(told).containsExactly("withdrawn", "fenced");
  }

  @Test
  void whatIsFrozenAlreadyIsSaidAtOnce() {
    stores.freezeAndEmpty(() -> told.add("withdrawn"));
    locking.letGo();
    brlock.letGo();

    stores.freezeAndEmpty(() -> told.add("fenced"));

    assertThat(told).containsExactly("withdrawn", "fenced");
    assertThat(stores.areFrozen()).isTrue();
  }

  @Test
  void openedAndTakenOutOfUseAgain() {
    stores.freezeAndEmpty(() -> told.add("withdrawn"));
    locking.letGo();
    brlock.letGo();
    stores.open();
    assertThat(stores.areFrozen()).isFalse();

    locking.held = true;
    brlock.held = true;
    stores.freezeAndEmpty(() -> told.add("fenced"));

    assertThat(told).containsExactly("withdrawn");
    locking.letGo();
    brlock.letGo();
    assertThat(told).containsExactly("withdrawn", "fenced");
  }

  /**
   * Found by the soak: smbd had a chain of one database and waited for one of another, which was
   * frozen; so the first was never frozen, the other never thawed, and the node out for ever.
   */
  @Test
  void whoHoldsOneDatabaseGetsTheOtherInBetween() {
    stores.freezeAndEmpty(() -> told.add("fenced"));
    brlock.letGo();
    assertThat(brlock.frozen).isTrue();

    clock.runUntil(() -> !brlock.frozen);
    assertThat(brlock.empty).as("what it finds there").isTrue();
    locking.letGo();
    clock.runUntil(() -> locking.frozen);

    assertThat(told).containsExactly("fenced");
    assertThat(brlock.frozen).isTrue();
    assertThat(clock.now).isLessThan(SECOND);
    clock.runFor(60 * SECOND);
    assertThat(locking.frozen && brlock.frozen).isTrue();
    assertThat(told).containsExactly("fenced");
  }

  @Test
  void whoNeverLetsGoIsNamedAndTheDatabasesAreNotGivenBack() {
    List<Long> waited = new ArrayList<>();
    List<String> names = new ArrayList<>();
    stores.onObstacle(
        (nanos, who) -> {
          waited.add(nanos);
          names.add(who);
        });
    locking.heldBy = ProcessHandle.current().pid();
    brlock.letGo();
    stores.freezeAndEmpty(() -> told.add("fenced"));
    clock.runFor(60 * SECOND);
    assertThat(stores.areFrozen()).isTrue();

    assertThat(told).isEmpty();
    assertThat(names).isNotEmpty();
    assertThat(names).allMatch(who -> who.matches("locking.tdb: process \\d+ \\(.+\\)"));
    assertThat(waited).isSorted().last(InstanceOfAssertFactories.LONG).isGreaterThan(40 * SECOND);

    locking.letGo();
    clock.runFor(SECOND);
    assertThat(told).containsExactly("fenced");
  }

  @Test
  void nothingIsTriedAgainOnceTheyAreOpen() {
    stores.freezeAndEmpty(() -> told.add("fenced"));
    locking.letGo();
    brlock.letGo();
    stores.open();

    clock.runFor(60 * SECOND);

    assertThat(locking.frozen || brlock.frozen).isFalse();
  }

  @Test
  void whatIsDetachedMeanwhileIsNotWaitedFor() {
    stores.freezeAndEmpty(() -> told.add("fenced"));
    brlock.letGo();
    attached.remove("locking.tdb");
    clock.runFor(SECOND);

    assertThat(told).containsExactly("fenced");
  }

  @Test
  void aNodeWithoutDatabasesHasLetGoAtOnce() {
    attached.clear();
    stores.freezeAndEmpty(() -> told.add("withdrawn"));
    assertThat(told).containsExactly("withdrawn");
  }

  /** Time that passes when it is told to. */
  private static final class Clockwork implements NodePort {
    private record Task(long at, Runnable work) {}

    private final List<Task> tasks = new ArrayList<>();
    private long now;

    void runFor(long nanos) {
      long end = now + nanos;
      while (step(end)) {}
      now = end;
    }

    void runUntil(BooleanSupplier condition) {
      long end = now + 10 * SECOND;
      while (!condition.getAsBoolean()) {
        assertThat(step(end)).as("something happens").isTrue();
      }
    }

    private boolean step(long end) {
      Optional<Task> next = tasks.stream().min(Comparator.comparingLong(Task::at));
      if (next.isEmpty() || next.get().at() > end) {
        return false;
      }
      now = next.get().at();
      tasks.remove(next.get());
      next.get().work().run();
      return true;
    }

    @Override
    public Timer after(long delayNanos, Runnable task) {
      Task added = new Task(now + delayNanos, task);
      tasks.add(added);
      return () -> tasks.remove(added);
    }

    @Override
    public long nowNanos() {
      return now;
    }

    @Override
    public int self() {
      return 0;
    }

    @Override
    public void send(int pnn, NodeMessage message) {
      throw new AssertionError("nobody is sent anything here");
    }
  }

  /** A database of which some smbd holds a chain until it is told to let go. */
  private static final class HeldStore implements RecordStore {
    private final List<Runnable> waiting = new ArrayList<>();
    private boolean held = true;
    private boolean empty;
    private boolean frozen;
    private long heldBy;

    void letGo() {
      held = false;
      grant();
    }

    private void grant() {
      if (!held && !waiting.isEmpty()) {
        frozen = true;
        List<Runnable> ready = List.copyOf(waiting);
        waiting.clear();
        ready.forEach(Runnable::run);
      }
    }

    @Override
    public void freeze(Runnable done) {
      empty &= frozen;
      waiting.add(done);
      grant();
    }

    @Override
    public OptionalInt freezeWaitsFor() {
      return heldBy == 0 ? OptionalInt.empty() : OptionalInt.of((int) heldBy);
    }

    @Override
    public void wipe() {
      assertThat(frozen).isTrue();
      empty = true;
    }

    @Override
    public void thaw() {
      waiting.clear();
      frozen = false;
    }

    @Override
    public void locked(Key key, RecordSection section) {
      throw new AssertionError("nobody uses records here");
    }

    @Override
    public Scan scan() {
      throw new AssertionError("nobody reads records here");
    }

    @Override
    public void storeFrozen(Key key, StoredRecord record) {
      throw new AssertionError("nobody stores records here");
    }

    @Override
    public void close() {}
  }
}
