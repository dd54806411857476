package io.jctdb.database.traverse;

import io.jctdb.database.Databases;
import io.jctdb.database.DurableLane;
import io.jctdb.database.Epoch;
import io.jctdb.database.epoch.EpochListener;
import io.jctdb.database.message.NodePort;
import io.jctdb.database.message.TraverseMessage;
import io.jctdb.database.record.RemoteOwners;
import io.jctdb.store.RecordStore;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Cluster-wide traverses (databases.md 8). Of a volatile database every member sends the records it
 * owns; the members are fixed at the start, and one that is lost meanwhile ends its part, so that
 * the reader learns that the result is not complete instead of waiting. Of a persistent or
 * replicated one the local copy is the whole.
 *
 * <p>A member of the main site asks the members of its site, and those at remote sites only if
 * somebody there knows that they may own some ({@link RemoteOwners}).
 *
 * <p>Nothing is held still: a record that moves during a traverse may be seen twice or not at all.
 *
 * <p>Owner thread only.
 */
public final class TraverseEngine implements EpochListener {
  private static final long RETRY_NANOS = 2_000_000;

  /**
   * How long a traverse waits for the next word of a remote site when everybody else has ended:
   * several round trips of a slow line (0.6 s), far less than the lease of a node there.
   */
  private static final long FOLLOWER_PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(2);

  private static final int DURABLE_BATCH = 500;

  private final NodePort port;
  private final Databases databases;
  private final RemoteOwners owners;
  private final LongSupplier limitNanos;
  private final Map<Long, Traverse> traverses = new HashMap<>();
  private final Map<ReaderId, TraverseReader> readers = new HashMap<>();
  private @Nullable Epoch epoch;
  private long lastId;

  private record ReaderId(int origin, long id) {}

  /** A traverse that this node asked for. */
  private final class Traverse {
    private final long id;
    private final TraverseSink sink;

    /** Members that have been asked and have not ended. */
    private final Set<Integer> reading = new HashSet<>();

    private final Set<Integer> asked = new HashSet<>();
    private final Deque<Integer> paused = new ArrayDeque<>();
    private final NodePort.Timer limit;
    private boolean complete = true;
    private boolean polling;

    /** While only members at remote sites read: how often they have sent something. */
    private long followersSent;

    private boolean watchingFollowers;

    private final int dbId;
    private final boolean withEmptyRecords;

    Traverse(long id, int dbId, boolean withEmptyRecords, TraverseSink sink) {
      this.id = id;
      this.dbId = dbId;
      this.withEmptyRecords = withEmptyRecords;
      this.sink = sink;
      this.limit = port.after(limitNanos.getAsLong(), this::timeUp);
    }

    /** Those that have not been asked yet. */
    void ask(Set<Integer> members) {
      for (int pnn : members) {
        if (asked.add(pnn)) {
          reading.add(pnn);
          int ahead = isFar(pnn) ? TraverseMessage.AHEAD_MAX : 1;
          port.send(pnn, new TraverseMessage.Start(id, dbId, withEmptyRecords, ahead));
        }
      }
    }

    private void timeUp() {
      complete = false;
      reading.forEach(pnn -> port.send(pnn, new TraverseMessage.Stop(id)));
      end();
    }

    void chunk(int fromPnn, TraverseMessage.Chunk chunk) {
      followersSent++;
      for (TraverseMessage.Entry entry : chunk.entries()) {
        if (traverses.get(id) != this) {
          return; // cancelled by the reader while it got the record before
        }
        sink.record(entry.key(), entry.record());
      }
      if (chunk.last()) {
        reading.remove(fromPnn);
        Epoch current = epoch;
        if (current != null) {
          boolean anybody = chunk.mayOwn().contains(TraverseMessage.ANYBODY);
          ask(anybody ? current.followers() : remaining(chunk.mayOwn(), current.followers()));
        } else if (!chunk.mayOwn().isEmpty()) {
          complete = false; // this node has left the cluster meanwhile, and can ask nobody
        }
        endIfDone();
      } else {
        paused.add(fromPnn);
        resume();
      }
    }

    /** Lets the members go on whose chunk was passed on, as soon as the reader can take more. */
    private void resume() {
      if (traverses.get(id) != this) {
        return; // over meanwhile
      }
      while (!paused.isEmpty() && sink.canTakeMore()) {
        port.send(paused.remove(), new TraverseMessage.More(id));
      }
      if (!paused.isEmpty() && !polling) {
        polling = true;
        port.after(
            RETRY_NANOS,
            () -> {
              polling = false;
              resume();
            });
      }
    }

    void lost(int pnn) {
      if (reading.remove(pnn)) {
        complete = false;
        endIfDone();
      }
    }

    void endIfDone() {
      if (reading.isEmpty()) {
        end();
      } else if (!watchingFollowers && isOnlyFollowers()) {
        watchingFollowers = true;
        watchFollowers();
      }
    }

    private boolean isOnlyFollowers() {
      Epoch current = epoch;
      return current != null && current.followers().containsAll(reading);
    }

    /** Their line may be down, which is no reason to keep the reader waiting for long. */
    private void watchFollowers() {
      long sent = followersSent;
      port.after(
          FOLLOWER_PATIENCE_NANOS,
          () -> {
            if (traverses.get(id) != this) {
              return; // over meanwhile
            }
            boolean readerIsSlow = !paused.isEmpty();
            if (followersSent > sent || readerIsSlow) {
              watchFollowers();
            } else {
              timeUp();
            }
          });
    }

    private void end() {
      if (traverses.remove(id) != null) {
        limit.cancel();
        sink.end(complete);
      }
    }

    void cancel() {
      limit.cancel();
      reading.forEach(pnn -> port.send(pnn, new TraverseMessage.Stop(id)));
    }
  }

  /**
   * @param owners the record engine's of this node
   * @param firstId where this run of the daemon begins to number its traverses: something that no
   *     earlier run of this node came near, such as the time. What a member still sends for a
   *     traverse of an earlier run is no answer to one of this run.
   * @param limitNanos tunable TraverseTimeout in nanoseconds, for a whole traverse; read at each
   *     start
   */
  public TraverseEngine(
      NodePort port,
      Databases databases,
      RemoteOwners owners,
      long firstId,
      LongSupplier limitNanos) {
    this.port = port;
    this.databases = databases;
    this.owners = owners;
    this.lastId = firstId;
    this.limitNanos = limitNanos;
  }

  /**
   * Starts a traverse. The sink is never called within this call.
   *
   * @return an id for {@link #cancel}
   */
  public long start(int dbId, boolean withEmptyRecords, TraverseSink sink) {
    long id = ++lastId;
    DurableLane lane = databases.durableLane(dbId);
    if (lane != null) {
      readLocalCopy(id, dbId, lane, sink);
      return id;
    }
    Traverse traverse = new Traverse(id, dbId, withEmptyRecords, sink);
    traverses.put(id, traverse);
    Epoch current = epoch;
    if (current == null) {
      traverse.complete = false;
      port.after(0, traverse::endIfDone);
    } else {
      traverse.ask(firstAsked(current, dbId));
    }
    return id;
  }

  private Set<Integer> firstAsked(Epoch current, int dbId) {
    if (current.isRemote(port.self())) {
      return current.members(); // a round trip is needed in any case
    }
    Set<Integer> members = new TreeSet<>(current.voters());
    members.addAll(owners.mayOwn(dbId));
    return members;
  }

  private static Set<Integer> remaining(Set<Integer> some, Set<Integer> allowed) {
    Set<Integer> both = new TreeSet<>(some);
    both.retainAll(allowed);
    return both;
  }

  /** Whether what goes there and back takes long. */
  private boolean isFar(int pnn) {
    Epoch current = epoch;
    return current != null && current.isRemote(pnn) != current.isRemote(port.self());
  }

  /** Nobody wants the rest; the sink is not called any more. */
  public void cancel(long id) {
    Traverse traverse = traverses.remove(id);
    if (traverse != null) {
      traverse.cancel();
    }
  }

  /** Reads everything off the owner thread, then passes it on as fast as the reader reads. */
  private void readLocalCopy(long id, int dbId, DurableLane lane, TraverseSink sink) {
    Traverse traverse = new Traverse(id, dbId, true, sink);
    traverse.reading.add(port.self());
    traverses.put(id, traverse);
    lane.submit(
        store -> {
          List<TraverseMessage.Entry> all = new ArrayList<>();
          store.forEach((key, record) -> all.add(new TraverseMessage.Entry(key, record)));
          return all;
        },
        all -> passOn(traverse, all, 0),
        problem -> traverse.lost(port.self()));
  }

  private void passOn(Traverse traverse, List<TraverseMessage.Entry> all, int from) {
    if (!traverses.containsKey(traverse.id)) {
      return;
    }
    int at = from;
    int until = Math.min(all.size(), from + DURABLE_BATCH);
    while (at < until && traverses.containsKey(traverse.id) && traverse.sink.canTakeMore()) {
      TraverseMessage.Entry entry = all.get(at++);
      traverse.sink.record(entry.key(), entry.record());
    }
    if (at == all.size()) {
      traverse.reading.clear();
      traverse.endIfDone();
    } else {
      int next = at;
      port.after(at == until ? 0 : RETRY_NANOS, () -> passOn(traverse, all, next));
    }
  }

  public void receive(int fromPnn, TraverseMessage message) {
    switch (message) {
      case TraverseMessage.Start m -> read(fromPnn, m);
      case TraverseMessage.Chunk m -> {
        Traverse traverse = traverses.get(m.id());
        if (traverse != null && traverse.reading.contains(fromPnn)) {
          traverse.chunk(fromPnn, m);
        } else if (!m.last()) {
          port.send(fromPnn, new TraverseMessage.Stop(m.id()));
        }
      }
      case TraverseMessage.More m -> {
        TraverseReader reader = readers.get(new ReaderId(fromPnn, m.id()));
        if (reader != null) {
          reader.allow(1);
        }
      }
      case TraverseMessage.Stop m -> stopReader(new ReaderId(fromPnn, m.id()));
      case TraverseMessage.Owns m -> owners.reported(fromPnn, m);
    }
  }

  private void read(int origin, TraverseMessage.Start request) {
    reportOwned(); // the last report may have been lost with a link
    RecordStore store = databases.volatileStore(request.dbId());
    if (store == null) {
      Set<Integer> others = owners.mayOwn(request.dbId());
      port.send(origin, new TraverseMessage.Chunk(request.id(), List.of(), true, others));
      return;
    }
    ReaderId id = new ReaderId(origin, request.id());
    TraverseReader reader =
        new TraverseReader(port, origin, request, store.scan(), owners, () -> readers.remove(id));
    readers.put(id, reader);
    reader.allow(Math.max(1, request.ahead()));
  }

  /** A node at a remote site tells the main site of which databases it may own records. */
  private void reportOwned() {
    Epoch current = epoch;
    TraverseMessage.Owns report = owners.report();
    if (current != null && report != null && current.followers().contains(port.self())) {
      current.voters().forEach(pnn -> port.send(pnn, report));
    }
  }

  private void stopReader(ReaderId id) {
    TraverseReader reader = readers.remove(id);
    if (reader != null) {
      reader.stop();
    }
  }

  /** That node neither reads for us any more nor waits for what we read. */
  public void linkDown(int pnn) {
    List.copyOf(traverses.values()).forEach(t -> t.lost(pnn));
    List.copyOf(readers.keySet()).stream().filter(id -> id.origin == pnn).forEach(this::stopReader);
  }

  @Override
  public void epochPromised(long next) {
    // a traverse is a snapshot of nothing; it goes on
  }

  @Override
  public void epochStarted(Epoch started) {
    epoch = started;
    owners.epochStarted(started);
    reportOwned();
    for (Traverse traverse : List.copyOf(traverses.values())) {
      List.copyOf(traverse.reading).stream()
          .filter(pnn -> !started.hasMember(pnn))
          .forEach(traverse::lost);
    }
  }

  @Override
  public void leftCluster() {
    epoch = null;
    owners.leftCluster();
  }
}
