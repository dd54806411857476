package io.jctdb.cli;

import io.jctdb.linux.Tdb;
import java.nio.file.Path;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** A real database file. */
final class TdbRecordFile implements RecordFile {
  private final Tdb tdb;

  TdbRecordFile(Path path, int tdbFlags, boolean writable) {
    tdb = Tdb.open(path, 0, tdbFlags, writable ? Tdb.O_RDWR : Tdb.O_RDONLY, 0600);
  }

  @Override
  public void lock(byte[] key) {
    tdb.chainLock(key);
  }

  @Override
  public void unlock(byte[] key) {
    tdb.chainUnlock(key);
  }

  @Override
  public byte @Nullable [] fetch(byte[] key) {
    return tdb.fetch(key);
  }

  @Override
  public void store(byte[] key, byte[] value) {
    tdb.store(key, value);
  }

  @Override
  public void forEach(BiConsumer<byte[], byte[]> visitor) {
    tdb.traverseRead(
        (key, value) -> {
          visitor.accept(key, value);
          return true;
        });
  }

  @Override
  public void close() {
    tdb.close();
  }
}
