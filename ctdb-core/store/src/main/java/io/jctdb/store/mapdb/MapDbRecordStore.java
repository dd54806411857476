package io.jctdb.store.mapdb;

import io.jctdb.protocol.Key;
import io.jctdb.protocol.RecordHeader;
import io.jctdb.store.LockedRecord;
import io.jctdb.store.RecordSection;
import io.jctdb.store.RecordStore;
import io.jctdb.store.RecordVisitor;
import io.jctdb.store.StoredRecord;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * A volatile database that no other process opens, in a MapDB file.
 *
 * <p>Nobody competes for locks here, so a section runs at once, unless it comes from within another
 * one or while the store is frozen; those wait in one line. The file starts empty each time.
 */
public final class MapDbRecordStore implements RecordStore {
  private final MapDbFile file;
  private final Executor ownerThread;
  private final Queue<Waiting> line = new ArrayDeque<>();
  private boolean inside;
  private boolean frozen;
  private boolean closed;

  private record Waiting(Key key, RecordSection section) {}

  private MapDbRecordStore(MapDbFile file, Executor ownerThread) {
    this.file = file;
    this.ownerThread = ownerThread;
  }

  /** Creates the file; one that exists is removed. */
  public static MapDbRecordStore open(Path file, Executor ownerThread) {
    return new MapDbRecordStore(MapDbFile.createEmpty(file), ownerThread);
  }

  @Override
  public void locked(Key key, RecordSection section) {
    checkOpen();
    if (inside || frozen || !line.isEmpty()) {
      line.add(new Waiting(key, section));
      if (!frozen) {
        ownerThread.execute(this::serveLine);
      }
    } else {
      runSection(key, section);
    }
  }

  /** If sections throw, the others run all the same and the first exception goes on. */
  private void serveLine() {
    RuntimeException first = null;
    for (int count = line.size(); count > 0 && !frozen && !closed; count--) {
      Waiting next = line.remove();
      try {
        runSection(next.key(), next.section());
      } catch (RuntimeException e) {
        if (first == null) {
          first = e;
        } else {
          first.addSuppressed(e);
        }
      }
    }
    if (first != null) {
      throw first;
    }
  }

  private void runSection(Key key, RecordSection section) {
    MapDbRecord record = new MapDbRecord(key);
    inside = true;
    try {
      section.run(record);
    } finally {
      inside = false;
      record.over = true;
    }
  }

  private final class MapDbRecord implements LockedRecord {
    private final Key key;
    private boolean over;

    MapDbRecord(Key key) {
      this.key = key;
    }

    private ConcurrentNavigableMap<byte[], byte[]> records() {
      if (over) {
        throw new IllegalStateException("the section on record " + key + " is over");
      }
      return file.records();
    }

    @Override
    public Key key() {
      records();
      return key;
    }

    @Override
    public @Nullable StoredRecord fetch() {
      byte[] value = records().get(key.bytes());
      return value == null ? null : MapDbValues.read(value);
    }

    @Override
    public void store(RecordHeader header, byte[] data) {
      records().put(key.bytes(), MapDbValues.write(header, data));
    }

    @Override
    public void delete() {
      records().remove(key.bytes());
    }
  }

  @Override
  public Scan scan() {
    checkOpen();
    return new MapDbScan();
  }

  /** Walks in key order from where the last slice ended. */
  private final class MapDbScan implements Scan {
    private byte @Nullable [] last;
    private boolean finished;

    @Override
    public boolean next(int limit, RecordVisitor visitor) {
      checkOpen();
      if (finished) {
        return false;
      }
      byte[] from = last;
      Map<byte[], byte[]> rest =
          from == null ? file.records() : file.records().tailMap(from, false);
      int remaining = Math.max(limit, 1);
      inside = true;
      try {
        for (Map.Entry<byte[], byte[]> entry : rest.entrySet()) {
          if (remaining-- == 0) {
            return true;
          }
          last = entry.getKey();
          visitor.visit(new Key(entry.getKey()), MapDbValues.read(entry.getValue()));
        }
      } finally {
        inside = false;
      }
      finished = true;
      return false;
    }
  }

  @Override
  public void freeze(Runnable done) {
    checkOpen();
    frozen = true;
    done.run();
  }

  @Override
  public void thaw() {
    if (frozen && !closed) {
      frozen = false;
      ownerThread.execute(this::serveLine);
    }
  }

  @Override
  public void wipe() {
    requireFrozen("wiped");
    file.records().clear();
  }

  @Override
  public void storeFrozen(Key key, StoredRecord record) {
    requireFrozen("filled");
    file.records().put(key.bytes(), MapDbValues.write(record.header(), record.data()));
  }

  private void requireFrozen(String what) {
    checkOpen();
    if (!frozen) {
      throw new IllegalStateException(file.path() + " can only be " + what + " while frozen");
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException(file.path() + " is closed");
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      line.clear();
      file.close();
    }
  }
}
