package io.jctdb.database.traverse;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.database.Databases;
import io.jctdb.database.DurableLane;
import io.jctdb.database.Epoch;
import io.jctdb.database.message.NodeMessage;
import io.jctdb.database.message.NodeMessageCodec;
import io.jctdb.database.message.NodePort;
import io.jctdb.database.message.TraverseMessage;
import io.jctdb.database.record.RemoteOwners;
import io.jctdb.protocol.Key;
import io.jctdb.protocol.RecordHeader;
import io.jctdb.store.LockedRecord;
import io.jctdb.store.RecordSection;
import io.jctdb.store.RecordStore;
import io.jctdb.store.RecordVisitor;
import io.jctdb.store.StoreException;
import io.jctdb.store.StoredRecord;
import io.jctdb.store.TransactionStore;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class TraverseEngineTest {
  private static final int VOLATILE = 1;
  private static final int DURABLE = 2;
  private static final long MILLIS = 1_000_000;
  private static final long FAR_MILLIS = 100;

  private final List<Node> nodes = new ArrayList<>();
  private final PriorityQueue<Event> events =
      new PriorityQueue<>(Comparator.comparing(Event::at).thenComparing(Event::order));
  private final List<String> said = new ArrayList<>();
  private @Nullable Epoch present;
  private long now;
  private long orders;

  private record Event(long at, long order, Runnable action) {}

  @Test
  void everyRecordComesOnceFromItsOwner() {
    cluster(3);
    for (int i = 0; i < 3_000; i++) {
      int owner = i % 3;
      for (Node node : nodes) {
        if (node.pnn == owner || i % 5 == 0) {
          node.put("key" + i, owner, "value " + owner);
        }
      }
    }
    Reader reader = nodes.get(1).traverse(VOLATILE, false);
    run(1_000);
    assertThat(reader.seen).hasSize(3_000).doesNotHaveDuplicates();
    assertThat(reader.end).isEqualTo("complete");
  }

  @Test
  void emptyRecordsComeOnlyIfWanted() {
    cluster(2);
    nodes.get(0).put("full", 0, "x");
    nodes.get(0).put("empty", 0, "");
    Reader without = nodes.get(1).traverse(VOLATILE, false);
    Reader with = nodes.get(1).traverse(VOLATILE, true);
    run(100);
    assertThat(without.seen).containsExactly("full");
    assertThat(with.seen).containsExactlyInAnyOrder("full", "empty");
  }

  @Test
  void aSlowReaderIsNotFlooded() {
    cluster(2);
    for (int i = 0; i < 500; i++) {
      nodes.get(0).put("key" + i, 0, "x".repeat(2_000));
    }
    Reader reader = nodes.get(1).traverse(VOLATILE, false);
    reader.room = 1;
    run(1_000);
    int chunks = said.size();
    assertThat(reader.seen).hasSizeLessThan(100);
    assertThat(reader.end).isEmpty();
    run(1_000);
    assertThat(said).hasSize(chunks);

    reader.room = Integer.MAX_VALUE;
    run(1_000);
    assertThat(reader.seen).hasSize(500);
    assertThat(reader.end).isEqualTo("complete");
  }

  @Test
  void recordsOfAMegabyteTravelOneByOne() {
    cluster(2);
    for (int i = 0; i < 60; i++) {
      nodes.get(0).put("key" + i, 0, "x".repeat(1 << 20));
    }
    Reader reader = nodes.get(1).traverse(VOLATILE, false);
    run(1_000);
    assertThat(reader.seen).hasSize(60).doesNotHaveDuplicates();
    assertThat(said.stream().filter(s -> s.startsWith("0>1 Chunk")).count()).isGreaterThan(35);
  }

  @Test
  void aMemberThatIsLostEndsItsPart() {
    cluster(3);
    for (int i = 0; i < 100; i++) {
      nodes.get(i % 3).put("key" + i, i % 3, "x");
    }
    nodes.get(2).alive = false;
    Reader reader = nodes.get(0).traverse(VOLATILE, false);
    run(100);
    assertThat(reader.end).isEmpty();
    nodes.get(0).engine.epochStarted(Epoch.of(2, Set.of(0, 1)));
    assertThat(reader.end).isEqualTo("incomplete");
    assertThat(reader.seen).hasSize(67);
  }

  @Test
  void aRemoteSiteThatCannotBeHeardDoesNotKeepTheReaderForLong() {
    cluster(3);
    begin(stretched(2, 0, 1, 2));
    nodes.get(1).owners.grants(2, VOLATILE);
    for (int i = 0; i < 99; i++) {
      nodes.get(i % 3).put("key" + i, i % 3, "x");
    }
    Reader whole = nodes.get(0).traverse(VOLATILE, false);
    run(1_000);
    assertThat(whole.end).as("it is waited for").isEqualTo("complete");
    assertThat(whole.seen).hasSize(99);

    nodes.get(2).alive = false;
    Reader reader = nodes.get(0).traverse(VOLATILE, false);
    run(1_900);
    assertThat(reader.end).isEmpty();
    run(300);
    assertThat(reader.end).isEqualTo("incomplete");
    assertThat(reader.seen).hasSize(66);
  }

  @Test
  void aRemoteNodeThatOwnsNothingOfItIsNotAsked() {
    cluster(3);
    begin(stretched(2, 0, 1, 2));
    nodes.get(0).put("here", 0, "x");
    nodes.get(1).owners.grants(2, VOLATILE + 10);
    Reader reader = nodes.get(0).traverse(VOLATILE, false);
    run(2);
    assertThat(reader.end).isEqualTo("complete");
    assertThat(said).doesNotContain("0>2 Start");

    nodes.get(1).owners.grants(2, VOLATILE);
    nodes.get(2).put("there", 2, "x");
    Reader next = nodes.get(0).traverse(VOLATILE, false);
    run(2);
    assertThat(next.end).as("node 1 has said who may own some").isEmpty();
    run(2 * FAR_MILLIS);
    assertThat(next.seen).containsExactlyInAnyOrder("here", "there");
    assertThat(next.end).isEqualTo("complete");
  }

  @Test
  void whatALostLmasterKnewOfARemoteNodeThatOneTells() {
    cluster(3);
    begin(stretched(2, 0, 1, 2));
    nodes.get(1).owners.grants(2, VOLATILE);
    nodes.get(2).owners.acquires(VOLATILE);
    nodes.get(2).put("there", 2, "x");
    begin(stretched(3, 0, 2)); // without node 1
    Reader at = nodes.get(0).traverse(VOLATILE + 20, false);
    run(2);
    assertThat(at.end).as("it may own records of any database").isEmpty();
    run(2 * FAR_MILLIS);
    assertThat(at.end).isEqualTo("complete");

    Reader other = nodes.get(0).traverse(VOLATILE + 20, false);
    Reader reader = nodes.get(0).traverse(VOLATILE, false);
    run(2);
    assertThat(other.end).as("it has told").isEqualTo("complete");
    run(2 * FAR_MILLIS);
    assertThat(reader.seen).containsExactly("there");
  }

  @Test
  void whatComesFromFarAwayDoesNotWaitForEachChunk() {
    cluster(3);
    begin(stretched(2, 0, 1, 2));
    nodes.get(1).owners.grants(2, VOLATILE);
    for (int i = 0; i < 500; i++) {
      nodes.get(2).put("key" + i, 2, "x".repeat(2_000));
    }
    Reader reader = nodes.get(0).traverse(VOLATILE, false);
    run(2 * FAR_MILLIS + 20);
    assertThat(said.stream().filter(s -> s.equals("2>0 Chunk")).count()).isGreaterThan(5);
    assertThat(reader.seen).hasSize(500).doesNotHaveDuplicates();
    assertThat(reader.end).isEqualTo("complete");
  }

  @Test
  void aBrokenLinkEndsWhatWasReadOverIt() {
    cluster(2);
    for (int i = 0; i < 1_000; i++) {
      nodes.get(1).put("key" + i, 1, "x".repeat(1_000));
    }
    Reader reader = nodes.get(0).traverse(VOLATILE, false);
    reader.room = 1;
    run(50);
    nodes.get(0).engine.linkDown(1);
    nodes.get(1).engine.linkDown(0);
    assertThat(reader.end).isEqualTo("incomplete");
    int before = said.size();
    reader.room = Integer.MAX_VALUE;
    run(1_000);
    assertThat(said).hasSize(before);
  }

  @Test
  void afterTheTimeLimitTheReaderGetsItsEndAndTheMembersStop() {
    cluster(2);
    for (int i = 0; i < 1_000; i++) {
      nodes.get(1).put("key" + i, 1, "x".repeat(1_000));
    }
    Reader reader = nodes.get(0).traverse(VOLATILE, false);
    reader.room = 1;
    run(19_000);
    assertThat(reader.end).isEmpty();
    run(2_000);
    assertThat(reader.end).isEqualTo("incomplete");
    assertThat(said.getLast()).startsWith("0>1 Stop");
  }

  @Test
  void aCancelledTraverseIsSilent() {
    cluster(2);
    for (int i = 0; i < 1_000; i++) {
      nodes.get(1).put("key" + i, 1, "x".repeat(1_000));
    }
    Reader reader = nodes.get(0).traverse(VOLATILE, false);
    reader.cancelAfter = 10;
    run(30_000);
    assertThat(reader.seen).hasSize(10);
    assertThat(reader.end).isEmpty();
  }

  @Test
  void outsideTheClusterNothingIsFoundAndThatIsSaid() {
    cluster(2);
    nodes.get(0).engine.leftCluster();
    Reader reader = nodes.get(0).traverse(VOLATILE, false);
    assertThat(reader.end).isEmpty();
    run(1);
    assertThat(reader.end).isEqualTo("incomplete");
  }

  @Test
  void ofAPersistentDatabaseTheLocalCopyIsRead() {
    cluster(2);
    for (int i = 0; i < 2_000; i++) {
      nodes
          .get(0)
          .durable
          .put(key("key" + i), new StoredRecord(new RecordHeader(1, 1, 0), new byte[i % 3]));
    }
    Reader reader = nodes.get(0).traverse(DURABLE, false);
    run(1_000);
    assertThat(reader.seen).hasSize(2_000);
    assertThat(reader.end).isEqualTo("complete");
    assertThat(said).isEmpty();
  }

  // --- a small cluster

  private void cluster(int size) {
    Set<Integer> members = new TreeSet<>();
    for (int pnn = 0; pnn < size; pnn++) {
      nodes.add(new Node(pnn));
      members.add(pnn);
    }
    begin(Epoch.of(1, members));
  }

  /** Found by the simulator: the list lacked what the remote node owned, and said nothing. */
  @Test
  void whoLeavesTheClusterBeforeItHearsThatARemoteNodeOwnsSomethingHasNotSeenAll() {
    cluster(3);
    begin(stretched(5, 0, 1, 2));
    run(1_000);
    begin(stretched(6, 0, 1, 2));
    run(1_000);
    nodes.get(0).owners.grants(2, VOLATILE);
    nodes.get(2).put("far", 2, "x");
    Reader reader = nodes.get(1).traverse(VOLATILE, false);
    nodes.get(1).engine.leftCluster();
    run(1_000);
    assertThat(reader.seen).isEmpty();
    assertThat(reader.end).isEqualTo("incomplete");
  }

  /** Found by the simulator: the list lacked what the remote node owned, and said nothing. */
  @Test
  void whatWasSentForATraverseOfAnEarlierRunIsNoAnswerToOneOfThisRun() {
    cluster(3);
    begin(stretched(5, 0, 1, 2));
    nodes.get(0).owners.grants(2, VOLATILE);
    nodes.get(0).traverse(VOLATILE, false);
    run(150);
    assertThat(said).as("it owns nothing yet").contains("2>0 Chunk");
    nodes.set(0, new Node(0));
    begin(stretched(6, 0, 1, 2));
    nodes.get(0).owners.grants(2, VOLATILE);
    nodes.get(2).put("far", 2, "x");
    Reader reader = nodes.get(0).traverse(VOLATILE, false);
    run(1_000);
    assertThat(reader.seen).containsExactly("far");
    assertThat(reader.end).isEqualTo("complete");
  }

  private void begin(Epoch epoch) {
    present = epoch;
    nodes.stream()
        .filter(node -> epoch.hasMember(node.pnn))
        .forEach(node -> node.engine.epochStarted(epoch));
  }

  /** Node 2 is at a remote site, 100 ms away. */
  private static Epoch stretched(long number, Integer... members) {
    TreeSet<Integer> all = new TreeSet<>(List.of(members));
    TreeSet<Integer> lmasters = new TreeSet<>(all);
    lmasters.remove(2);
    return new Epoch(number, all, lmasters, new TreeSet<>(Set.of(2)));
  }

  private void run(long millis) {
    long end = now + millis * MILLIS;
    while (!events.isEmpty() && events.peek().at <= end) {
      Event event = events.remove();
      now = event.at;
      event.action.run();
    }
    now = end;
  }

  private void later(long delayNanos, Runnable action) {
    events.add(new Event(now + delayNanos, orders++, action));
  }

  private static Key key(String text) {
    return new Key(text.getBytes(StandardCharsets.UTF_8));
  }

  private static final class Reader implements TraverseSink {
    final List<String> seen = new ArrayList<>();
    String end = "";
    int room = Integer.MAX_VALUE;
    int cancelAfter = Integer.MAX_VALUE;
    Runnable cancel = () -> {};

    @Override
    public void record(Key key, StoredRecord record) {
      assertThat(end).isEmpty();
      seen.add(new String(key.bytes(), StandardCharsets.UTF_8));
      room--;
      if (seen.size() == cancelAfter) {
        cancel.run();
      }
    }

    @Override
    public boolean canTakeMore() {
      return room > 0;
    }

    @Override
    public void end(boolean complete) {
      assertThat(end).isEmpty();
      end = complete ? "complete" : "incomplete";
    }
  }

  private final class Node implements NodePort, Databases, DurableLane {
    final int pnn;
    final RemoteOwners owners = new RemoteOwners();
    final TraverseEngine engine;
    final Map<Key, StoredRecord> records = new LinkedHashMap<>();
    final Map<Key, StoredRecord> durable = new LinkedHashMap<>();
    boolean alive = true;

    Node(int pnn) {
      this.pnn = pnn;
      this.engine = new TraverseEngine(this, this, owners, now, () -> 20_000 * MILLIS);
    }

    void put(String key, int dmaster, String value) {
      records.put(
          key(key),
          new StoredRecord(
              new RecordHeader(1, dmaster, 0), value.getBytes(StandardCharsets.UTF_8)));
    }

    Reader traverse(int dbId, boolean withEmpty) {
      Reader reader = new Reader();
      long id = engine.start(dbId, withEmpty, reader);
      reader.cancel = () -> engine.cancel(id);
      return reader;
    }

    @Override
    public int self() {
      return pnn;
    }

    @Override
    public void send(int to, NodeMessage message) {
      if (to != pnn) {
        said.add(pnn + ">" + to + " " + message.getClass().getSimpleName());
      }
      byte[] bytes = NodeMessageCodec.encode(message);
      later(
          to == pnn ? 1 : isFar(to) ? FAR_MILLIS * MILLIS : 100_000,
          () -> {
            Node receiver = nodes.get(to);
            if (receiver.alive) {
              receiver.engine.receive(pnn, (TraverseMessage) NodeMessageCodec.decode(bytes));
            }
          });
    }

    private boolean isFar(int other) {
      return present != null && present.isRemote(pnn) != present.isRemote(other);
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
      return dbId == VOLATILE ? new ScannedStore(records) : null;
    }

    @Override
    public @Nullable DurableLane durableLane(int dbId) {
      return dbId == DURABLE ? this : null;
    }

    @Override
    public Collection<DurableDatabase> durable() {
      return List.of();
    }

    @Override
    public @Nullable DurableLane attach(DurableDatabase database) {
      return null;
    }

    @Override
    public <T> void submit(
        Function<TransactionStore, T> work, Consumer<T> done, Consumer<StoreException> failed) {
      later(1, () -> done.accept(work.apply(new ReadOnlyCopy(durable))));
    }
  }

  /** Enough of a store to be scanned. */
  private record ScannedStore(Map<Key, StoredRecord> records) implements RecordStore {
    @Override
    public Scan scan() {
      Iterator<Map.Entry<Key, StoredRecord>> at = List.copyOf(records.entrySet()).iterator();
      return (limit, visitor) -> {
        for (int i = 0; i < limit && at.hasNext(); i++) {
          Map.Entry<Key, StoredRecord> entry = at.next();
          visitor.visit(entry.getKey(), entry.getValue());
        }
        return at.hasNext();
      };
    }

    @Override
    public void locked(Key key, RecordSection section) {
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

  private record ReadOnlyCopy(Map<Key, StoredRecord> records) implements TransactionStore {
    @Override
    public long sequenceNumber() {
      return 0;
    }

    @Override
    public @Nullable StoredRecord fetch(Key key) {
      return records.get(key);
    }

    @Override
    public void apply(List<Update> updates) {
      throw new StoreException("read only");
    }

    @Override
    public void replaceAll(Iterable<Update> content) {
      throw new StoreException("read only");
    }

    @Override
    public void forEach(RecordVisitor visitor) {
      records.forEach(visitor::visit);
    }

    @Override
    public void close() {}
  }
}
