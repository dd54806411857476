package io.jctdb.daemon.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.protocol.Key;
import io.jctdb.store.RecordSection;
import io.jctdb.store.RecordStore;
import io.jctdb.store.StoredRecord;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class VolatileStoresTest {
  private final HeldStore locking = new HeldStore();
  private final HeldStore brlock = new HeldStore();
  private final List<RecordStore> attached = new ArrayList<>(List.of(locking, brlock));
  private final VolatileStores stores = new VolatileStores(() -> attached);
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
    attached.add(late);
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

    stores.freezeAndEmpty(() -> told.add("fenced"));

    assertThat(told).containsExactly("withdrawn");
    locking.letGo();
    brlock.letGo();
    assertThat(told).containsExactly("withdrawn", "fenced");
  }

  /** A database of which some smbd holds a chain until it is told to let go. */
  private static final class HeldStore implements RecordStore {
    private Runnable frozen = () -> {};
    private boolean empty;

    void letGo() {
      frozen.run();
    }

    @Override
    public void freeze(Runnable done) {
      frozen = done;
      empty = false;
    }

    @Override
    public void wipe() {
      empty = true;
    }

    @Override
    public void thaw() {
      frozen = () -> {};
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
