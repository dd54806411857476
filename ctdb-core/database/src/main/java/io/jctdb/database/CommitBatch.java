package io.jctdb.database;

import io.jctdb.store.TransactionStore.Update;
import java.util.List;

/**
 * Transactions that are written together, in one transaction of the file and with one fsync.
 *
 * @param sequenceNumber of the database after this batch; one more than before it
 * @param ids the clients' transactions in it
 * @param updates every changed record once, the sequence number record included
 */
record CommitBatch(long sequenceNumber, List<Id> ids, List<Update> updates) {
  CommitBatch {
    ids = List.copyOf(ids);
    updates = List.copyOf(updates);
  }

  /**
   * One client's transaction.
   *
   * @param pnn of the node whose client it is
   * @param number unique on that node, also over its restarts
   */
  record Id(int pnn, long number) {}
}
