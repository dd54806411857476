package io.jctdb.database.commit;

import io.jctdb.database.DatabaseType;
import io.jctdb.database.Databases;
import io.jctdb.database.DurableLane;
import io.jctdb.database.Epoch;
import io.jctdb.database.message.CommitMessage;
import io.jctdb.database.message.NodeMessage;
import io.jctdb.database.message.NodeMessageCodec;
import io.jctdb.database.message.NodePort;
import io.jctdb.protocol.Key;
import io.jctdb.protocol.RecordHeader;
import io.jctdb.store.RecordStore;
import io.jctdb.store.RecordVisitor;
import io.jctdb.store.StoreException;
import io.jctdb.store.StoredRecord;
import io.jctdb.store.TransactionStore;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A cluster of commit engines in simulated time, all of it decided by one seed: disks that survive
 * a crash, links that lose what is on them, epochs as the leader would run them, and clients that
 * behave as smbd does (databases.md 6.1).
 */
final class CommitWorld {
  static final Databases.DurableDatabase DATABASE =
      new Databases.DurableDatabase(0x6CF2837D, "registry.tdb", DatabaseType.PERSISTENT);
  static final long MICROS = 1_000;
  static final long MILLIS = 1_000_000;
  static final long SECONDS = 1_000_000_000;

  private record Event(long atNanos, long order, Runnable action) {}

  final SplittableRandom random;
  final List<Machine> machines = new ArrayList<>();
  final @Nullable Consumer<String> story;
  private final PriorityQueue<Event> events =
      new PriorityQueue<>(Comparator.comparing(Event::atNanos).thenComparing(Event::order));
  private final long delayMaxNanos;
  private long now;
  private long orders;
  long lastEpoch;
  private int attempt;

  /**
   * Members of the last epoch in which transactions could be answered, but for those left behind:
   * who of them is there knows all that was answered. A cluster without any of them would begin
   * anew from an old copy, in ctdb as here.
   */
  private final Set<Integer> anchor = new TreeSet<>();

  private final Set<Integer> behind = new TreeSet<>();

  /** At a remote site: nobody waits for them, and their lines are longer. */
  final Set<Integer> remote = new TreeSet<>();

  CommitWorld(long seed, int machineCount, @Nullable Consumer<String> story) {
    this.random = new SplittableRandom(seed);
    this.story = story;
    this.delayMaxNanos = skewed(100 * MICROS, 3 * MILLIS);
    for (int pnn = 0; pnn < machineCount; pnn++) {
      machines.add(new Machine(pnn));
      anchor.add(pnn);
    }
  }

  long now() {
    return now;
  }

  void tell(String what) {
    if (story != null) {
      story.accept(String.format("%10.3f ms %s", now / 1e6, what));
    }
  }

  long skewed(long low, long high) {
    return Math.min(
        high, (long) (low * Math.exp(random.nextDouble() * Math.log((double) high / low))));
  }

  boolean oneIn(int n) {
    return random.nextInt(n) == 0;
  }

  Event after(long delayNanos, Runnable action) {
    Event event = new Event(now + delayNanos, orders++, action);
    events.add(event);
    return event;
  }

  boolean step(long endNanos) {
    Event event = events.peek();
    if (event == null || event.atNanos > endNanos) {
      return false;
    }
    events.remove();
    now = event.atNanos;
    event.action.run();
    return true;
  }

  void runFor(long nanos) {
    long end = now + nanos;
    while (step(end)) {
      // everything happens in there
    }
    now = end;
  }

  // --- epochs

  /** All that are alive and want to be members become it, sooner or later. */
  void changeEpochSoon() {
    int mine = ++attempt;
    after(skewed(MILLIS, 20 * MILLIS), () -> changeEpoch(mine));
  }

  private void changeEpoch(int mine) {
    if (mine != attempt) {
      return;
    }
    Set<Integer> members = new TreeSet<>();
    machines.stream().filter(m -> m.alive && m.joining).forEach(m -> members.add(m.pnn));
    if (members.isEmpty()
        || members.stream().noneMatch(m -> anchor.contains(m) && !remote.contains(m))) {
      return; // who knows the newest content is not there; it will come, and call again
    }
    Epoch next = epochOf(members);
    tell("proposes " + next);
    Set<Integer> missing = new HashSet<>(next.voters());
    for (int pnn : members) {
      Machine machine = machines.get(pnn);
      machine.later(
          skewed(50 * MICROS, 3 * MILLIS),
          () -> {
            machine.promise(next.number());
            missing.remove(pnn);
            if (missing.isEmpty() && mine == attempt) {
              begin(next);
            }
          });
    }
  }

  private Epoch epochOf(Set<Integer> members) {
    TreeSet<Integer> far = new TreeSet<>(remote);
    far.retainAll(members);
    TreeSet<Integer> all = new TreeSet<>(members);
    return new Epoch(++lastEpoch, all, all, far);
  }

  private void begin(Epoch epoch) {
    tell("begins " + epoch);
    for (int pnn : epoch.members()) {
      machines
          .get(pnn)
          .later(skewed(50 * MICROS, 5 * MILLIS), () -> machines.get(pnn).start(epoch));
    }
  }

  // --- one node

  static final class Disk {
    final Map<Key, StoredRecord> records = new TreeMap<>(Comparator.comparing(Key::toString));

    long sequenceNumber() {
      StoredRecord record = records.get(TransactionStore.SEQUENCE_KEY);
      return record == null
          ? 0
          : ByteBuffer.wrap(record.data()).order(ByteOrder.LITTLE_ENDIAN).getLong();
    }

    String text(String key) {
      StoredRecord record = records.get(key(key));
      return record == null ? "" : new String(record.data(), StandardCharsets.UTF_8);
    }

    long rsn(String key) {
      StoredRecord record = records.get(key(key));
      return record == null ? 0 : record.header().rsn();
    }

    /** Everything, comparable and readable. */
    String content() {
      StringBuilder text = new StringBuilder();
      records.forEach(
          (key, record) ->
              text.append(key)
                  .append('=')
                  .append(record.header().rsn())
                  .append(':')
                  .append(new Key(record.data()))
                  .append(' '));
      return text.toString();
    }
  }

  static Key key(String text) {
    return new Key(text.getBytes(StandardCharsets.UTF_8));
  }

  static TransactionStore.Update update(String key, long rsn, int dmaster, String data) {
    return new TransactionStore.Update(
        key(key),
        new StoredRecord(new RecordHeader(rsn, dmaster, 0), data.getBytes(StandardCharsets.UTF_8)));
  }

  static TransactionStore.Update sequence(long rsn, int dmaster, long number) {
    byte[] data = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(number).array();
    return new TransactionStore.Update(
        TransactionStore.SEQUENCE_KEY, new StoredRecord(new RecordHeader(rsn, dmaster, 0), data));
  }

  private final class Copies implements CommitEngine.CopyWatch {
    @Override
    public void behind(int pnn, Databases.DurableDatabase database, String why) {
      behind.add(pnn);
      anchor.remove(pnn);
    }

    @Override
    public void level(int pnn, Databases.DurableDatabase database) {
      behind.remove(pnn);
      anchor.add(pnn);
    }
  }

  final class Machine implements NodePort, Databases {
    final int pnn;
    Disk disk = new Disk();
    boolean attached = true;

    /** Its copy cannot be opened. */
    boolean broken;

    /** Its file was damaged and set aside; the new one is empty and waits for content. */
    boolean awaited;

    /** How long each piece of work takes at least since it has been told to fetch a copy. */
    long slowNanos;

    private boolean fetching;

    boolean diskFull;
    boolean alive;
    boolean joining;
    int life;

    /** Clients do not outlive the daemon, nor its leaving the cluster. */
    int clientLife;

    Runnable onChange = () -> {};

    /** What comes from others, after it has been received. */
    Consumer<CommitMessage> onMessage = message -> {};

    private @Nullable CommitEngine engine;
    private long promised;
    private @Nullable Epoch epoch;
    private long laneFree;
    private final Map<Integer, Long> lastArrival = new HashMap<>();
    private final Map<Integer, Integer> linkGeneration = new HashMap<>();

    Machine(int pnn) {
      this.pnn = pnn;
    }

    CommitEngine engine() {
      if (engine == null) {
        throw new IllegalStateException("node " + pnn + " is dead");
      }
      return engine;
    }

    boolean isReady() {
      return alive && joining && engine().isReconciled();
    }

    void boot() {
      tell("node " + pnn + " boots");
      life++;
      alive = true;
      joining = true;
      promised = 0;
      epoch = null;
      laneFree = 0;
      engine = new CommitEngine(this, this, now, () -> 60 * SECONDS);
      engine.onReconciled(
          () -> {
            tell("node " + pnn + " is ready");
            if (epoch != null) {
              anchor.clear();
              anchor.addAll(epoch.members());
              anchor.removeAll(behind);
            }
          });
      engine.watchCopies(new Copies());
      engine.onLeftBehind((database, problem) -> leaveFor(40 * MILLIS));
      changeEpochSoon();
    }

    /** What a daemon does that has a wrong copy. */
    private void leaveFor(long nanos) {
      if (joining) {
        leave();
        later(nanos, this::rejoin);
      }
    }

    void crash() {
      tell("node " + pnn + " dies");
      life++;
      clientLife++;
      alive = false;
      joining = false;
      engine = null;
      machines.forEach(
          other -> {
            cut(other.pnn);
            other.cut(pnn);
          });
      changeEpochSoon();
    }

    /** Stopped or banned, while the daemon lives on. */
    void leave() {
      tell("node " + pnn + " leaves");
      joining = false;
      epoch = null;
      clientLife++;
      engine().leftCluster();
      changeEpochSoon();
    }

    void rejoin() {
      joining = true;
      changeEpochSoon();
    }

    private void promise(long number) {
      if (joining && number > promised) {
        promised = number;
        engine().epochPromised(number);
      }
    }

    private void start(Epoch started) {
      if (started.isRemote(pnn)) {
        promise(started.number()); // begins what is committed, promised or not
      }
      if (joining && started.number() == promised) {
        epoch = started;
        engine().epochStarted(started);
      }
    }

    /** What is on the way to that node is lost. */
    void cut(int other) {
      linkGeneration.merge(other, 1, Integer::sum);
    }

    /** Something that this life of the daemon does. */
    void later(long delayNanos, Runnable task) {
      int mine = life;
      CommitWorld.this.after(
          delayNanos,
          () -> {
            if (alive && life == mine) {
              task.run();
            }
          });
    }

    @Override
    public int self() {
      return pnn;
    }

    @Override
    public void send(int to, NodeMessage message) {
      tell(pnn + " -> " + to + " " + message);
      byte[] bytes = NodeMessageCodec.encode(message);
      int generation = linkGeneration.getOrDefault(to, 0);
      boolean far = to != pnn && (remote.contains(to) || remote.contains(pnn));
      long delay =
          to == pnn ? 1 : far ? skewed(MILLIS, 30 * MILLIS) : skewed(20 * MICROS, delayMaxNanos);
      long arrival = Math.max(now + delay, lastArrival.getOrDefault(to, 0L) + 1);
      lastArrival.put(to, arrival);
      Machine receiver = machines.get(to);
      CommitWorld.this.after(
          arrival - now,
          () -> {
            if (receiver.alive && linkGeneration.getOrDefault(to, 0) == generation) {
              receiver.fetching |= message instanceof CommitMessage.Fetch;
              CommitMessage received = (CommitMessage) NodeMessageCodec.decode(bytes);
              receiver.engine().receive(pnn, received);
              receiver.onMessage.accept(received);
            }
          });
    }

    @Override
    public long nowNanos() {
      return now;
    }

    @Override
    public Timer after(long delayNanos, Runnable task) {
      boolean[] cancelled = {false};
      later(
          delayNanos,
          () -> {
            if (!cancelled[0]) {
              task.run();
            }
          });
      return () -> cancelled[0] = true;
    }

    @Override
    public Collection<Integer> volatileIds() {
      return List.of();
    }

    @Override
    public @Nullable RecordStore volatileStore(int dbId) {
      return null;
    }

    @Override
    public @Nullable DurableLane durableLane(int dbId) {
      return attached && !broken && dbId == DATABASE.dbId() ? new Lane() : null;
    }

    @Override
    public Collection<DurableDatabase> durable() {
      return attached && !broken && !awaited ? List.of(DATABASE) : List.of();
    }

    @Override
    public @Nullable DurableLane attach(DurableDatabase database) {
      attached = true;
      return durableLane(database.dbId());
    }

    private final class Lane implements DurableLane {
      @Override
      public <T> void submit(
          Function<TransactionStore, T> work, Consumer<T> done, Consumer<StoreException> failed) {
        laneFree =
            Math.max(now + 1, laneFree)
                + (fetching ? slowNanos : 0)
                + skewed(10 * MICROS, 3 * MILLIS);
        long answered = laneFree - now + skewed(1 * MICROS, MILLIS);
        laneFree = now + answered;
        later(
            answered - 1,
            () -> {
              Runnable outcome;
              try {
                T result = work.apply(new FileStore());
                outcome = () -> done.accept(result);
              } catch (StoreException e) {
                outcome = () -> failed.accept(e);
              }
              later(1, outcome);
            });
      }
    }

    private final class FileStore implements TransactionStore {
      @Override
      public long sequenceNumber() {
        checkUsable();
        return disk.sequenceNumber();
      }

      @Override
      public @Nullable StoredRecord fetch(Key key) {
        checkUsable();
        return disk.records.get(key);
      }

      @Override
      public void apply(List<Update> updates) {
        checkUsable();
        checkSpace();
        updates.forEach(u -> disk.records.put(u.key(), u.record()));
        changed();
      }

      @Override
      public void replaceAll(Iterable<Update> content) {
        checkSpace();
        awaited = false;
        disk.records.clear();
        content.forEach(u -> disk.records.put(u.key(), u.record()));
        changed();
      }

      private void checkUsable() {
        if (awaited) {
          throw new StoreException("the copy of node " + pnn + " waits for content");
        }
      }

      private void checkSpace() {
        if (diskFull) {
          throw new StoreException("no space left on the disk of node " + pnn);
        }
      }

      private void changed() {
        tell("node " + pnn + " writes " + disk.sequenceNumber() + " " + disk.text("a"));
        onChange.run();
      }

      @Override
      public void forEach(RecordVisitor visitor) {
        checkUsable();
        disk.records.forEach(visitor::visit);
      }

      @Override
      public void close() {}
    }
  }
}
