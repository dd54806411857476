package io.jctdb.store;

import io.jctdb.protocol.Key;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The local full copy of one persistent or replicated database.
 *
 * <p>Unlike {@link RecordStore} its operations block (locks, fsync) and so belong on a thread that
 * may wait; one thread at a time. smbd reads the same file without asking.
 */
public interface TransactionStore extends AutoCloseable {
  /** Key of the sequence number record: this name with its NUL; value u64 little-endian. */
  Key SEQUENCE_KEY =
      new Key("__db_sequence_number__\0".getBytes(java.nio.charset.StandardCharsets.US_ASCII));

  /** Value of the sequence number record, 0 if absent or malformed. Never creates it. */
  long sequenceNumber();

  @Nullable StoredRecord fetch(Key key);

  /**
   * Stores all records in one transaction that is on disk (for persistent databases) when this
   * returns: after a crash either all or none are there.
   *
   * @throws StoreException if nothing was changed
   */
  void apply(List<Update> updates);

  /** Like {@link #apply}, but everything else is removed in the same transaction. */
  void replaceAll(Iterable<Update> content);

  /** Visits every record, the sequence number included. */
  void forEach(RecordVisitor visitor);

  @Override
  void close();

  /** One record to be written as given: no rule changes its header. */
  record Update(Key key, StoredRecord record) {}
}
