package io.jctdb.store.mapdb;

import io.jctdb.protocol.Key;
import io.jctdb.store.RecordVisitor;
import io.jctdb.store.SequenceNumbers;
import io.jctdb.store.StoreException;
import io.jctdb.store.StoredRecord;
import io.jctdb.store.TransactionStore;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A full copy that can be fetched again from other nodes, in a MapDB file. A copy that was not
 * closed properly is discarded when it is opened; then {@link #sequenceNumber} is 0 and the content
 * is fetched anew.
 *
 * <p>MapDB's own transactions are not used, as they do not keep what they promise. A process that
 * dies leaves a file that is not trusted, whatever it contains; and while the process lives, a
 * transaction that fails half-way is undone from memory.
 */
public final class MapDbTransactionStore implements TransactionStore {
  private final MapDbFile file;

  private MapDbTransactionStore(MapDbFile file) {
    this.file = file;
  }

  public static MapDbTransactionStore open(Path file) {
    return new MapDbTransactionStore(MapDbFile.openOrDiscard(file));
  }

  @Override
  public long sequenceNumber() {
    return SequenceNumbers.of(fetch(SEQUENCE_KEY));
  }

  @Override
  public @Nullable StoredRecord fetch(Key key) {
    byte[] value = file.records().get(key.bytes());
    return value == null ? null : MapDbValues.read(value);
  }

  @Override
  public void apply(List<Update> updates) {
    Map<Key, byte @Nullable []> before = new HashMap<>();
    try {
      for (Update update : updates) {
        byte[] value = MapDbValues.write(update.record().header(), update.record().data());
        if (!before.containsKey(update.key())) {
          before.put(update.key(), file.records().get(update.key().bytes()));
        }
        file.records().put(update.key().bytes(), value);
      }
    } catch (RuntimeException e) {
      undo(before);
      throw failure(e);
    }
  }

  private void undo(Map<Key, byte @Nullable []> before) {
    before.forEach(
        (key, value) -> {
          if (value == null) {
            file.records().remove(key.bytes());
          } else {
            file.records().put(key.bytes(), value);
          }
        });
  }

  @Override
  public void replaceAll(Iterable<Update> content) {
    // Everything is read before anything is removed: the content may fail to arrive.
    Map<Key, byte[]> complete = new HashMap<>();
    for (Update update : content) {
      complete.put(
          update.key(), MapDbValues.write(update.record().header(), update.record().data()));
    }
    file.records().clear();
    complete.forEach((key, value) -> file.records().put(key.bytes(), value));
  }

  private StoreException failure(RuntimeException e) {
    return new StoreException(file.path() + ": " + e.getMessage() + "; nothing was changed", e);
  }

  @Override
  public void forEach(RecordVisitor visitor) {
    file.records().forEach((key, value) -> visitor.visit(new Key(key), MapDbValues.read(value)));
  }

  @Override
  public void close() {
    file.close();
  }
}
