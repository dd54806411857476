package io.jctdb.store.tdb;

import io.jctdb.store.TransactionStore;
import io.jctdb.store.TransactionStoreContract;
import java.nio.file.Path;

class TdbPersistentStoreTest extends TransactionStoreContract {
  @Override
  protected TransactionStore open(Path directory) {
    return TdbTransactionStore.open(
        directory.resolve("persistent.tdb.0"), TdbOpenMode.PERSISTENT, new TdbGeometry(1009, 5));
  }
}
