package io.jctdb.daemon.catalog;

import io.jctdb.database.DurableLane;
import io.jctdb.store.RecordStore;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The open file of one database, as the catalogue needs it. Exactly one of {@link #volatileStore}
 * and {@link #lane} is there. Owner thread; what may have to wait answers through a consumer, on
 * the owner thread, too.
 */
interface OpenedStore {
  @Nullable RecordStore volatileStore();

  @Nullable DurableLane lane();

  /** What is wrong with the copy here; empty if nothing is known to be. */
  default String healthProblem() {
    return "";
  }

  /** Whether there is no content here yet, so that the database cannot be used at all. */
  default boolean isAwaited() {
    return false;
  }

  /** The tdb flags of our handle. */
  int openFlags();

  /** From now on changes of the file are counted in its header, and {@link #openFlags} shows it. */
  void enableSequenceNumber();

  /** The change counter in the file's header: a hint, it wraps. */
  void changeCounter(IntConsumer counter);

  /** Adds one to the change counter and tells its new value. */
  void bumpChangeCounter(IntConsumer counter);

  void close();
}
