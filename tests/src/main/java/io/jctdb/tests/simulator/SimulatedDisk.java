package io.jctdb.tests.simulator;

import io.jctdb.protocol.Key;
import io.jctdb.store.RecordVisitor;
import io.jctdb.store.SequenceNumbers;
import io.jctdb.store.StoreException;
import io.jctdb.store.StoredRecord;
import io.jctdb.store.TransactionStore;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A node's copy of the persistent database. It survives the node's crashes, and may be full. */
final class SimulatedDisk implements TransactionStore {
  /** Hears of every transaction that was written. */
  interface Observer {
    void written(long oldNumber, long oldStamp);
  }

  private final int pnn;
  private final Observer observer;
  private final Map<Key, StoredRecord> records =
      new TreeMap<>(Comparator.comparing(Key::bytes, Arrays::compare));
  private boolean full;

  SimulatedDisk(int pnn, Observer observer) {
    this.pnn = pnn;
    this.observer = observer;
  }

  static Key key(String text) {
    return new Key(text.getBytes(StandardCharsets.UTF_8));
  }

  void full(boolean now) {
    full = now;
  }

  long value(Key key) {
    StoredRecord record = records.get(key);
    return record == null ? Value.EMPTY : Value.number(record);
  }

  long rsn(Key key) {
    StoredRecord record = records.get(key);
    return record == null ? 0 : record.header().rsn();
  }

  boolean isEmpty() {
    return records.isEmpty();
  }

  /** The rsn of the sequence number record. */
  long stamp() {
    return rsn(SEQUENCE_KEY);
  }

  /** Everything, comparable and readable. */
  String content() {
    StringBuilder text = new StringBuilder();
    records.forEach(
        (key, record) ->
            text.append(new String(key.bytes(), StandardCharsets.UTF_8).trim())
                .append('=')
                .append(record.header().rsn())
                .append(':')
                .append(new Key(record.data()))
                .append(' '));
    return text.toString();
  }

  @Override
  public long sequenceNumber() {
    return SequenceNumbers.of(records.get(SEQUENCE_KEY));
  }

  @Override
  public @Nullable StoredRecord fetch(Key key) {
    return records.get(key);
  }

  @Override
  public void apply(List<Update> updates) {
    checkSpace();
    long number = sequenceNumber();
    long stamp = stamp();
    updates.forEach(u -> records.put(u.key(), u.record()));
    observer.written(number, stamp);
  }

  @Override
  public void replaceAll(Iterable<Update> content) {
    checkSpace();
    long number = sequenceNumber();
    long stamp = stamp();
    records.clear();
    content.forEach(u -> records.put(u.key(), u.record()));
    observer.written(number, stamp);
  }

  private void checkSpace() {
    if (full) {
      throw new StoreException("no space left on the disk of node " + pnn);
    }
  }

  @Override
  public void forEach(RecordVisitor visitor) {
    records.forEach(visitor::visit);
  }

  @Override
  public void close() {}
}
