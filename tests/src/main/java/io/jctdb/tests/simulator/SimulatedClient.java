package io.jctdb.tests.simulator;

import io.jctdb.database.record.CallDone;
import io.jctdb.protocol.Key;
import io.jctdb.protocol.RecordHeader;
import io.jctdb.store.StoredRecord;

/**
 * An smbd: works on records as Samba's database layer does (databases.md 5.3). To change one it
 * takes the chain lock, looks whether its node owns the record, and if not lets go, asks the
 * daemon, and tries again, without limit.
 */
final class SimulatedClient {
  private final SimulatedNode node;
  private final Simulation world;
  private final Chance chance;
  private final String name;
  private final int generation;
  private int operationsLeft;
  private Key key;
  private long begunNanos;
  private boolean deletes;

  /** What is read may be a read-only copy. */
  private boolean copyWillDo;

  /** It is read from the file in any case, as by {@code ctdb readkey}. */
  private boolean readsTheFile;

  private int tries;

  SimulatedClient(SimulatedNode node, Simulation world, String name) {
    this.node = node;
    this.world = world;
    this.chance = world.chance();
    this.name = name;
    this.generation = node.clientGeneration();
    this.operationsLeft = world.options().work().operationsPerClient();
    this.key = world.anyKey();
  }

  boolean isDone() {
    return operationsLeft < 0;
  }

  @Override
  public String toString() {
    return "client " + name + " (" + operationsLeft + " left, key " + key + ", try " + tries + ")";
  }

  void start() {
    next();
  }

  private void next() {
    if (--operationsLeft >= 0) {
      node.client(
          generation,
          chance.skewed(10 * Chance.MICROS, world.options().work().thinkNanos()),
          this::begin);
    }
  }

  private void begin() {
    begunNanos = world.events().now();
    key = world.anyKey();
    tries = 0;
    deletes = false;
    copyWillDo = world.readers().below(8) < world.options().work().reads();
    readsTheFile = copyWillDo && world.readers().oneIn(3);
    if (copyWillDo) {
      parse();
      return;
    }
    switch (chance.below(10)) {
      case 0, 1 -> parse();
      case 2, 3 -> {
        deletes = true;
        fetchLocked();
      }
      default -> fetchLocked();
    }
  }

  // ---- reading without the lock ----

  private void parse() {
    StoredRecord copy = node.store().peek(key);
    tries++;
    if (copy != null && mayRead(copy.header())) {
      long value = Value.number(copy);
      world.ledger().found(node.pnn(), key, value);
      haveRead(value);
    } else if (readsTheFile) {
      world.tried(tries);
      call(value -> parse());
    } else {
      call(this::haveRead);
    }
  }

  private boolean mayRead(RecordHeader header) {
    return header.dmaster() == node.pnn()
        || (copyWillDo && (header.flags() & RecordHeader.RO_HAVE_READONLY) != 0);
  }

  private boolean mayWrite(RecordHeader header) {
    Mutation mutation = world.options().mutation();
    boolean owns = header.dmaster() == node.pnn() || mutation == Mutation.CLIENT_IGNORES_OWNER;
    boolean alone =
        (header.flags() & RecordHeader.RO_HAVE_DELEGATIONS) == 0
            || mutation == Mutation.CLIENT_IGNORES_DELEGATIONS;
    return owns && alone;
  }

  private void haveRead(long value) {
    trace("reads " + value);
    world.history().read(key, name, begunNanos, value);
    next();
  }

  // ---- changing under the lock ----

  private void fetchLocked() {
    tries++;
    world.tried(tries);
    node.store().lock(key, this::entered);
  }

  private void entered() {
    StoredRecord copy = node.store().peek(key);
    if (copy == null || !mayWrite(copy.header())) {
      node.store().unlock(key);
      call(value -> fetchLocked());
      return;
    }
    long seen = Value.number(copy);
    world.ledger().found(node.pnn(), key, seen);
    node.client(
        generation,
        chance.skewed(1, chance.oneIn(10) ? world.options().work().longHoldNanos() : 100_000),
        () -> change(seen));
  }

  private void change(long seen) {
    StoredRecord copy = node.store().peek(key);
    if (copy == null || Value.number(copy) != seen) {
      throw new Violation("key " + key + " changed under the chain lock of " + this);
    }
    long left = deletes ? Value.EMPTY : world.newValue();
    trace((deletes ? "deletes " : "changes ") + seen + " to " + left);
    node.store().write(key, deletes ? StoredRecord.NO_DATA : Value.bytes(left));
    world.ledger().written(node.pnn(), key, copy.header().rsn(), left);
    world.checkReaders(key);
    world.history().changed(key, begunNanos, world.events().now(), seen, left);
    if (deletes) {
      Key deleted = key;
      node.daemon(
          chance.skewed(5_000, 50_000),
          () -> node.engine().scheduleDeletion(Simulation.DB, deleted));
    }
    node.store().unlock(key);
    next();
  }

  // ---- asking the daemon ----

  private interface Answered {
    void answered(long value);
  }

  private void call(Answered next) {
    Key asked = key;
    trace("calls");
    int call = world.nextCall();
    node.daemon(
        chance.skewed(5_000, 50_000), () -> ask(asked, new Reply(asked, copyWillDo, call, next)));
  }

  private void ask(Key asked, Reply reply) {
    if (reply.copyWillDo) {
      node.engine().read(Simulation.DB, asked, reply);
    } else {
      node.engine().call(Simulation.DB, asked, reply);
    }
  }

  private final class Reply implements CallDone {
    private final Key asked;
    private final boolean copyWillDo;
    private final int call;
    private final Answered next;
    private boolean answered;

    Reply(Key asked, boolean copyWillDo, int call, Answered next) {
      this.asked = asked;
      this.copyWillDo = copyWillDo;
      this.call = call;
      this.next = next;
    }

    @Override
    public void record(RecordHeader header, byte[] data) {
      if (answered) {
        throw new Violation("call " + call + " answered twice");
      }
      answered = true;
      boolean owned =
          header.dmaster() == node.pnn()
              && (copyWillDo || (header.flags() & RecordHeader.RO_MASK) == 0);
      boolean readable = copyWillDo && (header.flags() & RecordHeader.RO_HAVE_READONLY) != 0;
      if (!owned && !readable) {
        throw new Violation("answered " + header + " on node " + node.pnn() + " for " + asked);
      }
      if (node.store().inSection()) {
        throw new Violation("answered while the daemon holds a chain lock");
      }
      long value = Value.number(data);
      node.client(generation, chance.skewed(5_000, 50_000), () -> next.answered(value));
    }

    @Override
    public void unknownDatabase() {
      throw new Violation("unknown database");
    }
  }

  private void trace(String what) {
    Key present = key;
    world.trace("client " + name, () -> what + " of " + present);
  }
}
