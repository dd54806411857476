package io.jctdb.store.tdb;

import io.jctdb.store.RecordStore;
import io.jctdb.store.RecordStoreContract;
import java.nio.file.Path;
import java.util.concurrent.Executor;

class TdbMutexRecordStoreTest extends RecordStoreContract {
  @Override
  protected RecordStore open(Path directory, Executor ownerThread) {
    return TdbRecordStore.open(
        directory.resolve("volatile.tdb.0"),
        TdbOpenMode.VOLATILE_MUTEX,
        new TdbGeometry(1009, 5),
        ownerThread,
        new LockWaiters(4));
  }
}
