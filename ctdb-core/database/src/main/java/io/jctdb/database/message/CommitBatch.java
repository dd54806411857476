package io.jctdb.database.message;

import io.jctdb.store.TransactionStore;
import io.jctdb.store.TransactionStore.Update;
import java.util.List;

/**
 * Transactions that are written together, in one transaction of the file and with one fsync.
 *
 * @param base sequence number of the only content that this batch may be written on
 * @param sequenceNumber of the database after this batch; usually one more than {@code base}, and
 *     never what a client whose transaction was refused would take for its own
 * @param ids the clients' transactions in it
 * @param updates every changed record once, the sequence number record included
 */
public record CommitBatch(long base, long sequenceNumber, List<Id> ids, List<Update> updates) {
  public CommitBatch {
    ids = List.copyOf(ids);
    updates = List.copyOf(updates);
  }

  /** Tells contents with the same sequence number apart: see {@code Stamp} of the commits. */
  public long stamp() {
    for (Update update : updates) {
      if (update.key().equals(TransactionStore.SEQUENCE_KEY)) {
        return update.record().header().rsn();
      }
    }
    return 0;
  }

  /**
   * One client's transaction.
   *
   * @param pnn of the node whose client it is
   * @param number unique on that node, also over its restarts
   */
  public record Id(int pnn, long number) {}
}
