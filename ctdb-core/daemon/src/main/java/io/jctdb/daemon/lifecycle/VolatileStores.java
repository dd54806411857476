package io.jctdb.daemon.lifecycle;

import io.jctdb.store.RecordStore;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes every record of the volatile databases out of use and back into use. Frozen, local
 * processes wait at the chain locks; emptied, they find nothing when they are let in again and ask
 * for each record anew, as on a node that has just joined. Owner thread only.
 */
public final class VolatileStores {
  private static final Logger log = LoggerFactory.getLogger(VolatileStores.class);

  private final Supplier<? extends Collection<RecordStore>> attached;
  private final List<RecordStore> frozen = new ArrayList<>();
  private final List<Runnable> waiting = new ArrayList<>();

  /** Stores that other processes still hold a chain of. */
  private int freezing;

  private long since;

  public VolatileStores(Supplier<? extends Collection<RecordStore>> attached) {
    this.attached = attached;
  }

  public boolean areFrozen() {
    return !frozen.isEmpty();
  }

  /**
   * Freezes and empties them all, then runs {@code done}. They stay frozen until {@link #open}.
   *
   * <p>Who asks while others wait for that waits with them: a node that is fenced while it
   * withdraws has let go of nothing yet.
   */
  public void freezeAndEmpty(Runnable done) {
    List<RecordStore> stores = new ArrayList<>(attached.get());
    stores.removeAll(frozen);
    frozen.addAll(stores);
    if (waiting.isEmpty()) {
      since = System.nanoTime();
    }
    waiting.add(done);
    freezing += stores.size();
    for (RecordStore store : stores) {
      store.freeze(
          () -> {
            store.wipe();
            freezing--;
            doneIfAllAreEmpty();
          });
    }
    doneIfAllAreEmpty();
  }

  private void doneIfAllAreEmpty() {
    if (freezing == 0 && !waiting.isEmpty()) {
      log.info(
          "{} volatile databases are frozen and empty after {} ms",
          frozen.size(),
          (System.nanoTime() - since) / 1_000_000);
      List<Runnable> ready = List.copyOf(waiting);
      waiting.clear();
      ready.forEach(Runnable::run);
    }
  }

  /** Lets local processes in again. */
  public void open() {
    frozen.forEach(RecordStore::thaw);
    frozen.clear();
    freezing = 0; // what thaws before it was frozen does not say so
  }
}
