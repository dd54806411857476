package io.jctdb.daemon.lifecycle;

import io.jctdb.daemon.catalog.DatabaseCatalog;
import io.jctdb.store.RecordStore;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes every record of the volatile databases out of use and back into use. Frozen, local
 * processes wait at the chain locks; emptied, they find nothing when they are let in again and ask
 * for each record anew, as on a node that has just joined. Owner thread only.
 */
public final class VolatileStores {
  private static final Logger log = LoggerFactory.getLogger(VolatileStores.class);

  private final DatabaseCatalog catalog;
  private final List<RecordStore> frozen = new ArrayList<>();

  public VolatileStores(DatabaseCatalog catalog) {
    this.catalog = catalog;
  }

  public boolean areFrozen() {
    return !frozen.isEmpty();
  }

  /** Freezes and empties them all, then runs {@code done}. They stay frozen until {@link #open}. */
  public void freezeAndEmpty(Runnable done) {
    List<RecordStore> stores = new ArrayList<>(catalog.volatileStores());
    stores.removeAll(frozen);
    if (stores.isEmpty()) {
      done.run();
      return;
    }
    int[] waiting = {stores.size()};
    for (RecordStore store : stores) {
      frozen.add(store);
      store.freeze(
          () -> {
            store.wipe();
            if (--waiting[0] == 0) {
              log.info("{} volatile databases frozen and emptied", stores.size());
              done.run();
            }
          });
    }
  }

  /** Lets local processes in again. */
  public void open() {
    frozen.forEach(RecordStore::thaw);
    frozen.clear();
  }
}
