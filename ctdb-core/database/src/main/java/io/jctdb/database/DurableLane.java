package io.jctdb.database;

import io.jctdb.store.StoreException;
import io.jctdb.store.TransactionStore;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * The way to one {@link TransactionStore} from the owner thread: work runs elsewhere, one piece at
 * a time in the order handed in, and its outcome comes back on the owner thread in the same order.
 */
public interface DurableLane {
  /** Exactly one of {@code done} and {@code failed} is called, never within this call. */
  <T> void submit(
      Function<TransactionStore, T> work, Consumer<T> done, Consumer<StoreException> failed);
}
