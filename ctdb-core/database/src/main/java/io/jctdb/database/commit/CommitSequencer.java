package io.jctdb.database.commit;

import io.jctdb.database.Databases.DurableDatabase;
import io.jctdb.database.Epoch;
import io.jctdb.database.message.CommitBatch;
import io.jctdb.database.message.CommitMessage;
import io.jctdb.database.message.NodePort;
import io.jctdb.protocol.Key;
import io.jctdb.protocol.RecordHeader;
import io.jctdb.store.SequenceNumbers;
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
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one node that orders the transactions of one database in one epoch. Owner thread only.
 *
 * <pre>
 * ASKING ─▶ LEVELLING ──participants equal──▶ [PREPARING ─▶ APPLYING] ─▶ (ADMITTING) ─▶ IDLE
 *                                               ▲                                       │
 *                                               └──────────── transactions wait ────────┘
 * </pre>
 *
 * <p>Why nothing is lost or torn: a batch is written anywhere only after <em>every</em> participant
 * has it. So if any node has written it, every survivor among them has at least prepared it, and
 * the next sequencer, which sees the survivors' states, completes it on all of them. A batch that
 * some had prepared and nobody had written is completed, too: its client was not answered, so
 * either outcome is right as long as it is the same everywhere.
 *
 * <p>Participants are the members whose copies are equal. A member whose copy is not (it joins, or
 * could not write) catches up beside them ({@link CopyIn}): it fetches a copy from one of them, is
 * sent what is written meanwhile, and when it is within one batch of the others, the next batch
 * waits for it a moment and it is admitted. So nobody who writes waits for a copy. Only where no
 * member has been level before (the cluster starts) do transactions wait until all are.
 *
 * <p>Which of two contents wins ({@link #isBetter}): the higher sequence number does, but for the
 * last batch. What an earlier epoch wrote last it may have written on some disks only, without an
 * answer, and this must not win over what a later epoch has answered since; whatever it was written
 * on had been on all of them. So against a later epoch the number of that counts. It is in the
 * {@link Stamp}. A copy that was level before this epoch counts as the latest: it is what was
 * served last, whenever that was written. Of equal ones the lowest pnn's wins; the others compare a
 * digest with it (somebody may have changed a file meanwhile).
 *
 * <p>If the content that wins does not have the highest number, it gets a higher one before any
 * copy is replaced and anybody served, in a batch without changes. So on no disk does a number go
 * back; what is made from a content that did not win is refused; and the numbers of an epoch are
 * above all of earlier ones.
 *
 * <p>The sequencer checks transactions against its own copy. Where that is behind those of others,
 * the office moves to one of them ({@link CommitMessage.Moved}) for this epoch.
 */
final class CommitSequencer {
  private static final Logger log = LoggerFactory.getLogger(CommitSequencer.class);
  private static final int BATCH_MAX = 100;

  /** A batch travels in one message; a transaction that is larger goes alone. */
  private static final long BATCH_BYTES_MAX = 4 << 20;

  /** How often at most the next batch waits a moment for one that is almost level. */
  private static final int WAITS_MAX = 3;

  private enum Phase {
    ASKING,
    LEVELLING,
    MOVED,
    ADMITTING,
    IDLE,
    CHECKING,
    PREPARING,
    APPLYING,
    STOPPED
  }

  /** A member that catches up. */
  private static final class Joiner {
    /** The sequence number of its copy when it was last heard of, -1 before it has one. */
    private long reported = -1;

    private int waits;

    /** A follower: never one of the participants, because nobody may wait for it. */
    private final boolean follows;

    /** What a follower must have to be called ready; -1 before it has been told to fetch. */
    private long goal = -1;

    /** How far it had come when this node looked last. */
    private long lastSeen = -2;

    Joiner(boolean follows) {
      this.follows = follows;
    }

    boolean isReady() {
      return follows && goal >= 0 && reported >= goal;
    }
  }

  /** A transaction that waits for its turn. */
  private record Waiting(CommitBatch.Id id, List<Update> updates) {
    Refused refused() {
      return new Refused(id, proposed(updates));
    }

    long bytes() {
      return updates.stream().mapToLong(u -> u.key().length() + u.record().data().length).sum();
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
  private final boolean redirected;
  private final CommitTimes times;
  private final CommitEngine.CopyWatch watch;

  private final SortedMap<Integer, CommitMessage.State> states = new TreeMap<>();
  private final Set<Integer> unanswered = new HashSet<>();
  private final Set<Integer> waitReady = new TreeSet<>();
  private final Set<Integer> askers = new TreeSet<>();
  private final Deque<Waiting> queue = new ArrayDeque<>();

  /** What waits or is under way, with the sequence number that its client expects after it. */
  private final Map<CommitBatch.Id, Long> known = new HashMap<>();

  private final SortedSet<Integer> participants = new TreeSet<>();
  private final SortedMap<Integer, Joiner> joiners = new TreeMap<>();
  private final Set<Integer> failed = new HashSet<>();
  private final Map<Integer, String> failedNow = new TreeMap<>();
  private final Map<CommitBatch.Id, Long> pausing = new HashMap<>();
  private List<Refused> refusedWithBatch = List.of();
  private NodePort.@Nullable Timer repair;
  private NodePort.@Nullable Timer fetching;
  private NodePort.@Nullable Timer admission;
  private Phase phase = Phase.ASKING;
  private boolean ready;
  private int source;
  private long level;
  private long previousLevel = -1;
  private @Nullable CommitBatch batch;

  /** The number of the last batch that no disk could take: it names that one for all time. */
  private long spent = -1;

  /** Whether the last batch was made in this epoch, and not left over from an earlier one. */
  private boolean lastIsOfThisEpoch;

  /**
   * The highest sequence number of a copy that did not win. Only a higher one may take its place.
   */
  private long passed = Long.MIN_VALUE;

  private @Nullable CommitBatch leftOver;
  private NodePort.@Nullable Timer repeat;

  /**
   * @param redirected this node was named by the one that would be the sequencer by rule
   */
  CommitSequencer(
      NodePort port,
      Epoch epoch,
      DurableDatabase database,
      CommitReplica replica,
      boolean redirected,
      CommitTimes times,
      CommitEngine.CopyWatch watch) {
    this.port = port;
    this.epoch = epoch;
    this.database = database;
    this.replica = replica;
    this.redirected = redirected;
    this.times = times;
    this.watch = watch;
  }

  void begin() {
    unanswered.addAll(epoch.voters());
    sendAndRepeat();
  }

  /** The epoch is over. */
  void stop() {
    phase = Phase.STOPPED;
    cancel(repeat);
    cancel(repair);
    cancel(fetching);
    cancel(admission);
  }

  private static void cancel(NodePort.@Nullable Timer timer) {
    if (timer != null) {
      timer.cancel();
    }
  }

  // --- asking and repeating ----------------------------------------------------------------------

  /** Sends what this phase needs to those that have not answered, now and until they have. */
  private void sendAndRepeat() {
    cancel(repeat);
    unanswered.forEach(this::send);
    repeat = port.after(times.repeatNanos(), this::sendAndRepeat);
  }

  private void send(int pnn) {
    switch (phase) {
      case ASKING -> port.send(pnn, new CommitMessage.AskState(epoch.number(), database));
      case LEVELLING -> {
        if (!joiners.containsKey(pnn)) {
          port.send(pnn, new CommitMessage.Apply(epoch.number(), database.dbId(), level));
        }
      }
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
      case IDLE, CHECKING, ADMITTING, MOVED, STOPPED -> {
        // nobody is waited for
      }
    }
  }

  private void enter(Phase next, Set<Integer> waitFor) {
    phase = next;
    unanswered.clear();
    unanswered.addAll(waitFor);
    cancel(repeat);
    if (!unanswered.isEmpty()) {
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
      chooseSource();
      startLevelling();
    }
  }

  private static boolean isBetter(CommitMessage.State a, CommitMessage.State b) {
    int later = Long.compare(epoch(a), epoch(b));
    if (later != 0) {
      return later > 0 ? a.sequenceNumber() > base(b) : base(a) >= b.sequenceNumber();
    }
    return a.sequenceNumber() != b.sequenceNumber()
        ? a.sequenceNumber() > b.sequenceNumber()
        : a.stamp() > b.stamp();
  }

  private static long epoch(CommitMessage.State state) {
    return state.fresh() ? new Stamp(state.stamp()).epoch() : Long.MAX_VALUE;
  }

  /** What all participants of the epoch that wrote it had for sure. */
  private static long base(CommitMessage.State state) {
    return new Stamp(state.stamp()).base(state.sequenceNumber());
  }

  private static boolean isSame(CommitMessage.State a, CommitMessage.State b) {
    return a.sequenceNumber() == b.sequenceNumber() && a.stamp() == b.stamp();
  }

  /** The best copy; of equal ones the lowest pnn's. */
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

  private void startLevelling() {
    Set<Integer> completing = new TreeSet<>();
    states.forEach((pnn, state) -> place(pnn, state, completing));
    epoch.followers().forEach(pnn -> joiners.put(pnn, new Joiner(true)));
    boolean established = !isFresh(source);
    if (established && !redirected && source != port.self() && joiners.containsKey(port.self())) {
      log.info(
          "{}: node {} orders the transactions of this epoch, the copy here is behind",
          database.name(),
          source);
      phase = Phase.MOVED;
      tellMoved();
      return;
    }
    chooseLeftOver();
    participants.forEach(pnn -> watch.level(pnn, database));
    joiners.forEach((pnn, joiner) -> reportJoiner(pnn, joiner, states.get(pnn)));
    Set<Integer> waitFor = new TreeSet<>(completing);
    if (!established && level > passed) {
      waitFor.addAll(joiners.keySet()); // nobody has been writing
      waitFor.removeAll(epoch.followers());
    }
    enter(Phase.LEVELLING, waitFor);
    if (waitFor.isEmpty()) {
      levelled();
    } else {
      fetchForJoiners();
    }
  }

  /** Participant at once, or after completing a batch, or one that catches up. */
  private void place(int pnn, CommitMessage.State state, Set<Integer> completing) {
    CommitMessage.State best = states.get(source);
    if (state.sequenceNumber() == CommitMessage.State.ABSENT) {
      log.error("{}: node {} can have no copy of it; see its log", database.name(), pnn);
    } else if (level < 0 || pnn == source || best == null) {
      participants.add(pnn); // or nobody has anything to give
    } else if (!state.fresh() && !best.fresh() && isSame(state, best)) {
      participants.add(pnn);
    } else if (lacksOnlyWhatItPrepared(state, best)) {
      completing.add(pnn);
    } else {
      joiners.put(pnn, new Joiner(false));
      if (state.sequenceNumber() >= level && !isSame(state, best)) {
        passed = Math.max(passed, state.sequenceNumber());
      }
    }
  }

  /**
   * The same number is not enough: it may have prepared something else in an epoch without the
   * source.
   */
  private boolean lacksOnlyWhatItPrepared(CommitMessage.State state, CommitMessage.State best) {
    CommitBatch prepared = state.prepared();
    return prepared != null
        && prepared.base() == state.sequenceNumber()
        && prepared.sequenceNumber() == level
        && prepared.stamp() == best.stamp();
  }

  /** What was prepared on top of the best content is completed; of several the latest. */
  private void chooseLeftOver() {
    leftOver = null;
    for (CommitMessage.State state : states.values()) {
      CommitBatch prepared = state.prepared();
      if (prepared != null
          && prepared.base() == level
          && (leftOver == null || prepared.stamp() > leftOver.stamp())) {
        leftOver = prepared;
      }
    }
  }

  private boolean isFresh(int pnn) {
    CommitMessage.State state = states.get(pnn);
    return state == null || state.fresh();
  }

  private void reportJoiner(int pnn, Joiner joiner, CommitMessage.@Nullable State state) {
    if (joiner.follows) {
      watch.behind(pnn, database, "it follows at a distance");
      return;
    }
    long number = state == null ? CommitMessage.State.UNREADABLE : state.sequenceNumber();
    String why =
        number == CommitMessage.State.UNREADABLE
            ? "its copy cannot be read"
            : "its copy has sequence number " + number + ", that of node " + source + " " + level;
    if (number != level) {
      log.info("{}: node {} catches up: {}", database.name(), pnn, why);
    }
    watch.behind(pnn, database, why);
  }

  // --- members that catch up ---------------------------------------------------------------------

  /**
   * Again and again; who is at it already, or has it, knows what to do. Followers wait until the
   * others are level: what they are told to have must be on all participants.
   */
  private void fetchForJoiners() {
    cancel(fetching);
    if (joiners.isEmpty() || participants.isEmpty()) {
      return;
    }
    int from = participants.contains(source) ? source : participants.first();
    if (level > passed) {
      joiners.forEach(
          (pnn, joiner) -> {
            if (!(joiner.follows && phase == Phase.LEVELLING) && mayLack(joiner)) {
              port.send(pnn, new CommitMessage.Fetch(epoch.number(), database.dbId(), from, level));
            }
          });
    } else if (phase == Phase.IDLE) {
      passOver(); // no disk took it before
    }
    fetching = port.after(times.repeatNanos(), this::fetchForJoiners);
  }

  /**
   * What a follower has been sent may still be under way: only when it has stood still for long.
   */
  private boolean mayLack(Joiner joiner) {
    boolean begins = joiner.goal < 0;
    if (begins) {
      joiner.goal = Math.max(0, level);
    }
    boolean standsStill = joiner.reported == joiner.lastSeen;
    joiner.lastSeen = joiner.reported;
    return !joiner.follows || begins || (standsStill && joiner.reported < level);
  }

  private void followerReports(int pnn, Joiner joiner, long number) {
    boolean before = joiner.isReady();
    joiner.reported = number;
    if (joiner.isReady() && !before) {
      if (ready) {
        tellReady();
      }
    }
  }

  private void joinerReports(int pnn, Joiner joiner, long number, String problem) {
    if (!problem.isEmpty()) {
      joiners.remove(pnn);
      settle(pnn, problem);
      announceFailures();
    } else if (joiner.follows) {
      followerReports(pnn, joiner, number);
      return;
    } else {
      joiner.reported = number;
      if (number == level && isBetweenBatches()) {
        admit(pnn);
      }
    }
    if (phase == Phase.LEVELLING) {
      if (!joiners.containsKey(pnn)) {
        unanswered.remove(pnn);
        levelled();
      }
    } else if (phase == Phase.ADMITTING && !isAnyAlmostLevel()) {
      admitted();
    } else {
      next(); // it may have been this node
    }
  }

  private boolean isBetweenBatches() {
    return phase == Phase.LEVELLING
        || phase == Phase.ADMITTING
        || phase == Phase.IDLE
        || phase == Phase.CHECKING;
  }

  private void admit(int pnn) {
    joiners.remove(pnn);
    participants.add(pnn);
    watch.level(pnn, database);
    if (ready) {
      tellReady();
    }
  }

  /** Had everything before the last batch, which it has been sent. */
  private boolean isAnyAlmostLevel() {
    return joiners.values().stream()
        .filter(j -> !j.follows)
        .anyMatch(j -> j.waits < WAITS_MAX && j.reported >= 0 && j.reported == previousLevel);
  }

  private void admitted() {
    cancel(admission);
    if (phase == Phase.ADMITTING) {
      phase = Phase.IDLE;
      next();
    }
  }

  /** The content was replaced by other means, here and elsewhere: its number is what counts now. */
  void contentReplaced() {
    replica
        .lane()
        .submit(
            TransactionStore::sequenceNumber,
            number -> {
              if (phase == Phase.IDLE) {
                level = number;
              }
            },
            e -> log.error("{}: {}", database.name(), e.getMessage()));
  }

  // --- ready
  // -------------------------------------------------------------------------------

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
    fetchForJoiners();
  }

  /** A batch of nothing but a sequence number above all that copies have which did not win. */
  private void passOver() {
    long number = above(Math.max(passed, spent), proposedByOthers(List.of()));
    CommitMessage.State best = states.get(source);
    Stamp before = new Stamp(best == null ? 0 : best.stamp());
    Update update =
        new Update(
            TransactionStore.SEQUENCE_KEY,
            sequence(new RecordHeader(0, port.self(), 0), before, level, number));
    batch = new CommitBatch(level, number, List.of(), List.of(update));
    enter(Phase.PREPARING, participants);
  }

  private void becomeReady() {
    batch = null;
    if (Math.max(level, spent) <= passed) {
      passOver(); // if no disk takes it, fetchForJoiners() tries again
      return;
    }
    ready = true;
    enter(Phase.IDLE, Set.of());
    tellReady();
    if (isAnyAlmostLevel()) {
      phase = Phase.ADMITTING;
      admission =
          port.after(
              times.refusalPauseNanos(),
              () -> {
                joiners.values().forEach(j -> j.waits++);
                admitted();
              });
    } else {
      next();
    }
  }

  /** Somebody asks for the sequencer. */
  void askedBy(int pnn) {
    askers.add(pnn);
    if (phase == Phase.MOVED) {
      tellMoved();
    }
  }

  private void tellMoved() {
    askers.forEach(
        pnn -> port.send(pnn, new CommitMessage.Moved(epoch.number(), database.dbId(), source)));
    askers.clear();
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
    joiners.forEach(
        (pnn, joiner) -> {
          if (!joiner.isReady()) {
            told.remove(pnn);
          }
        });
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
    if (!participants.contains(port.self())) {
      return; // what a transaction would change cannot be seen here until this copy is level
    }
    List<Waiting> some = new ArrayList<>();
    long bytes = 0;
    while (!queue.isEmpty() && some.size() < BATCH_MAX) {
      bytes += queue.element().bytes();
      if (!some.isEmpty() && bytes > BATCH_BYTES_MAX) {
        break;
      }
      some.add(queue.remove());
    }
    if (some.isEmpty()) {
      return;
    }
    phase = Phase.CHECKING;
    Set<CommitBatch.Id> written = new HashSet<>();
    some.stream().map(Waiting::id).filter(replica::hasWritten).forEach(written::add);
    Set<Long> avoided = proposedByOthers(some);
    boolean ofThisEpoch = lastIsOfThisEpoch;
    long above = spent;
    replica
        .lane()
        .submit(
            store -> check(store, some, written, ofThisEpoch, avoided, above),
            this::checked,
            e -> {
              log.error("{}: {}", database.name(), e.getMessage());
              checked(new Checked(null, List.of(), some.stream().map(Waiting::refused).toList()));
            });
  }

  /** Nobody whose transaction waits may take another's number for that of his own. */
  private Set<Long> proposedByOthers(List<Waiting> some) {
    Map<CommitBatch.Id, Long> others = new HashMap<>(known);
    some.forEach(waiting -> others.remove(waiting.id));
    Set<Long> avoided = new HashSet<>(others.values());
    avoided.addAll(pausing.values());
    return avoided;
  }

  private static long above(long last, Set<Long> taboo) {
    long number = last + 1;
    while (taboo.contains(number)) {
      number++;
    }
    return number;
  }

  /**
   * Which of the transactions can be written on top of the copy here, together and in this order.
   *
   * <p>A client that is refused looks at the sequence number: if it is the one that it proposed, it
   * takes its transaction for done (client-protocol.md 3.7). So that number must not come from
   * another transaction: it is passed over. So are numbers of batches that no disk could take, or
   * what is still said of those would be taken for this one's.
   *
   * <p>What is there already is done. But if an earlier epoch wrote it last, it could still lose
   * against what yet another one left unanswered: a batch of this epoch goes before the answer.
   */
  private Checked check(
      TransactionStore store,
      List<Waiting> some,
      Set<CommitBatch.Id> written,
      boolean ofThisEpoch,
      Set<Long> avoided,
      long above) {
    long base = store.sequenceNumber();
    StoredRecord old = store.fetch(TransactionStore.SEQUENCE_KEY);
    Stamp before = new Stamp(old == null ? 0 : old.header().rsn());
    Map<Key, StoredRecord> changed = new LinkedHashMap<>();
    List<CommitBatch.Id> ids = new ArrayList<>();
    List<CommitBatch.Id> alreadyThere = new ArrayList<>();
    List<Refused> refused = new ArrayList<>();
    for (Waiting waiting : some) {
      long proposed = proposed(waiting.updates);
      boolean outdated = proposed >= 0 && proposed <= base;
      if (written.contains(waiting.id) || (outdated && isThere(store, waiting.updates))) {
        (ofThisEpoch ? alreadyThere : ids).add(waiting.id);
      } else if (outdated) {
        refused.add(new Refused(waiting.id, proposed)); // made from another content
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
    long number = above(Math.max(base, above), taboo);
    StoredRecord proposed = changed.get(TransactionStore.SEQUENCE_KEY);
    changed.put(
        TransactionStore.SEQUENCE_KEY,
        sequence(
            proposed == null ? new RecordHeader(0, port.self(), 0) : proposed.header(),
            before,
            base,
            number));
    List<Update> updates = new ArrayList<>();
    changed.forEach((key, record) -> updates.add(new Update(key, record)));
    return new Checked(new CommitBatch(base, number, ids, updates), alreadyThere, refused);
  }

  /** The sequence number in a client's transaction, -1 if there is none. */
  static long proposed(List<Update> updates) {
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

  private StoredRecord sequence(RecordHeader header, Stamp before, long base, long number) {
    Stamp stamp = before.next(epoch.number(), number - base);
    return new StoredRecord(header.withRsn(stamp.rsn()), SequenceNumbers.data(number));
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
        times.refusalPauseNanos(),
        () -> {
          known.remove(refused.id);
          if (phase != Phase.STOPPED) {
            answer(refused.id, -1, "");
          }
        });
    // Until its client has had the time to look at the number.
    port.after(times.refusalPauseNanos() + times.repeatNanos(), () -> pausing.remove(refused.id));
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
    Joiner joiner = joiners.get(fromPnn);
    if (joiner != null) {
      joinerReports(fromPnn, joiner, sequenceNumber, problem);
    } else if (phase == Phase.LEVELLING) {
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
      boolean heldBack = level <= passed;
      lastIsOfThisEpoch = ready;
      previousLevel = level;
      level = done.sequenceNumber();
      joiners
          .keySet()
          .forEach(
              pnn ->
                  port.send(pnn, new CommitMessage.Follow(epoch.number(), database.dbId(), done)));
      announceFailures();
      for (CommitBatch.Id id : done.ids()) {
        known.remove(id);
        answer(id, 0, "");
      }
      if (heldBack) {
        fetchForJoiners();
      }
    } else {
      // No disk could take it: all copies are still equal.
      spent = done.sequenceNumber();
      participants.addAll(failedNow.keySet());
      failed.removeAll(failedNow.keySet());
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
      if (failed.remove(pnn) || participants.add(pnn)) {
        watch.level(pnn, database);
      }
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
          watch.behind(pnn, database, problem);
        });
    if (!failedNow.isEmpty() && repair == null) {
      repair = port.after(times.repairNanos(), this::repair);
    }
    failedNow.clear();
  }

  /** Those that failed catch up like those that join. */
  private void repair() {
    repair = null;
    failed.forEach(pnn -> joiners.put(pnn, new Joiner(epoch.followers().contains(pnn))));
    failed.clear();
    fetchForJoiners();
  }

  private void answer(CommitBatch.Id id, int status, String error) {
    port.send(
        id.pnn(),
        new CommitMessage.Result(
            epoch.number(), database.dbId(), id, status, error, status == 0 ? level : -1));
  }
}
