package io.jctdb.daemon.catalog;

import io.jctdb.protocol.Key;
import io.jctdb.store.RecordVisitor;
import io.jctdb.store.StoreException;
import io.jctdb.store.StoredRecord;
import io.jctdb.store.TransactionStore;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An empty file in place of a damaged one. Until a whole content has been put in, it says of itself
 * that it cannot be read, so that it never counts as a copy: not as the best, not as an equal one,
 * not as one to fetch from.
 *
 * <p>{@link #reason} from any thread, all else as the store that it wraps.
 */
final class AwaitedCopy implements TransactionStore {
  private final TransactionStore store;
  private final Runnable replaced;
  private volatile @Nullable String reason;

  /**
   * @param reason what happened to the damaged file, and what to do
   * @param replaced called once, when the content is there
   */
  AwaitedCopy(TransactionStore store, String reason, Runnable replaced) {
    this.store = store;
    this.reason = reason;
    this.replaced = replaced;
  }

  /** Why the database cannot be used, null once it can. */
  @Nullable String reason() {
    return reason;
  }

  private TransactionStore usable() {
    String why = reason;
    if (why != null) {
      throw new StoreException(why);
    }
    return store;
  }

  @Override
  public long sequenceNumber() {
    return usable().sequenceNumber();
  }

  @Override
  public @Nullable StoredRecord fetch(Key key) {
    return usable().fetch(key);
  }

  @Override
  public void apply(List<Update> updates) {
    usable().apply(updates);
  }

  @Override
  public void replaceAll(Iterable<Update> content) {
    store.replaceAll(content);
    if (reason != null) {
      reason = null;
      replaced.run();
    }
  }

  @Override
  public void forEach(RecordVisitor visitor) {
    usable().forEach(visitor);
  }

  @Override
  public void close() {
    store.close();
  }
}
