package io.jctdb.database.record;

import io.jctdb.database.Databases;
import io.jctdb.database.DurableLane;
import io.jctdb.database.Epoch;
import io.jctdb.database.message.KeeperMessage;
import io.jctdb.database.message.NodeMessage;
import io.jctdb.database.message.NodeMessageCodec;
import io.jctdb.database.message.NodePort;
import io.jctdb.database.message.RecordMessage;
import io.jctdb.protocol.Key;
import io.jctdb.protocol.RecordHeader;
import io.jctdb.store.LockedRecord;
import io.jctdb.store.RecordSection;
import io.jctdb.store.RecordStore;
import io.jctdb.store.StoredRecord;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A few engines joined by a network that a test moves by hand: messages are delivered in order and
 * noted down, time passes only when told.
 */
final class LittleCluster {
  static final int DB = 7;

  private record Packet(int from, int to, NodeMessage message) {}

  private record Alarm(long atNanos, long order, Runnable task, Set<Object> cancelled) {}

  final List<Node> nodes = new ArrayList<>();
  private final ArrayDeque<Packet> packets = new ArrayDeque<>();
  private final PriorityQueue<Alarm> alarms =
      new PriorityQueue<>(Comparator.comparing(Alarm::atNanos).thenComparing(Alarm::order));
  private final List<String> transcript = new ArrayList<>();
  private final Set<Integer> isolated = new HashSet<>();
  private Predicate<NodeMessage> lost = message -> false;
  private final RecordTunables tunables;
  private long nowNanos;
  private long orders;
  private int farNode = -1;
  private long farNanos;

  LittleCluster(int size) {
    this(size, RecordTunables.DEFAULT.withAside(AsideTimes.OFF));
  }

  LittleCluster(int size, RecordTunables tunables) {
    this.tunables = tunables;
    for (int pnn = 0; pnn < size; pnn++) {
      nodes.add(new Node(pnn));
    }
    begin(1);
  }

  /** All nodes are members from now on, and node {@code lmasters} alone are lmasters if given. */
  void begin(long number, Integer... lmasters) {
    TreeSet<Integer> members = new TreeSet<>();
    nodes.forEach(node -> members.add(node.pnn));
    begin(
        new Epoch(
            number, members, new TreeSet<>(lmasters.length == 0 ? members : List.of(lmasters))));
  }

  /** Its members begin it. */
  void begin(Epoch epoch) {
    begin(Epoch.NONE, epoch);
  }

  /** The same, and they know which one it builds on. */
  void begin(long base, Epoch epoch) {
    epoch.members().forEach(pnn -> nodes.get(pnn).engine.epochPromised(base, epoch));
    epoch.members().forEach(pnn -> nodes.get(pnn).engine.epochStarted(epoch));
  }

  void lose(Predicate<NodeMessage> which) {
    lost = which;
  }

  /** From now on what comes from this node or goes to it takes so long. */
  void farAway(int pnn, long nanos) {
    farNode = pnn;
    farNanos = nanos;
  }

  /** From now on nothing comes from this node or to it. */
  void isolate(int pnn) {
    isolated.add(pnn);
  }

  void rejoin(int pnn) {
    isolated.remove(pnn);
  }

  /** Delivers until nobody says anything more. Time stands still. */
  void settle() {
    while (!packets.isEmpty() || (!alarms.isEmpty() && alarms.peek().atNanos <= nowNanos)) {
      if (packets.isEmpty()) {
        ring();
      } else {
        Packet packet = packets.poll();
        nodes.get(packet.to).receive(packet.from, packet.message);
      }
    }
  }

  void pass(long nanos) {
    long end = nowNanos + nanos;
    settle();
    while (!alarms.isEmpty() && alarms.peek().atNanos <= end) {
      nowNanos = Math.max(nowNanos, alarms.peek().atNanos);
      ring();
      settle();
    }
    nowNanos = end;
  }

  private void ring() {
    Alarm alarm = alarms.remove();
    if (alarm.cancelled.isEmpty()) {
      alarm.task.run();
    }
  }

  /** What crossed the network since the last look: {@code "0>1 LOCATE"}. */
  List<String> said() {
    List<String> said = List.copyOf(transcript);
    transcript.clear();
    return said;
  }

  static Key key(String text) {
    return new Key(text.getBytes(StandardCharsets.UTF_8));
  }

  final class Node implements NodePort, Databases {
    final int pnn;
    final RecordEngine engine;
    final Store store = new Store();
    final List<String> answers = new ArrayList<>();

    Node(int pnn) {
      this.pnn = pnn;
      this.engine = new RecordEngine(this, this, tunables);
    }

    private void receive(int from, NodeMessage message) {
      switch (message) {
        case RecordMessage m -> engine.receive(from, m);
        case KeeperMessage m -> engine.receive(from, m);
        default -> throw new IllegalStateException("unexpected " + message);
      }
    }

    void call(Key key) {
      call(DB, key);
    }

    void call(int dbId, Key key) {
      engine.call(dbId, key, new Answer());
    }

    void read(Key key) {
      engine.read(DB, key, new Answer());
    }

    private final class Answer implements CallDone {
      @Override
      public void record(RecordHeader header, byte[] data) {
        if (!store.held.isEmpty() && store.inSection) {
          throw new IllegalStateException("answered under a chain lock");
        }
        answers.add(new String(data, StandardCharsets.UTF_8));
      }

      @Override
      public void unknownDatabase() {
        answers.add("unknown database");
      }
    }

    /** What smbd does under the chain lock: new data behind the same header. */
    void write(Key key, String text) {
      StoredRecord old = store.records.get(key);
      if (old == null
          || old.header().dmaster() != pnn
          || (old.header().flags() & RecordHeader.RO_HAVE_DELEGATIONS) != 0) {
        throw new IllegalStateException("not to be written: " + old);
      }
      store.records.put(key, new StoredRecord(old.header(), text.getBytes(StandardCharsets.UTF_8)));
    }

    @Nullable StoredRecord copy(Key key) {
      return store.records.get(key);
    }

    /** The copy that must be there. */
    StoredRecord present(Key key) {
      return Objects.requireNonNull(copy(key));
    }

    boolean owns(Key key) {
      StoredRecord copy = copy(key);
      return copy != null && copy.header().dmaster() == pnn;
    }

    @Override
    public int self() {
      return pnn;
    }

    @Override
    public void send(int to, NodeMessage message) {
      transcript.add(pnn + ">" + to + " " + message.getClass().getSimpleName().toUpperCase());
      if (!lost.test(message) && !isolated.contains(pnn) && !isolated.contains(to)) {
        NodeMessage copy = NodeMessageCodec.decode(NodeMessageCodec.encode(message));
        if (pnn == farNode || to == farNode) {
          alarms.add(
              new Alarm(
                  nowNanos + farNanos,
                  orders++,
                  () -> nodes.get(to).receive(pnn, copy),
                  new HashSet<>()));
        } else {
          packets.add(new Packet(pnn, to, copy));
        }
      }
    }

    @Override
    public long nowNanos() {
      return nowNanos;
    }

    @Override
    public Timer after(long delayNanos, Runnable task) {
      Set<Object> cancelled = new HashSet<>();
      alarms.add(new Alarm(nowNanos + delayNanos, orders++, task, cancelled));
      return () -> cancelled.add(this);
    }

    @Override
    public @Nullable RecordStore volatileStore(int dbId) {
      return dbId == DB ? store : null;
    }

    @Override
    public Collection<Integer> volatileIds() {
      return List.of(DB);
    }

    @Override
    public @Nullable DurableLane durableLane(int dbId) {
      return null;
    }

    @Override
    public Collection<DurableDatabase> durable() {
      return List.of();
    }

    @Override
    public @Nullable DurableLane attach(DurableDatabase database) {
      return null;
    }
  }

  /** Records in a map; a key is a chain of its own, and a test may hold its lock. */
  static final class Store implements RecordStore {
    final Map<Key, StoredRecord> records = new HashMap<>();
    final Set<Key> held = new HashSet<>();
    private final Map<Key, ArrayDeque<RecordSection>> waiting = new HashMap<>();
    boolean inSection;

    void hold(Key key) {
      held.add(key);
    }

    void letGo(Key key) {
      held.remove(key);
      ArrayDeque<RecordSection> sections = waiting.remove(key);
      while (sections != null && !sections.isEmpty()) {
        run(key, sections.poll());
      }
    }

    @Override
    public void locked(Key key, RecordSection section) {
      if (held.contains(key)) {
        waiting.computeIfAbsent(key, k -> new ArrayDeque<>()).add(section);
      } else {
        run(key, section);
      }
    }

    private void run(Key key, RecordSection section) {
      inSection = true;
      section.run(
          new LockedRecord() {
            @Override
            public Key key() {
              return key;
            }

            @Override
            public @Nullable StoredRecord fetch() {
              return records.get(key);
            }

            @Override
            public void store(RecordHeader header, byte[] data) {
              records.put(key, new StoredRecord(header, data));
            }

            @Override
            public void delete() {
              records.remove(key);
            }
          });
      inSection = false;
    }

    @Override
    public Scan scan() {
      var all = List.copyOf(records.entrySet()).iterator();
      return (limit, visitor) -> {
        if (all.hasNext()) {
          var next = all.next();
          visitor.visit(next.getKey(), next.getValue());
        }
        return all.hasNext();
      };
    }

    @Override
    public void freeze(Runnable done) {
      done.run();
    }

    @Override
    public void thaw() {}

    @Override
    public void wipe() {
      records.clear();
    }

    @Override
    public void storeFrozen(Key key, StoredRecord record) {
      records.put(key, record);
    }

    @Override
    public void close() {}
  }
}
