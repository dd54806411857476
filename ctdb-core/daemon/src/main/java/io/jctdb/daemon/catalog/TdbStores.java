package io.jctdb.daemon.catalog;

import io.jctdb.database.DatabaseType;
import io.jctdb.database.DurableLane;
import io.jctdb.store.RecordStore;
import io.jctdb.store.TransactionStore;
import io.jctdb.store.tdb.LockWaiters;
import io.jctdb.store.tdb.TdbGeometry;
import io.jctdb.store.tdb.TdbOpenMode;
import io.jctdb.store.tdb.TdbRecordStore;
import io.jctdb.store.tdb.TdbTransactionStore;
import java.nio.file.Path;
import java.time.Clock;
import java.util.concurrent.Executor;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Opens databases as TDB files, the form that smbd shares with us. */
final class TdbStores implements StoreOpener {
  private final Executor owner;
  private final boolean mutexes;
  private final Supplier<TdbGeometry> geometry;
  private final DamagedFiles damaged;
  private DamageListener damageListener = (name, file, problem) -> {};
  private final LockWaiters waiters = new LockWaiters(LockWaiters.DEFAULT_THREADS_MAX);

  /**
   * @param mutexes {@code [database] tdb mutexes}
   * @param geometry for files that are created, from the tunables as they are then
   * @param others whether the cluster has nodes other than this one, that may have what a damaged
   *     file has lost
   */
  TdbStores(Executor owner, boolean mutexes, Supplier<TdbGeometry> geometry, boolean others) {
    this.owner = owner;
    this.mutexes = mutexes;
    this.geometry = geometry;
    this.damaged = new DamagedFiles(others, Clock.systemUTC());
  }

  @Override
  public OpenedStore open(String name, DatabaseType type, Path path) {
    return switch (type) {
      case VOLATILE ->
          new Volatile(
              TdbRecordStore.open(
                  path, TdbOpenMode.volatileMode(mutexes), geometry.get(), owner, waiters));
      case REPLICATED ->
          durable(
              name,
              new DamagedFiles.Opened(
                  TdbTransactionStore.open(path, TdbOpenMode.REPLICATED, geometry.get()), null));
      case PERSISTENT -> durable(name, damaged.open(path, geometry.get()));
    };
  }

  private OpenedStore durable(String name, DamagedFiles.Opened opened) {
    AwaitedCopy awaited = opened.awaited();
    TransactionStore content = awaited == null ? opened.store() : awaited;
    Examination examination =
        new Examination(
            name,
            opened.store(),
            owner,
            (database, file, problem) -> damageListener.damaged(database, file, problem),
            System::nanoTime);
    ExecutorLane lane = new ExecutorLane(name, content, owner, examination::afterFailure);
    return new Durable(opened.store(), awaited, examination, lane);
  }

  @Override
  public void onDamage(DamageListener listener) {
    damageListener = listener;
  }

  @Override
  public void setAsideIfDamaged(Path path) {
    damaged.open(path, geometry.get()).store().close();
  }

  /** A file whose records migrate. */
  private record Volatile(TdbRecordStore store) implements OpenedStore {
    @Override
    public RecordStore volatileStore() {
      return store;
    }

    @Override
    public @Nullable DurableLane lane() {
      return null;
    }

    @Override
    public int openFlags() {
      return store.openFlags();
    }

    @Override
    public void enableSequenceNumber() {
      store.enableSequenceNumber();
    }

    @Override
    public void changeCounter(IntConsumer counter) {
      counter.accept(store.changeCount());
    }

    @Override
    public void bumpChangeCounter(IntConsumer counter) {
      store.incrementChangeCount();
      counter.accept(store.changeCount());
    }

    @Override
    public void close() {
      store.close();
    }
  }

  /** A file that is written in transactions; its context belongs to the lane's thread. */
  private record Durable(
      TdbTransactionStore store,
      @Nullable AwaitedCopy awaited,
      Examination examination,
      ExecutorLane laneOfStore)
      implements OpenedStore {
    @Override
    public String healthProblem() {
      String reason = awaited == null ? null : awaited.reason();
      return reason == null ? examination.problem() : reason;
    }

    @Override
    public boolean isAwaited() {
      return awaited != null && awaited.reason() != null;
    }

    @Override
    public @Nullable RecordStore volatileStore() {
      return null;
    }

    @Override
    public DurableLane lane() {
      return laneOfStore;
    }

    @Override
    public int openFlags() {
      return store.openFlags();
    }

    @Override
    public void enableSequenceNumber() {
      store.enableSequenceNumber();
    }

    @Override
    public void changeCounter(IntConsumer counter) {
      laneOfStore.submit(s -> store.changeCount(), counter::accept, e -> {});
    }

    @Override
    public void bumpChangeCounter(IntConsumer counter) {
      laneOfStore.submit(
          s -> {
            store.incrementChangeCount();
            return store.changeCount();
          },
          counter::accept,
          e -> {});
    }

    @Override
    public void close() {
      laneOfStore.close();
    }
  }
}
