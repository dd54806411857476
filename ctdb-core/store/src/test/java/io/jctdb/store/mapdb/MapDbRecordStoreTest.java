package io.jctdb.store.mapdb;

import io.jctdb.store.RecordStore;
import io.jctdb.store.RecordStoreContract;
import java.nio.file.Path;
import java.util.concurrent.Executor;

class MapDbRecordStoreTest extends RecordStoreContract {
  @Override
  protected RecordStore open(Path directory, Executor ownerThread) {
    return MapDbRecordStore.open(directory.resolve("volatile.mapdb"), ownerThread);
  }
}
