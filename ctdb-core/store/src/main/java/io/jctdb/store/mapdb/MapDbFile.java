package io.jctdb.store.mapdb;

import io.jctdb.store.StoreException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ConcurrentNavigableMap;
import org.jspecify.annotations.Nullable;
import org.mapdb.DB;
import org.mapdb.DBMaker;
import org.mapdb.Serializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One MapDB file with one sorted map of records in it. */
final class MapDbFile implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(MapDbFile.class);
  private static final String MAP = "records";

  private final Path path;
  private final DB db;
  private final ConcurrentNavigableMap<byte[], byte[]> records;

  private MapDbFile(Path path, DB db) {
    this.path = path;
    this.db = db;
    this.records =
        db.treeMap(MAP)
            .keySerializer(Serializer.BYTE_ARRAY)
            .valueSerializer(Serializer.BYTE_ARRAY)
            .createOrOpen();
  }

  /** An empty file, whatever was there. */
  static MapDbFile createEmpty(Path path) {
    delete(path);
    return new MapDbFile(path, maker(path).make());
  }

  /** The file with its content; empty if there is none, or if it is not beyond doubt. */
  static MapDbFile openOrDiscard(Path path) {
    MapDbFile file = Files.exists(path) ? openChecked(path) : null;
    return file != null ? file : createEmpty(path);
  }

  private static @Nullable MapDbFile openChecked(Path path) {
    DB db = null;
    try {
      // MapDB marks a file while it is open and refuses one that still carries the mark.
      db = maker(path).make();
      db.getStore().verify();
      MapDbFile file = new MapDbFile(path, db);
      file.readEverything();
      return file;
    } catch (AssertionError | RuntimeException e) {
      LOG.warn("{}: not closed properly, or damaged; discarding it, to be rebuilt", path, e);
      closeQuietly(db);
      return null;
    }
  }

  private void readEverything() {
    records.forEach((key, value) -> MapDbValues.read(value));
  }

  private static void closeQuietly(@Nullable DB db) {
    try {
      if (db != null) {
        db.close();
      }
    } catch (AssertionError | RuntimeException e) {
      LOG.debug("closing a damaged file", e);
    }
  }

  private static DBMaker.Maker maker(Path path) {
    return DBMaker.fileDB(path.toFile()).fileChannelEnable();
  }

  private static void delete(Path path) {
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      throw new StoreException(path + ": cannot be removed: " + e.getMessage(), e);
    }
  }

  Path path() {
    return path;
  }

  ConcurrentNavigableMap<byte[], byte[]> records() {
    return records;
  }

  @Override
  public void close() {
    db.close();
  }
}
