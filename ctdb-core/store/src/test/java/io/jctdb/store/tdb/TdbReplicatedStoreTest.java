package io.jctdb.store.tdb;

import io.jctdb.store.TransactionStore;
import io.jctdb.store.TransactionStoreContract;
import java.nio.file.Path;

class TdbReplicatedStoreTest extends TransactionStoreContract {
  @Override
  protected TransactionStore open(Path directory) {
    return TdbTransactionStore.open(
        directory.resolve("replicated.tdb.0"), TdbOpenMode.REPLICATED, new TdbGeometry(1009, 5));
  }
}
