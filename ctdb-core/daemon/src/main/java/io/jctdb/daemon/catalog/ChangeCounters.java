package io.jctdb.daemon.catalog;

import io.jctdb.database.message.NodePort;
import java.util.HashMap;
import java.util.Map;
import java.util.function.IntConsumer;
import java.util.function.LongSupplier;

/**
 * Tells other nodes that a database changed, for those clients that only ask "changed since?"
 * (databases.md 6.5): every SeqnumInterval, if the counter in a file's header moved here, they add
 * one to theirs. A hint; many changes become one. Owner thread only.
 */
public final class ChangeCounters {
  private final NodePort port;
  private final LongSupplier intervalNanos;
  private final IntConsumer announce;
  private final Map<Integer, Integer> lastSeen = new HashMap<>();

  /**
   * @param announce sends UPDATE_SEQNUM for a database id to the other active nodes
   */
  public ChangeCounters(NodePort port, LongSupplier intervalNanos, IntConsumer announce) {
    this.port = port;
    this.intervalNanos = intervalNanos;
    this.announce = announce;
  }

  /** Starts watching; repeats are harmless. */
  public void enable(AttachedDatabase database) {
    database.store().enableSequenceNumber();
    if (lastSeen.containsKey(database.id())) {
      return;
    }
    lastSeen.put(database.id(), 0);
    database
        .store()
        .changeCounter(
            counter -> {
              lastSeen.replace(database.id(), counter);
              watch(database);
            });
  }

  private void watch(AttachedDatabase database) {
    port.after(intervalNanos.getAsLong(), () -> look(database));
  }

  private void look(AttachedDatabase database) {
    if (!lastSeen.containsKey(database.id())) {
      return; // detached meanwhile
    }
    database
        .store()
        .changeCounter(
            counter -> {
              Integer before = lastSeen.replace(database.id(), counter);
              if (before != null && before != counter) {
                announce.accept(database.id());
              }
              watch(database);
            });
  }

  /** It changed on another node. The new value is remembered so that it is not echoed. */
  public void changedElsewhere(AttachedDatabase database) {
    if (lastSeen.containsKey(database.id())) {
      database.store().bumpChangeCounter(counter -> lastSeen.replace(database.id(), counter));
    }
  }

  public void forget(int dbId) {
    lastSeen.remove(dbId);
  }

  /** All are about to be closed. */
  public void forgetAll() {
    lastSeen.clear();
  }
}
