package io.jctdb.database;

import io.jctdb.database.Databases.DurableDatabase;
import io.jctdb.protocol.Key;
import io.jctdb.protocol.RecordHeader;
import io.jctdb.store.StoredRecord;
import io.jctdb.store.TransactionStore;
import io.jctdb.store.TransactionStore.Update;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one node that orders the transactions of one database in one epoch. Owner thread only.
 *
 * <pre>
 * ASKING ──all states──▶ LEVELLING ──all copies equal──▶ [PREPARING ─▶ APPLYING] ─▶ IDLE
 *                                                          ▲                        │
 *                                                          └─── transactions wait ──┘
 * </pre>
 *
 * <p>Why nothing is lost or torn: a batch is written anywhere only after <em>every</em> member has
 * it. So if any node has written it, every survivor has at least prepared it, and the next
 * sequencer, which sees the survivors' states, completes it on all of them. A batch that some had
 * prepared and nobody had written is completed, too: its client was not answered, so either outcome
 * is right as long as it is the same everywhere.
 */
final class CommitSequencer {
  private static final Logger log = LoggerFactory.getLogger(CommitSequencer.class);
  private static final long REPEAT_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** A whole copy takes its time; asking for it again begins it again. */
  private static final long REPEAT_COPY_NANOS = TimeUnit.SECONDS.toNanos(30);

  private static final long REFUSAL_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final int BATCH_MAX = 100;

  private enum Phase {
    ASKING,
    LEVELLING,
    IDLE,
    CHECKING,
    PREPARING,
    APPLYING
  }

  /** A transaction that waits for its turn. */
  private record Waiting(CommitBatch.Id id, List<Update> updates) {}

  /** What the check of some transactions against the copy here gave. */
  private record Checked(@Nullable CommitBatch batch, List<CommitBatch.Id> refused) {}

  private final NodePort port;
  private final Epoch epoch;
  private final DurableDatabase database;
  private final CommitReplica replica;

  private final SortedMap<Integer, CommitMessage.State> states = new TreeMap<>();
  private final Set<Integer> unanswered = new HashSet<>();
  private final Set<Integer> waitReady = new HashSet<>();
  private final Deque<Waiting> queue = new ArrayDeque<>();
  private final Set<CommitBatch.Id> known = new HashSet<>();
  private final Set<Integer> participants;
  private Phase phase = Phase.ASKING;
  private boolean ready;
  private int source;
  private long level;
  private @Nullable CommitBatch batch;
  private @Nullable CommitBatch leftOver;
  private NodePort.@Nullable Timer repeat;

  CommitSequencer(NodePort port, Epoch epoch, DurableDatabase database, CommitReplica replica) {
    this.port = port;
    this.epoch = epoch;
    this.database = database;
    this.replica = replica;
    this.participants = new HashSet<>(epoch.members());
  }

  void begin() {
    unanswered.addAll(epoch.members());
    sendAndRepeat();
  }

  /** The epoch is over. */
  void stop() {
    if (repeat != null) {
      repeat.cancel();
    }
  }

  boolean isReady() {
    return ready;
  }

  // --- asking and repeating ----------------------------------------------------------------------

  /** Sends what this phase needs to those that have not answered, now and until they have. */
  private void sendAndRepeat() {
    if (repeat != null) {
      repeat.cancel();
    }
    unanswered.forEach(this::send);
    repeat =
        port.after(
            phase == Phase.LEVELLING ? REPEAT_COPY_NANOS : REPEAT_NANOS, this::sendAndRepeat);
  }

  private void send(int pnn) {
    switch (phase) {
      case ASKING -> port.send(pnn, new CommitMessage.AskState(epoch.number(), database));
      case LEVELLING -> level(pnn);
      case PREPARING -> {
        if (batch != null) {
          port.send(pnn, new CommitMessage.Prepare(epoch.number(), database.dbId(), batch));
        }
      }
      case APPLYING -> {
        if (batch != null) {
          port.send(
              pnn,
              new CommitMessage.Apply(epoch.number(), database.dbId(), batch.sequenceNumber()));
        }
      }
      case IDLE, CHECKING -> {
        // nobody is waited for
      }
    }
  }

  private void enter(Phase next, Set<Integer> waitFor) {
    phase = next;
    unanswered.clear();
    unanswered.addAll(waitFor);
    if (unanswered.isEmpty()) {
      if (repeat != null) {
        repeat.cancel();
      }
    } else {
      sendAndRepeat();
    }
  }

  // --- making all copies equal -------------------------------------------------------------------

  void state(int fromPnn, CommitMessage.State state) {
    if (phase != Phase.ASKING || !unanswered.remove(fromPnn)) {
      return;
    }
    states.put(fromPnn, state);
    if (unanswered.isEmpty()) {
      startLevelling();
    }
  }

  /** The highest sequence number wins, of the lowest pnn among equals. */
  private void startLevelling() {
    level = CommitMessage.State.UNREADABLE;
    states.forEach(
        (pnn, state) -> {
          if (state.sequenceNumber() == CommitMessage.State.ABSENT) {
            log.error("{}: node {} can have no copy of it; see its log", database.name(), pnn);
            participants.remove(pnn);
          }
          if (state.sequenceNumber() > level) {
            level = state.sequenceNumber();
            source = pnn;
          }
        });
    leftOver = null;
    Set<Integer> behind = new HashSet<>();
    states.forEach(
        (pnn, state) -> {
          CommitBatch prepared = state.prepared();
          if (prepared != null && prepared.sequenceNumber() == level + 1) {
            leftOver = prepared;
          }
          if (state.sequenceNumber() < level && participants.contains(pnn)) {
            behind.add(pnn);
          }
        });
    if (!behind.isEmpty()) {
      log.info(
          "{}: nodes {} are behind sequence number {} of node {}",
          database.name(),
          behind,
          level,
          source);
    }
    enter(Phase.LEVELLING, behind);
    levelled();
  }

  /**
   * A node that has prepared just what it lacks writes that; any other gets a whole copy. The same
   * number is not enough: it may have prepared something else in an epoch without the source.
   */
  private void level(int pnn) {
    CommitMessage.State state = states.get(pnn);
    CommitMessage.State best = states.get(source);
    CommitBatch prepared = state == null ? null : state.prepared();
    if (prepared != null
        && best != null
        && prepared.sequenceNumber() == level
        && prepared.ids().equals(best.lastWritten())) {
      port.send(pnn, new CommitMessage.Apply(epoch.number(), database.dbId(), level));
    } else {
      port.send(source, new CommitMessage.Copy(epoch.number(), database.dbId(), pnn));
    }
  }

  private void levelled() {
    if (phase != Phase.LEVELLING || !unanswered.isEmpty()) {
      return;
    }
    if (leftOver != null) {
      batch = leftOver;
      leftOver = null;
      enter(Phase.PREPARING, participants);
    } else {
      becomeReady();
    }
  }

  private void becomeReady() {
    batch = null;
    ready = true;
    enter(Phase.IDLE, Set.of());
    waitReady.forEach(
        pnn -> port.send(pnn, new CommitMessage.Ready(epoch.number(), database.dbId())));
    waitReady.clear();
    next();
  }

  void askReady(int pnn) {
    if (isReady()) {
      port.send(pnn, new CommitMessage.Ready(epoch.number(), database.dbId()));
    } else {
      waitReady.add(pnn);
    }
  }

  // --- transactions --------------------------------------------------------------------------------

  void submit(CommitBatch.Id id, List<Update> updates) {
    if (replica.hasWritten(id)) {
      answer(id, 0, "");
    } else if (known.add(id)) {
      queue.add(new Waiting(id, updates));
      next();
    }
  }

  private void next() {
    if (phase != Phase.IDLE || queue.isEmpty()) {
      return;
    }
    phase = Phase.CHECKING;
    List<Waiting> some = new ArrayList<>();
    while (!queue.isEmpty() && some.size() < BATCH_MAX) {
      some.add(queue.remove());
    }
    replica
        .lane()
        .submit(
            store -> check(store, some),
            this::checked,
            e -> {
              log.error("{}: {}", database.name(), e.getMessage());
              checked(new Checked(null, some.stream().map(Waiting::id).toList()));
            });
  }

  /**
   * Which of the transactions can be written, one after the other, on top of the copy here: each of
   * their records must be newer than what it replaces, or the same. The sequence number is ours to
   * give.
   */
  private static Checked check(TransactionStore store, List<Waiting> some) {
    Map<Key, StoredRecord> changed = new LinkedHashMap<>();
    List<CommitBatch.Id> ids = new ArrayList<>();
    List<CommitBatch.Id> refused = new ArrayList<>();
    StoredRecord sequenceRecord = null;
    for (Waiting waiting : some) {
      Map<Key, StoredRecord> own = new HashMap<>();
      boolean fits = true;
      for (Update update : waiting.updates) {
        if (update.key().equals(TransactionStore.SEQUENCE_KEY)) {
          sequenceRecord = update.record();
        } else {
          StoredRecord old = changed.get(update.key());
          fits &= fits(old == null ? store.fetch(update.key()) : old, update.record());
          own.put(update.key(), update.record());
        }
      }
      if (fits) {
        changed.putAll(own);
        ids.add(waiting.id);
      } else {
        refused.add(waiting.id);
      }
    }
    if (ids.isEmpty()) {
      return new Checked(null, refused);
    }
    long number = store.sequenceNumber() + 1;
    changed.put(
        TransactionStore.SEQUENCE_KEY,
        sequence(store.fetch(TransactionStore.SEQUENCE_KEY), sequenceRecord, number));
    List<Update> updates = new ArrayList<>();
    changed.forEach((key, record) -> updates.add(new Update(key, record)));
    return new Checked(new CommitBatch(number, ids, updates), refused);
  }

  private static boolean fits(@Nullable StoredRecord old, StoredRecord update) {
    return old == null
        || update.header().rsn() > old.header().rsn()
        || Arrays.equals(update.data(), old.data());
  }

  private static StoredRecord sequence(
      @Nullable StoredRecord old, @Nullable StoredRecord proposed, long number) {
    long rsn = old == null ? 0 : old.header().rsn();
    RecordHeader header =
        proposed == null ? new RecordHeader(0, 0, 0) : proposed.header();
    byte[] value = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(number).array();
    return new StoredRecord(header.withRsn(Math.max(rsn + 1, header.rsn())), value);
  }

  private void checked(Checked result) {
    if (phase != Phase.CHECKING) {
      return; // the epoch is over
    }
    // A client sends a refused transaction again at once and without limit: not in a tight loop.
    result.refused.forEach(
        id ->
            port.after(
                REFUSAL_PAUSE_NANOS,
                () -> {
                  known.remove(id);
                  answer(id, -1, "");
                }));
    batch = result.batch;
    if (batch == null) {
      phase = Phase.IDLE;
      next();
    } else {
      enter(Phase.PREPARING, participants);
    }
  }

  void prepared(int fromPnn, long sequenceNumber) {
    if (phase == Phase.PREPARING
        && batch != null
        && batch.sequenceNumber() == sequenceNumber
        && unanswered.remove(fromPnn)
        && unanswered.isEmpty()) {
      enter(Phase.APPLYING, participants);
    }
  }

  void applied(int fromPnn, long sequenceNumber, String problem) {
    if (phase == Phase.LEVELLING) {
      if (sequenceNumber != level && problem.isEmpty()) {
        return;
      }
      report(fromPnn, problem);
      if (unanswered.remove(fromPnn)) {
        levelled();
      }
    } else if (phase == Phase.APPLYING
        && batch != null
        && batch.sequenceNumber() == sequenceNumber
        && unanswered.remove(fromPnn)) {
      report(fromPnn, problem);
      if (unanswered.isEmpty()) {
        List<CommitBatch.Id> done = batch.ids();
        done.forEach(
            id -> {
              known.remove(id);
              answer(id, 0, "");
            });
        becomeReady();
      }
    }
  }

  private void report(int pnn, String problem) {
    if (!problem.isEmpty()) {
      log.error(
          "{}: node {} could not write, its copy is behind until it rejoins: {}",
          database.name(),
          pnn,
          problem);
    }
  }

  private void answer(CommitBatch.Id id, int status, String error) {
    port.send(
        id.pnn(),
        new CommitMessage.Result(epoch.number(), database.dbId(), id, status, error));
  }
}
