package io.jctdb.tests.simulator;

import io.jctdb.protocol.RecordHeader;
import io.jctdb.store.SequenceNumbers;
import io.jctdb.store.StoredRecord;
import io.jctdb.store.TransactionStore;
import io.jctdb.store.TransactionStore.Update;
import java.util.List;
import java.util.Set;

/**
 * An smbd (or {@code net}) that changes the persistent database (databases.md 6.1): reads the local
 * copy, sends what it changes with the next sequence number, and when refused looks at the number
 * to learn what became of it. Mostly under the lock that smbds share; but smbd and the stock tool
 * do not see each other's locks (databases.md 6.4), so some go without.
 */
final class Transactor {
  private final SimulatedNode node;
  private final Simulation world;
  private final Chance chance;
  private final CommitLedger ledger;
  private final String name;
  private final int generation;
  private int left;
  private boolean locked;
  private long value;

  Transactor(SimulatedNode node, Simulation world, String name, int transactions) {
    this.node = node;
    this.world = world;
    this.chance = world.chance();
    this.ledger = world.commitLedger();
    this.name = name;
    this.generation = node.clientGeneration();
    this.left = transactions;
  }

  boolean isDone() {
    return left < 0;
  }

  /** Whether the process is still there. */
  boolean lives() {
    return node.isAlive() && node.clientGeneration() == generation;
  }

  @Override
  public String toString() {
    return "transactor " + name + " (" + left + " left, transaction " + value + ")";
  }

  void next() {
    if (--left >= 0) {
      later(chance.skewed(10 * Chance.MICROS, world.options().work().thinkNanos()), this::begin);
    }
  }

  private void later(long delayNanos, Runnable task) {
    node.client(generation, delayNanos, task);
  }

  private void begin() {
    locked = !chance.oneIn(8);
    if (locked && !world.lockTransactions(this)) {
      later(chance.nanos(100 * Chance.MICROS, Chance.MILLIS), this::begin);
      return;
    }
    SimulatedDisk disk = node.disk();
    long number = disk.sequenceNumber();
    long parent = disk.value(CommitLedger.LEFT);
    value = world.newValue();
    ledger.begun(value, parent);
    List<Update> updates =
        List.of(
            new Update(CommitLedger.LEFT, record(disk.rsn(CommitLedger.LEFT) + 1)),
            new Update(CommitLedger.RIGHT, record(disk.rsn(CommitLedger.RIGHT) + 1)),
            new Update(
                TransactionStore.SEQUENCE_KEY,
                new StoredRecord(
                    new RecordHeader(disk.isEmpty() ? 1 : number + 1, node.pnn(), 0),
                    SequenceNumbers.data(number + 1))));
    later(chance.skewed(Chance.MICROS, 200 * Chance.MICROS), () -> commit(number, updates));
  }

  private StoredRecord record(long rsn) {
    return new StoredRecord(new RecordHeader(rsn, node.pnn(), 0), Value.bytes(value));
  }

  private void commit(long number, List<Update> updates) {
    trace("wants " + value);
    long wanted = value;
    node.daemon(
        chance.skewed(5_000, 50_000),
        () ->
            node.commits()
                .commit(
                    CommitLedger.DATABASE.dbId(),
                    updates,
                    (status, error) -> {
                      if (status == 0 && lives()) {
                        // What it promises must be true when it is said, not when it is heard.
                        ledger.acknowledged(wanted, node.members(), world.disks());
                      }
                      later(chance.skewed(5_000, 50_000), () -> answered(status, number, updates));
                    }));
  }

  private void answered(int status, long number, List<Update> updates) {
    trace("hears " + status + " for " + value);
    long now = node.disk().sequenceNumber();
    if (status != 0 && now == number) {
      commit(number, updates);
      return;
    }
    if (status == 0 || now == number + 1) {
      ledger.acknowledged(value, Set.of(node.pnn()), world.disks());
    } else {
      ledger.refused();
    }
    if (locked) {
      world.unlockTransactions(this);
    }
    next();
  }

  private void trace(String what) {
    world.trace("transactor " + name, () -> what);
  }
}
