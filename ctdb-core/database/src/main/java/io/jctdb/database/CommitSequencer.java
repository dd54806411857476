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
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one node that orders the transactions of one database in one epoch. Owner thread only.
 *
 * <pre>
 * ASKING ─▶ (COMPARING) ─▶ LEVELLING ──all copies equal──▶ [PREPARING ─▶ APPLYING] ─▶ IDLE
 *                                                            ▲                        │
 *                                                            └─── transactions wait ──┘
 * </pre>
 *
 * <p>Why nothing is lost or torn: a batch is written anywhere only after <em>every</em> member has
 * it. So if any node has written it, every survivor has at least prepared it, and the next
 * sequencer, which sees the survivors' states, completes it on all of them. A batch that some had
 * prepared and nobody had written is completed, too: its client was not answered, so either outcome
 * is right as long as it is the same everywhere.
 *
 * <p>Why the better of two contents wins: the higher sequence number does. Among equal numbers the
 * later epoch does, which is in the {@link #stamp} of each batch: what an earlier epoch wrote
 * without the others, and so without an answer, must not win over what they have answered since.
 * Copies that agree in both but come from a daemon that has just started are compared byte by byte
 * (somebody may have changed the file meanwhile); then the lowest pnn wins.
 */
final class CommitSequencer {
  private static final Logger log = LoggerFactory.getLogger(CommitSequencer.class);
  private static final long REPEAT_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** A whole copy takes its time; asking for it again begins it again. */
  private static final long REPEAT_COPY_NANOS = TimeUnit.SECONDS.toNanos(30);

  private static final long REFUSAL_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final long REPAIR_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final int BATCH_MAX = 100;

  private enum Phase {
    ASKING,
    COMPARING,
    LEVELLING,
    IDLE,
    CHECKING,
    PREPARING,
    APPLYING,
    STOPPED
  }

  /** Hears of a member that could not write. */
  interface Failed {
    void failed(int pnn, String problem);
  }

  /** A transaction that waits for its turn. */
  private record Waiting(CommitBatch.Id id, List<Update> updates) {
    Refused refused() {
      return new Refused(id, proposed(updates));
    }
  }

  /**
   * A transaction that does not fit.
   *
   * @param proposed the sequence number that its client expects after it
   */
  private record Refused(CommitBatch.Id id, long proposed) {}

  /** What the check of some transactions against the copy here gave. */
  private record Checked(
      @Nullable CommitBatch batch, List<CommitBatch.Id> alreadyThere, List<Refused> refused) {}

  private final NodePort port;
  private final Epoch epoch;
  private final DurableDatabase database;
  private final CommitReplica replica;

  private final SortedMap<Integer, CommitMessage.State> states = new TreeMap<>();
  private final Set<Integer> unanswered = new HashSet<>();
  private final Set<Integer> waitReady = new HashSet<>();
  private final Deque<Waiting> queue = new ArrayDeque<>();

  /** What waits or is under way, with the sequence number that its client expects after it. */
  private final Map<CommitBatch.Id, Long> known = new HashMap<>();

  private final SortedSet<Integer> participants;
  private final Set<Integer> failed = new HashSet<>();
  private final Map<Integer, String> failedNow = new TreeMap<>();
  private final Map<CommitBatch.Id, Long> pausing = new HashMap<>();
  private final Failed listener;
  private List<Refused> refusedWithBatch = List.of();
  private boolean repairDue;
  private NodePort.@Nullable Timer repair;
  private Phase phase = Phase.ASKING;
  private boolean ready;
  private int source;
  private long level;
  private @Nullable CommitBatch batch;
  private @Nullable CommitBatch leftOver;
  private NodePort.@Nullable Timer repeat;

  CommitSequencer(
      NodePort port,
      Epoch epoch,
      DurableDatabase database,
      CommitReplica replica,
      Failed listener) {
    this.port = port;
    this.epoch = epoch;
    this.database = database;
    this.replica = replica;
    this.listener = listener;
    this.participants = new TreeSet<>(epoch.members());
  }

  void begin() {
    unanswered.addAll(epoch.members());
    sendAndRepeat();
  }

  /** The epoch is over. */
  void stop() {
    phase = Phase.STOPPED;
    if (repeat != null) {
      repeat.cancel();
    }
    if (repair != null) {
      repair.cancel();
    }
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
      case ASKING -> port.send(pnn, new CommitMessage.AskState(epoch.number(), database, false));
      case COMPARING -> port.send(pnn, new CommitMessage.AskState(epoch.number(), database, true));
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
      case IDLE, CHECKING, STOPPED -> {
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
    boolean wanted =
        phase == Phase.ASKING
            || (phase == Phase.COMPARING && state.digest() != CommitMessage.State.NO_DIGEST)
            || (phase == Phase.COMPARING
                && state.sequenceNumber() == CommitMessage.State.UNREADABLE);
    if (!wanted || !unanswered.remove(fromPnn)) {
      return;
    }
    states.put(fromPnn, state);
    if (unanswered.isEmpty()) {
      boolean first = phase == Phase.ASKING;
      chooseSource();
      Set<Integer> best = likeTheSource();
      if (first && best.size() > 1 && best.stream().anyMatch(this::isFresh)) {
        enter(Phase.COMPARING, best);
      } else {
        startLevelling();
      }
    }
  }

  private boolean isFresh(int pnn) {
    CommitMessage.State state = states.get(pnn);
    return state == null || state.fresh();
  }

  private void chooseSource() {
    CommitMessage.State best = null;
    for (Map.Entry<Integer, CommitMessage.State> entry : states.entrySet()) {
      CommitMessage.State state = entry.getValue();
      if (best == null || isBetter(state, best)) {
        best = state;
        source = entry.getKey();
      }
    }
    level = best == null ? CommitMessage.State.UNREADABLE : best.sequenceNumber();
  }

  private static boolean isBetter(CommitMessage.State a, CommitMessage.State b) {
    return a.sequenceNumber() != b.sequenceNumber()
        ? a.sequenceNumber() > b.sequenceNumber()
        : a.stamp() > b.stamp();
  }

  private Set<Integer> likeTheSource() {
    CommitMessage.State best = states.get(source);
    Set<Integer> like = new TreeSet<>();
    states.forEach(
        (pnn, state) -> {
          if (best != null && !isBetter(best, state) && state.sequenceNumber() >= 0) {
            like.add(pnn);
          }
        });
    return like;
  }

  private void startLevelling() {
    CommitMessage.State best = states.get(source);
    Set<Integer> like = likeTheSource();
    Set<Integer> behind = new TreeSet<>();
    leftOver = null;
    states.forEach(
        (pnn, state) -> {
          CommitBatch prepared = state.prepared();
          if (state.sequenceNumber() == CommitMessage.State.ABSENT) {
            log.error("{}: node {} can have no copy of it; see its log", database.name(), pnn);
            participants.remove(pnn);
          } else if (!like.contains(pnn) || (best != null && state.digest() != best.digest())) {
            behind.add(pnn);
          }
          if (prepared != null
              && prepared.base() == level
              && (leftOver == null || prepared.stamp() > leftOver.stamp())) {
            leftOver = prepared;
          }
        });
    if (level < 0) {
      behind.clear(); // nobody has anything to give
    }
    report(behind, like);
    enter(Phase.LEVELLING, behind);
    levelled();
  }

  private void report(Set<Integer> behind, Set<Integer> like) {
    for (int pnn : behind) {
      CommitMessage.State state = states.get(pnn);
      if (like.contains(pnn)) {
        log.warn(
            "{}: nodes {} and {} have different content with sequence number {}; that of node {} is"
                + " kept everywhere",
            database.name(),
            source,
            pnn,
            level,
            source);
      } else {
        log.info(
            "{}: node {} has sequence number {} and gets the content of node {}, {}",
            database.name(),
            pnn,
            state == null ? "?" : state.sequenceNumber(),
            source,
            level);
      }
    }
  }

  /**
   * A node that has prepared just what it lacks writes that; any other gets a whole copy. The same
   * number is not enough: it may have prepared something else in an epoch without the source.
   */
  private void level(int pnn) {
    CommitMessage.State state = states.get(pnn);
    CommitMessage.State best = states.get(source);
    CommitBatch prepared = state == null ? null : state.prepared();
    if (state != null
        && prepared != null
        && best != null
        && prepared.base() == state.sequenceNumber()
        && prepared.sequenceNumber() == level
        && prepared.stamp() == best.stamp()) {
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
    tellReady();
    next();
  }

  void askReady(int pnn) {
    waitReady.add(pnn);
    if (ready) {
      tellReady();
    }
  }

  /** Not those whose copy could not be made equal. */
  private void tellReady() {
    Set<Integer> told = new TreeSet<>(waitReady);
    told.removeAll(failed);
    waitReady.removeAll(told);
    told.forEach(pnn -> port.send(pnn, new CommitMessage.Ready(epoch.number(), database.dbId())));
  }

  // --- transactions
  // --------------------------------------------------------------------------------

  void submit(CommitBatch.Id id, List<Update> updates) {
    if (known.putIfAbsent(id, proposed(updates)) == null) {
      queue.add(new Waiting(id, updates));
      next();
    }
  }

  private void next() {
    if (phase != Phase.IDLE) {
      return;
    }
    if (repairDue) {
      startRepair();
      return;
    }
    if (!participants.contains(port.self())) {
      return; // what a transaction would change cannot be seen here until the repair
    }
    List<Waiting> some = new ArrayList<>();
    while (!queue.isEmpty() && some.size() < BATCH_MAX) {
      Waiting waiting = queue.remove();
      if (replica.hasWritten(waiting.id)) {
        known.remove(waiting.id);
        answer(waiting.id, 0, "");
      } else {
        some.add(waiting);
      }
    }
    if (some.isEmpty()) {
      return;
    }
    phase = Phase.CHECKING;
    Set<Long> avoided = new HashSet<>(pausing.values());
    replica
        .lane()
        .submit(
            store -> check(store, some, avoided),
            this::checked,
            e -> {
              log.error("{}: {}", database.name(), e.getMessage());
              checked(new Checked(null, List.of(), some.stream().map(Waiting::refused).toList()));
            });
  }

  /**
   * Which of the transactions can be written on top of the copy here, together and in this order.
   *
   * <p>A client that is refused looks at the sequence number: if it is the one that it proposed, it
   * takes its transaction for done (client-protocol.md 3.7). So that number must not come from
   * another transaction: it is passed over.
   */
  private Checked check(TransactionStore store, List<Waiting> some, Set<Long> avoided) {
    long base = store.sequenceNumber();
    Map<Key, StoredRecord> changed = new LinkedHashMap<>();
    List<CommitBatch.Id> ids = new ArrayList<>();
    List<CommitBatch.Id> alreadyThere = new ArrayList<>();
    List<Refused> refused = new ArrayList<>();
    for (Waiting waiting : some) {
      long proposed = proposed(waiting.updates);
      if (proposed >= 0 && proposed <= base) {
        // Made from an older content. All right only if it was this very transaction that changed
        // it.
        if (isThere(store, waiting.updates)) {
          alreadyThere.add(waiting.id);
        } else {
          refused.add(new Refused(waiting.id, proposed));
        }
      } else if (fits(store, changed, waiting.updates)) {
        ids.add(waiting.id);
        waiting.updates.forEach(update -> changed.put(update.key(), update.record()));
      } else {
        refused.add(new Refused(waiting.id, proposed));
      }
    }
    Set<Long> taboo = new HashSet<>(avoided);
    refused.forEach(r -> taboo.add(r.proposed));
    if (ids.isEmpty() && !taboo.contains(base)) {
      return new Checked(null, alreadyThere, refused);
    }
    long number = base + 1;
    while (taboo.contains(number)) {
      number++;
    }
    StoredRecord old = store.fetch(TransactionStore.SEQUENCE_KEY);
    changed.put(
        TransactionStore.SEQUENCE_KEY,
        sequence(old, changed.get(TransactionStore.SEQUENCE_KEY), number));
    List<Update> updates = new ArrayList<>();
    changed.forEach((key, record) -> updates.add(new Update(key, record)));
    return new Checked(new CommitBatch(base, number, ids, updates), alreadyThere, refused);
  }

  /** The sequence number in a client's transaction, -1 if there is none. */
  private static long proposed(List<Update> updates) {
    for (Update update : updates) {
      byte[] data = update.record().data();
      if (update.key().equals(TransactionStore.SEQUENCE_KEY) && data.length == 8) {
        return ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN).getLong();
      }
    }
    return -1;
  }

  private static boolean isThere(TransactionStore store, List<Update> updates) {
    for (Update update : updates) {
      if (!update.key().equals(TransactionStore.SEQUENCE_KEY)) {
        StoredRecord old = store.fetch(update.key());
        if (old == null
            || old.header().rsn() != update.record().header().rsn()
            || !Arrays.equals(old.data(), update.record().data())) {
          return false;
        }
      }
    }
    return true;
  }

  private static boolean fits(
      TransactionStore store, Map<Key, StoredRecord> changed, List<Update> updates) {
    for (Update update : updates) {
      if (!update.key().equals(TransactionStore.SEQUENCE_KEY)) {
        StoredRecord old = changed.get(update.key());
        if (!fits(old == null ? store.fetch(update.key()) : old, update.record())) {
          return false;
        }
      }
    }
    return true;
  }

  /** databases.md 6.2: newer than what it replaces, or the same. */
  private static boolean fits(@Nullable StoredRecord old, StoredRecord update) {
    return old == null
        || update.header().rsn() > old.header().rsn()
        || Arrays.equals(update.data(), old.data());
  }

  private StoredRecord sequence(
      @Nullable StoredRecord old, @Nullable StoredRecord proposed, long number) {
    RecordHeader header =
        proposed == null ? new RecordHeader(0, port.self(), 0) : proposed.header();
    long rsn = Math.max(header.rsn(), old == null ? 0 : old.header().rsn() + 1);
    byte[] value = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(number).array();
    return new StoredRecord(header.withRsn(Math.max(rsn, stamp(epoch.number()))), value);
  }

  /**
   * The least rsn of a sequence number record written in an epoch: higher than any of an earlier
   * epoch, unless that one had 16 million batches. Nobody else gives a meaning to this rsn but "it
   * grows".
   */
  static long stamp(long epochNumber) {
    return (epochNumber & 0x7F_FFFF_FFFFL) << 24;
  }

  private void checked(Checked result) {
    if (phase != Phase.CHECKING) {
      return; // the epoch is over
    }
    result.alreadyThere.forEach(
        id -> {
          known.remove(id);
          answer(id, 0, "");
        });
    batch = result.batch;
    if (batch == null) {
      result.refused.forEach(this::refuse);
      phase = Phase.IDLE;
      next();
    } else {
      refusedWithBatch = result.refused; // their clients are to find the new number
      enter(Phase.PREPARING, participants);
    }
  }

  /** A client sends a refused transaction again at once and without limit: not in a tight loop. */
  private void refuse(Refused refused) {
    pausing.put(refused.id, refused.proposed);
    port.after(
        REFUSAL_PAUSE_NANOS,
        () -> {
          known.remove(refused.id);
          if (phase != Phase.STOPPED) {
            answer(refused.id, -1, "");
          }
        });
    // Until its client has had the time to look at the number.
    port.after(REFUSAL_PAUSE_NANOS + REPEAT_NANOS, () -> pausing.remove(refused.id));
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
      if ((sequenceNumber == level || !problem.isEmpty()) && unanswered.remove(fromPnn)) {
        settle(fromPnn, problem);
        announceFailures();
        levelled();
      }
    } else if (phase == Phase.APPLYING
        && batch != null
        && batch.sequenceNumber() == sequenceNumber
        && unanswered.remove(fromPnn)) {
      settle(fromPnn, problem);
      if (unanswered.isEmpty()) {
        batchDone(batch);
      }
    }
  }

  private void batchDone(CommitBatch done) {
    boolean written = !participants.isEmpty();
    if (written) {
      level = done.sequenceNumber();
      announceFailures();
      for (CommitBatch.Id id : done.ids()) {
        known.remove(id);
        answer(id, 0, "");
      }
    } else {
      // No disk could take it: all copies are still equal.
      participants.addAll(failed);
      failed.clear();
      failedNow.clear();
      done.ids()
          .forEach(id -> refuse(new Refused(id, known.getOrDefault(id, done.sequenceNumber()))));
    }
    refusedWithBatch.forEach(this::refuse);
    refusedWithBatch = List.of();
    becomeReady();
  }

  // --- members that cannot write
  // ---------------------------------------------------------------------

  private void settle(int pnn, String problem) {
    if (problem.isEmpty()) {
      failed.remove(pnn);
      participants.add(pnn);
      return;
    }
    participants.remove(pnn);
    failed.add(pnn);
    failedNow.put(pnn, problem);
  }

  /** Now that others have what these could not write. */
  private void announceFailures() {
    failedNow.forEach(
        (pnn, problem) -> {
          log.error(
              "{}: node {} could not write, its copy is behind until it can be replaced: {}",
              database.name(),
              pnn,
              problem);
          port.send(pnn, new CommitMessage.LeftBehind(epoch.number(), database, problem));
          listener.failed(pnn, problem);
        });
    if (!failedNow.isEmpty() && repair == null) {
      repair = port.after(REPAIR_NANOS, this::repair);
    }
    failedNow.clear();
  }

  private void repair() {
    repair = null;
    repairDue = true;
    next();
  }

  /** While nothing else goes on, those that failed get a whole copy. */
  private void startRepair() {
    repairDue = false;
    if (failed.isEmpty() || participants.isEmpty()) {
      next();
      return;
    }
    states.clear();
    source = participants.contains(port.self()) ? port.self() : participants.first();
    enter(Phase.LEVELLING, Set.copyOf(failed));
  }

  private void answer(CommitBatch.Id id, int status, String error) {
    port.send(
        id.pnn(), new CommitMessage.Result(epoch.number(), database.dbId(), id, status, error));
  }
}
