package io.jctdb.tests.simulator;

import io.jctdb.protocol.Key;
import io.jctdb.protocol.RecordHeader;
import io.jctdb.store.LockedRecord;
import io.jctdb.store.RecordSection;
import io.jctdb.store.RecordStore;
import io.jctdb.store.RecordVisitor;
import io.jctdb.store.StoredRecord;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The file that a node's daemon shares with its clients: few hash chains, so that keys collide, and
 * a lock for each that clients hold as long as they like.
 */
final class SimulatedStore implements RecordStore {
  /** Hears of every change by the daemon, before it happens. */
  interface Observer {
    void stored(Key key, @Nullable StoredRecord old, @Nullable StoredRecord fresh);
  }

  /** Runs something of the daemon's a little later. */
  interface Later {
    void run(Runnable task);
  }

  private static final class Chain {
    boolean taken;
    boolean byClient;
    boolean frozen;
    final ArrayDeque<Runnable> daemon = new ArrayDeque<>();
    final List<Runnable> clients = new ArrayList<>();
  }

  private final int node;
  private final Chance chance;
  private final Observer observer;
  private final Later daemonLater;
  private final Later clientLater;
  private final Mutation mutation;
  private final Map<Key, StoredRecord> records = new LinkedHashMap<>();
  private final Chain[] chains;
  private boolean closed;
  private boolean inSection;
  private int freezes;

  /** The read-only copy that the running section has made a plain one. */
  private @Nullable StoredRecord dropped;

  private boolean bringsBack;

  SimulatedStore(
      int node,
      int chains,
      Chance chance,
      Mutation mutation,
      Observer observer,
      Later daemonLater,
      Later clientLater) {
    this.node = node;
    this.chance = chance;
    this.mutation = mutation;
    this.observer = observer;
    this.daemonLater = daemonLater;
    this.clientLater = clientLater;
    this.chains = new Chain[chains];
    for (int i = 0; i < chains; i++) {
      this.chains[i] = new Chain();
    }
  }

  // ---- the daemon's side ----

  @Override
  public void locked(Key key, RecordSection section) {
    Chain chain = chain(key);
    if (chain.taken || !chain.daemon.isEmpty()) {
      chain.daemon.add(() -> run(key, section));
      return;
    }
    chain.taken = true;
    chain.byClient = false;
    run(key, section);
    release(chain);
  }

  /** Whether the daemon is inside a section now. */
  boolean inSection() {
    return inSection;
  }

  private void run(Key key, RecordSection section) {
    if (inSection) {
      throw new Violation("a section inside a section");
    }
    inSection = true;
    dropped = null;
    bringsBack = false;
    Locked locked = new Locked(key);
    section.run(locked);
    if (bringsBack && dropped != null) {
      records.put(key, dropped);
    }
    locked.over = true;
    inSection = false;
  }

  /** A fault: the read-only copy that this section gives up can still be read after it. */
  void bringBackReadOnlyCopy() {
    bringsBack = true;
  }

  private final class Locked implements LockedRecord {
    private final Key key;
    private boolean over;

    Locked(Key key) {
      this.key = key;
    }

    @Override
    public Key key() {
      return key;
    }

    @Override
    public @Nullable StoredRecord fetch() {
      checkOpen();
      return records.get(key);
    }

    @Override
    public void store(RecordHeader header, byte[] data) {
      checkOpen();
      RecordHeader written =
          mutation == Mutation.GIVER_KEEPS_OWNERSHIP ? header.withDmaster(node) : header;
      StoredRecord fresh = new StoredRecord(written, data);
      StoredRecord old = records.get(key);
      observer.stored(key, old, fresh);
      boolean drops = old != null && (old.header().flags() & RecordHeader.RO_HAVE_READONLY) != 0;
      dropped = drops ? old : null;
      records.put(key, fresh);
    }

    @Override
    public void delete() {
      checkOpen();
      observer.stored(key, records.get(key), null);
      records.remove(key);
    }

    private void checkOpen() {
      if (over || closed) {
        throw new Violation("record used outside its section");
      }
    }
  }

  // ---- the clients' side ----

  /** Waits for the chain lock and then runs {@code entered}, which must lead to {@link #unlock}. */
  void lock(Key key, Runnable entered) {
    Chain chain = chain(key);
    if (chain.taken) {
      chain.clients.add(entered);
    } else {
      chain.taken = true;
      chain.byClient = true;
      entered.run();
    }
  }

  void unlock(Key key) {
    release(chain(key));
  }

  @Nullable StoredRecord peek(Key key) {
    return records.get(key);
  }

  /** A client's write: the header stays as it is. */
  void write(Key key, byte[] data) {
    StoredRecord old = records.get(key);
    if (old == null) {
      throw new Violation("record vanished under the chain lock");
    }
    records.put(key, new StoredRecord(old.header(), data));
  }

  /** All clients are gone, and what they held is free. */
  void killClients() {
    for (Chain chain : chains) {
      chain.clients.clear();
      if (chain.taken && chain.byClient) {
        release(chain);
      }
    }
  }

  /** Whoever gets the lock next is nobody's choice. */
  private void release(Chain chain) {
    chain.taken = false;
    if (closed) {
      return;
    }
    int waiting = chain.clients.size() + (chain.daemon.isEmpty() ? 0 : 1);
    if (waiting == 0) {
      return;
    }
    chain.taken = true;
    chain.byClient = false;
    int next = waiting == 1 ? 0 : chance.below(waiting);
    if (next < chain.clients.size()) {
      chain.byClient = true;
      Runnable client = chain.clients.remove(next);
      clientLater.run(client);
    } else {
      daemonLater.run(
          () -> {
            Runnable section = chain.daemon.poll();
            if (section != null) {
              section.run();
            }
            if (!chain.frozen) {
              release(chain);
            }
          });
    }
  }

  private Chain chain(Key key) {
    return chains[Math.floorMod(key.jenkinsHash(), chains.length)];
  }

  // ---- the whole file ----

  Map<Key, StoredRecord> records() {
    return records;
  }

  @Override
  public Scan scan() {
    var all = List.copyOf(records.entrySet()).iterator();
    return (int limit, RecordVisitor visitor) -> {
      for (int i = 0; i < limit && all.hasNext(); i++) {
        var entry = all.next();
        visitor.visit(entry.getKey(), entry.getValue());
      }
      return all.hasNext();
    };
  }

  @Override
  public void freeze(Runnable done) {
    int[] missing = {chains.length};
    int number = freezes;
    for (Chain chain : chains) {
      Runnable take =
          () -> {
            if (number != freezes) {
              return; // thawed before it was frozen
            }
            chain.frozen = true;
            if (--missing[0] == 0) {
              done.run();
            }
          };
      if (chain.taken) {
        chain.daemon.add(take);
      } else {
        chain.taken = true;
        chain.byClient = false;
        take.run();
      }
    }
  }

  @Override
  public void thaw() {
    freezes++;
    for (Chain chain : chains) {
      if (chain.frozen) {
        chain.frozen = false;
        release(chain);
      }
    }
  }

  @Override
  public void wipe() {
    records.clear();
  }

  @Override
  public void storeFrozen(Key key, StoredRecord record) {
    records.put(key, record);
  }

  @Override
  public void close() {
    closed = true;
    for (Chain chain : chains) {
      chain.daemon.clear();
      chain.clients.clear();
    }
  }
}
