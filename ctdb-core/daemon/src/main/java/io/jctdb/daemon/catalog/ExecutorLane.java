package io.jctdb.daemon.catalog;

import io.jctdb.database.DurableLane;
import io.jctdb.store.StoreException;
import io.jctdb.store.TransactionStore;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;

/** A lane with a platform thread of its own: file locks and fsync may make it wait. */
final class ExecutorLane implements DurableLane {
  private final TransactionStore store;
  private final Executor owner;
  private final Consumer<RuntimeException> afterFailure;
  private final ExecutorService worker;

  /**
   * @param afterFailure looks, on the lane's thread, why something has failed, before whoever waits
   *     for it is told
   */
  ExecutorLane(
      String name,
      TransactionStore store,
      Executor owner,
      Consumer<RuntimeException> afterFailure) {
    this.store = store;
    this.owner = owner;
    this.afterFailure = afterFailure;
    this.worker =
        Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("lane " + name).factory());
  }

  @Override
  public <T> void submit(
      Function<TransactionStore, T> work, Consumer<T> done, Consumer<StoreException> failed) {
    worker.execute(
        () -> {
          try {
            T result = work.apply(store);
            owner.execute(() -> done.accept(result));
          } catch (StoreException e) {
            afterFailure.accept(e);
            owner.execute(() -> failed.accept(e));
          } catch (RuntimeException e) {
            afterFailure.accept(e);
            owner.execute(() -> failed.accept(new StoreException("internal error: " + e, e)));
          }
        });
  }

  /** Lets what was handed in finish (up to ten seconds), then closes the store. */
  void close() {
    worker.execute(store::close);
    worker.shutdown();
    try {
      worker.awaitTermination(10, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
