package io.jctdb.store.tdb;

import io.jctdb.linux.Tdb;
import io.jctdb.linux.TdbChainHeads;
import io.jctdb.linux.TdbException;
import io.jctdb.protocol.Key;
import io.jctdb.store.RecordStore;
import io.jctdb.store.RecordVisitor;
import io.jctdb.store.StoreException;
import io.jctdb.store.StoredRecord;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.function.Consumer;

/**
 * A walk along the chains of a file. Empty chains are passed without a lock; a chain with records
 * is locked without blocking, read, shown record by record, and unlocked. Chains that are taken are
 * tried again at the end.
 */
final class TdbScan implements RecordStore.Scan {
  private final Tdb tdb;
  private final TdbChainHeads heads;

  /**
   * Whether a chain that looks empty is locked and read, too. While libtdb moves the only record of
   * a chain to another place in the file, the chain is empty for a moment, under its lock.
   */
  private final boolean emptyOnes;

  private final Consumer<Runnable> store;
  private final Queue<Integer> busy = new ArrayDeque<>();
  private int position;

  /**
   * @param store runs a piece of the scan such that the store lets nothing else in meanwhile
   */
  TdbScan(Tdb tdb, TdbChainHeads heads, boolean emptyOnes, Consumer<Runnable> store) {
    this.tdb = tdb;
    this.heads = heads;
    this.emptyOnes = emptyOnes;
    this.store = store;
  }

  @Override
  public boolean next(int limit, RecordVisitor visitor) {
    Slice slice = new Slice(Math.max(limit, 1), visitor);
    store.accept(slice);
    return position < heads.hashSize() || !busy.isEmpty();
  }

  private final class Slice implements Runnable {
    private final RecordVisitor visitor;
    private int remaining;

    Slice(int limit, RecordVisitor visitor) {
      this.remaining = limit;
      this.visitor = visitor;
    }

    @Override
    public void run() {
      position = from(position);
      while (remaining > 0 && position < heads.hashSize()) {
        int chain = position;
        position = from(chain + 1);
        visitOrPutOff(chain);
      }
      for (int tries = busy.size(); remaining > 0 && tries > 0; tries--) {
        visitOrPutOff(busy.remove());
      }
    }

    private int from(int chain) {
      return emptyOnes ? chain : heads.nextUsed(chain);
    }

    private void visitOrPutOff(int chain) {
      remaining -= emptyOnes ? 1 : 0;
      byte[] lockKey = ChainKeys.of(chain);
      try {
        if (!tdb.tryChainLock(lockKey)) {
          busy.add(chain);
          return;
        }
        try {
          visit(chain);
        } finally {
          tdb.chainUnlock(lockKey);
        }
      } catch (TdbException e) {
        throw new StoreException(e.getMessage(), e);
      }
    }

    private void visit(int chain) {
      List<Entry> entries = new ArrayList<>();
      tdb.traverseChain(
          chain,
          (key, value) -> {
            StoredRecord record = TdbValues.read(value);
            return record == null || entries.add(new Entry(new Key(key), record));
          });
      for (Entry entry : entries) {
        remaining--;
        visitor.visit(entry.key(), entry.record());
      }
    }
  }

  private record Entry(Key key, StoredRecord record) {}
}
