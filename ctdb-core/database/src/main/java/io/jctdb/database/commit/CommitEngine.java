package io.jctdb.database.commit;

import io.jctdb.database.Databases;
import io.jctdb.database.Databases.DurableDatabase;
import io.jctdb.database.DurableLane;
import io.jctdb.database.Epoch;
import io.jctdb.database.epoch.EpochListener;
import io.jctdb.database.message.CommitBatch;
import io.jctdb.database.message.CommitMessage;
import io.jctdb.database.message.CopyNumbers;
import io.jctdb.database.message.NodePort;
import io.jctdb.database.record.CommittedCopies;
import io.jctdb.store.StoreException;
import io.jctdb.store.TransactionStore;
import io.jctdb.store.TransactionStore.Update;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Persistent and replicated databases: a full copy on every member, changed only by transactions,
 * all of them ordered by one member for each database (its sequencer, see {@link CommitSequencer}).
 *
 * <p>At the start of an epoch members first tell each other which databases they have, so that each
 * has them all; then every sequencer makes the copies of its databases equal; then transactions go
 * on, those that were under way included. Local reads never wait for any of this.
 *
 * <p>Members at remote sites follow ({@link Epoch#followers}): they are sent what the others have
 * written, in order, and nobody waits for them. One of their own transactions is answered when the
 * copy there has it.
 *
 * <p>Owner thread only.
 */
public final class CommitEngine implements EpochListener, CommittedCopies {
  private static final Logger log = LoggerFactory.getLogger(CommitEngine.class);
  private static final int EARLY_MAX = 1_000;
  private static final long QUIET_WHILE_LOOKING = TimeUnit.HOURS.toNanos(1);
  private static final String TIMED_OUT = "timeout in ctdb_persistent_state";

  private final NodePort port;
  private final Databases databases;
  private final LongSupplier limitNanos;
  private final CommitTimes times;
  private final Map<Integer, CommitReplica> replicas = new HashMap<>();
  private final Map<Integer, CommitSequencer> sequencers = new HashMap<>();
  private final Map<CommitBatch.Id, Submission> submissions = new HashMap<>();
  private final Set<Integer> silent = new HashSet<>();

  /** Followers that have not said yet which databases they have. Nothing waits for that. */
  private final Set<Integer> unheardFollowers = new HashSet<>();

  /**
   * Written, but not here yet, where this node is a follower: the number that the copy must have.
   */
  private final Map<CommitBatch.Id, Long> writtenElsewhere = new HashMap<>();

  private final List<Early> early = new ArrayList<>();
  private final Map<Integer, DurableDatabase> notReady = new HashMap<>();

  /** Who is sequencer in this epoch of a database whose sequencer by rule could not be it. */
  private final Map<Integer, Integer> moved = new HashMap<>();

  private Runnable reconciled = () -> {};
  private Runnable progress = () -> {};
  private LeftBehind leftBehind = (database, problem) -> {};
  private CopyWatch copyWatch = new Unwatched();
  private @Nullable Epoch epoch;
  private boolean serving;
  private boolean ready;
  private long lastNumber;
  private NodePort.@Nullable Timer repeat;

  /** A message of an epoch that has begun at its sender and not yet here. */
  private record Early(int fromPnn, CommitMessage message) {}

  /** A transaction of a local client. */
  private static final class Submission {
    private final CommitBatch.Id id;
    private final DurableDatabase database;
    private final List<Update> updates;
    private final CommitDone done;
    private NodePort.@Nullable Timer limit;

    Submission(CommitBatch.Id id, DurableDatabase database, List<Update> updates, CommitDone done) {
      this.id = id;
      this.database = database;
      this.updates = updates;
      this.done = done;
    }

    void limit(NodePort.Timer next) {
      if (limit != null) {
        limit.cancel();
      }
      limit = next;
    }

    void finish(int status, String error) {
      if (limit != null) {
        limit.cancel();
      }
      done.done(status, error);
    }
  }

  /**
   * @param firstNumber where this run of the daemon begins to number its transactions: something
   *     that no earlier run of this node came near, such as the time
   * @param limitNanos tunable ControlTimeout in nanoseconds: how long a client waits for its answer
   */
  public CommitEngine(
      NodePort port, Databases databases, long firstNumber, LongSupplier limitNanos) {
    this(port, databases, firstNumber, limitNanos, CommitTimes.DEFAULT);
  }

  public CommitEngine(
      NodePort port,
      Databases databases,
      long firstNumber,
      LongSupplier limitNanos,
      CommitTimes times) {
    this.port = port;
    this.databases = databases;
    this.lastNumber = firstNumber;
    this.limitNanos = limitNanos;
    this.times = times;
  }

  /** Called at each epoch when all databases known to any member are equal on all. */
  public void onReconciled(Runnable listener) {
    reconciled = listener;
  }

  /** Hears, on the sequencer's node, whose copies are level with the others. */
  public interface CopyWatch {
    /** That member's copy lacks what others have; it is being replaced, which may take a while. */
    void behind(int pnn, DurableDatabase database, String why);

    /** That member's copy has everything, and gets every transaction before it is answered. */
    void level(int pnn, DurableDatabase database);
  }

  private static final class Unwatched implements CopyWatch {
    @Override
    public void behind(int pnn, DurableDatabase database, String why) {}

    @Override
    public void level(int pnn, DurableDatabase database) {}
  }

  /** Hears that this node's copy is not equal to the others'. */
  @FunctionalInterface
  public interface LeftBehind {
    void leftBehind(DurableDatabase database, String problem);
  }

  /**
   * Called when this node could not write what others have written. It had better not serve
   * clients, and must not be the only one to know the database: let it leave the cluster until the
   * cause (a full disk) is gone; what it misses is copied when it joins again.
   */
  public void onLeftBehind(LeftBehind listener) {
    leftBehind = listener;
  }

  public void watchCopies(CopyWatch watch) {
    copyWatch = watch;
  }

  /** Whether that is so in the present epoch. */
  public boolean isReconciled() {
    return ready;
  }

  /**
   * Commits a transaction of a local client. While this node is no member, or databases are being
   * made equal, it waits.
   */
  public void commit(int dbId, List<Update> updates, CommitDone done) {
    DurableDatabase database = find(dbId);
    if (database == null) {
      port.after(0, () -> done.done(-1, ""));
      return;
    }
    CommitBatch.Id id = new CommitBatch.Id(port.self(), ++lastNumber);
    Submission submission = new Submission(id, database, List.copyOf(updates), done);
    submissions.put(id, submission);
    submission.limit(port.after(limitNanos.getAsLong(), () -> timeUp(submission)));
    submit(submission);
  }

  private void timeUp(Submission submission) {
    fail(submission, 1, TIMED_OUT);
  }

  private void result(CommitMessage.Result result) {
    Submission submission = submissions.get(result.id());
    if (submission == null) {
      return;
    }
    if (result.status() != 0) {
      fail(submission, result.status(), result.error());
    } else if (isFollower()) {
      writtenElsewhere.put(result.id(), result.number());
      finishWhatHasArrived();
    } else {
      finish(result.id(), 0, "");
    }
  }

  private void copyMoved() {
    finishWhatHasArrived();
    progress.run();
  }

  @Override
  public void onProgress(Runnable listener) {
    progress = listener;
  }

  @Override
  public CopyNumbers numbers() {
    SortedMap<Integer, Long> numbers = new TreeMap<>();
    replicas.forEach(
        (dbId, replica) -> {
          if (replica.onDisk() >= 0 && databases.durableLane(dbId) != null) {
            numbers.put(dbId, replica.onDisk());
          }
        });
    return new CopyNumbers(numbers);
  }

  @Override
  public boolean have(CopyNumbers numbers) {
    return numbers.byDatabase().entrySet().stream()
        .allMatch(
            entry -> {
              CommitReplica replica = replica(entry.getKey());
              return replica == null || replica.onDisk() >= entry.getValue();
            });
  }

  /** A client must find its own transaction in the copy here. */
  private void finishWhatHasArrived() {
    for (Map.Entry<CommitBatch.Id, Long> entry : Map.copyOf(writtenElsewhere).entrySet()) {
      Submission submission = submissions.get(entry.getKey());
      CommitReplica replica = submission == null ? null : replicas.get(submission.database.dbId());
      if (replica == null) {
        writtenElsewhere.remove(entry.getKey());
      } else if (replica.copyNumber() >= entry.getValue()) {
        writtenElsewhere.remove(entry.getKey());
        finish(entry.getKey(), 0, "");
      }
    }
  }

  /**
   * A client that hears of a failure looks at the sequence number of the copy here, and takes its
   * transaction for done if that is the one it proposed (client-protocol.md 3.7). While it is, and
   * came from another transaction, nothing can be said that it would not misunderstand; the next
   * number is not far, or this copy is behind and its node about to leave.
   */
  private void fail(Submission submission, int status, String error) {
    DurableLane lane = databases.durableLane(submission.database.dbId());
    if (lane == null) {
      finish(submission.id, status, error);
      return;
    }
    long proposed = CommitSequencer.proposed(submission.updates);
    int dbId = submission.database.dbId();
    LongConsumer told = nanos -> withReplica(dbId, r -> r.told(proposed, nanos));
    // What the lane was given before, the look below sees.
    withReplica(dbId, r -> r.beforeTelling(proposed, QUIET_WHILE_LOOKING));
    lane.submit(
        TransactionStore::sequenceNumber,
        number -> {
          if (number != proposed) {
            told.accept(times.refusalPauseNanos());
            finish(submission.id, status, error);
          } else {
            told.accept(0);
            if (submissions.containsKey(submission.id)) {
              submission.limit(port.after(times.repeatNanos(), () -> timeUp(submission)));
            }
          }
        },
        problem -> {
          told.accept(0);
          finish(submission.id, status, error);
        });
  }

  private void submit(Submission submission) {
    Epoch current = epoch;
    if (current != null && serving && ready) {
      int dbId = submission.database.dbId();
      port.send(
          sequencerOf(current, dbId),
          new CommitMessage.Submit(
              current.number(),
              submission.database,
              moved.containsKey(dbId),
              submission.id,
              submission.updates));
    }
  }

  private void finish(CommitBatch.Id id, int status, String error) {
    Submission submission = submissions.remove(id);
    if (submission != null) {
      submission.finish(status, error);
    }
  }

  /**
   * The content is being replaced here and elsewhere by other means (wipe, restore): to be called
   * when the lane has been told to do it.
   */
  public void contentReplaced(int dbId) {
    CommitReplica replica = replicas.get(dbId);
    if (replica != null) {
      replica.contentReplaced();
    }
    withSequencer(dbId, CommitSequencer::contentReplaced);
  }

  private @Nullable DurableDatabase find(int dbId) {
    for (DurableDatabase database : databases.durable()) {
      if (database.dbId() == dbId) {
        return database;
      }
    }
    return null;
  }

  /** By rule every member computes the same one; different databases get different ones. */
  private int sequencerOf(Epoch epoch, int dbId) {
    Integer named = moved.get(dbId);
    return named != null ? named : sequencerByRule(epoch, dbId);
  }

  private static int sequencerByRule(Epoch epoch, int dbId) {
    List<Integer> members = List.copyOf(epoch.voters());
    return members.get(Math.floorMod(dbId, members.size()));
  }

  private boolean isFollower() {
    Epoch current = epoch;
    return current != null && current.followers().contains(port.self());
  }

  private @Nullable CommitReplica replica(int dbId) {
    CommitReplica known = replicas.get(dbId);
    if (known != null) {
      return known;
    }
    DurableLane lane = databases.durableLane(dbId);
    if (lane == null) {
      return null;
    }
    CommitReplica fresh =
        new CommitReplica(port, dbId, lane, times.repeatNanos(), this::isFollower, this::cannotUse);
    fresh.onCopyMoved(this::copyMoved);
    replicas.put(dbId, fresh);
    return fresh;
  }

  private @Nullable CommitReplica replica(DurableDatabase database) {
    if (databases.durableLane(database.dbId()) == null && databases.attach(database) == null) {
      return null;
    }
    return replica(database.dbId());
  }

  private void cannotUse(int dbId, StoreException problem) {
    log.error("{}", problem.getMessage());
  }

  // --- epochs
  // --------------------------------------------------------------------------------------

  @Override
  public void epochPromised(long next) {
    serving = false;
    ready = false;
    sequencers.values().forEach(CommitSequencer::stop);
    sequencers.clear();
    if (repeat != null) {
      repeat.cancel();
    }
  }

  @Override
  public void epochStarted(Epoch started) {
    epochPromised(started.number());
    epoch = started;
    serving = true;
    replicas.values().forEach(CommitReplica::epochStarted);
    notReady.clear();
    moved.clear();
    databases.durable().forEach(d -> notReady.put(d.dbId(), d));
    silent.clear();
    silent.addAll(started.voters());
    silent.remove(port.self());
    unheardFollowers.clear();
    unheardFollowers.addAll(started.followers());
    unheardFollowers.remove(port.self());
    writtenElsewhere.clear();
    ask();
    continueIfAllKnown();
    List<Early> waiting = List.copyOf(early);
    early.clear();
    waiting.forEach(e -> receive(e.fromPnn, e.message));
  }

  @Override
  public void leftCluster() {
    epochPromised(Epoch.NONE);
    epoch = null;
    replicas.values().forEach(CommitReplica::leftCluster);
    // Made from a content that others may replace meanwhile; and their clients have been cut off.
    List.copyOf(submissions.keySet()).forEach(id -> finish(id, -1, ""));
  }

  /** Repeats what this node waits for until it has it. */
  private void ask() {
    Epoch current = epoch;
    if (current == null || !serving) {
      return;
    }
    silent.forEach(pnn -> port.send(pnn, new CommitMessage.AskDatabases(current.number())));
    unheardFollowers.forEach(
        pnn -> port.send(pnn, new CommitMessage.AskDatabases(current.number())));
    if (silent.isEmpty()) {
      notReady.values().forEach(d -> askReady(current, d));
      submissions.values().forEach(this::submit);
    }
    repeat = port.after(times.repeatNanos(), this::ask);
  }

  private void askReady(Epoch current, DurableDatabase database) {
    port.send(
        sequencerOf(current, database.dbId()),
        new CommitMessage.AskReady(current.number(), database, moved.containsKey(database.dbId())));
  }

  private void continueIfAllKnown() {
    Epoch current = epoch;
    if (current != null && silent.isEmpty()) {
      notReady.values().forEach(d -> askReady(current, d));
      becomeReadyIfAllAre();
    }
  }

  private void becomeReadyIfAllAre() {
    if (!silent.isEmpty() || !notReady.isEmpty() || ready) {
      return;
    }
    ready = true;
    reconciled.run();
    for (Submission submission : new ArrayList<>(submissions.values())) {
      CommitReplica replica = replica(submission.database.dbId());
      if (replica != null && replica.hasWritten(submission.id)) {
        finish(submission.id, 0, "");
      } else {
        submit(submission);
      }
    }
  }

  // --- messages
  // --------------------------------------------------------------------------------------

  public void receive(int fromPnn, CommitMessage message) {
    Epoch current = epoch;
    if (current == null || !serving || message.epoch() > current.number()) {
      if (early.size() < EARLY_MAX) {
        early.add(new Early(fromPnn, message));
      }
      return;
    }
    if (message.epoch() != current.number() || !current.hasMember(fromPnn)) {
      return; // of another epoch; whoever waits repeats it in the right one
    }
    switch (message) {
      case CommitMessage.AskDatabases m ->
          port.send(
              fromPnn,
              new CommitMessage.HaveDatabases(current.number(), List.copyOf(databases.durable())));
      case CommitMessage.HaveDatabases m -> haveDatabases(fromPnn, m);
      case CommitMessage.AskReady m ->
          withSequencer(fromPnn, m.database(), m.redirected(), s -> s.askReady(fromPnn));
      case CommitMessage.Ready m -> {
        withReplica(m.dbId(), CommitReplica::levelled);
        if (notReady.remove(m.dbId()) != null) {
          becomeReadyIfAllAre();
        }
      }
      case CommitMessage.AskState m -> askState(fromPnn, m);
      case CommitMessage.State m -> withSequencer(m.dbId(), s -> s.state(fromPnn, m));
      case CommitMessage.Moved m -> moved(m);
      case CommitMessage.Fetch m -> withReplica(m.dbId(), r -> r.in().fetch(m, fromPnn));
      case CommitMessage.AskPart m -> withReplica(m.dbId(), r -> r.out().ask(fromPnn, m));
      case CommitMessage.Part m -> withReplica(m.dbId(), r -> r.in().part(fromPnn, m));
      case CommitMessage.Follow m -> withReplica(m.dbId(), r -> r.in().follow(m, fromPnn));
      case CommitMessage.Submit m ->
          withSequencer(fromPnn, m.database(), m.redirected(), s -> s.submit(m.id(), m.updates()));
      case CommitMessage.Result m -> result(m);
      case CommitMessage.Prepare m ->
          withReplica(m.dbId(), r -> r.prepare(m.epoch(), fromPnn, m.batch()));
      case CommitMessage.Prepared m ->
          withSequencer(m.dbId(), s -> s.prepared(fromPnn, m.sequenceNumber()));
      case CommitMessage.Apply m ->
          withReplica(m.dbId(), r -> r.apply(m.epoch(), fromPnn, m.sequenceNumber()));
      case CommitMessage.Applied m ->
          withSequencer(m.dbId(), s -> s.applied(fromPnn, m.sequenceNumber(), m.problem()));
      case CommitMessage.LeftBehind m -> leftBehind.leftBehind(m.database(), m.problem());
    }
  }

  private void haveDatabases(int fromPnn, CommitMessage.HaveDatabases message) {
    if (unheardFollowers.remove(fromPnn)) {
      followerHas(message.databases());
    }
    if (!silent.remove(fromPnn)) {
      return;
    }
    for (DurableDatabase database : message.databases()) {
      if (replica(database) != null) {
        notReady.putIfAbsent(database.dbId(), database);
      }
    }
    continueIfAllKnown();
  }

  /** What only a follower has known so far is here, too, from now on; nobody waits for that. */
  private void followerHas(List<DurableDatabase> theirs) {
    Epoch current = epoch;
    for (DurableDatabase database : theirs) {
      boolean isNew = databases.durableLane(database.dbId()) == null;
      if (current != null && replica(database) != null && isNew) {
        askReady(current, database);
      }
    }
  }

  private void askState(int fromPnn, CommitMessage.AskState message) {
    CommitReplica replica = replica(message.database());
    if (replica == null) {
      port.send(
          fromPnn,
          CommitMessage.State.without(
              message.epoch(), message.database().dbId(), CommitMessage.State.ABSENT));
    } else {
      replica.tellState(message.epoch(), fromPnn);
    }
  }

  private void withReplica(int dbId, java.util.function.Consumer<CommitReplica> action) {
    CommitReplica replica = replica(dbId);
    if (replica != null) {
      action.accept(replica);
    }
  }

  private void withSequencer(int dbId, java.util.function.Consumer<CommitSequencer> action) {
    CommitSequencer sequencer = sequencers.get(dbId);
    if (sequencer != null) {
      action.accept(sequencer);
    }
  }

  /** The sequencer of a database that somebody asks for; made when asked for the first time. */
  private void withSequencer(
      int asker,
      DurableDatabase database,
      boolean redirected,
      java.util.function.Consumer<CommitSequencer> action) {
    Epoch current = epoch;
    int dbId = database.dbId();
    if (current == null || (!redirected && sequencerByRule(current, dbId) != port.self())) {
      return;
    }
    CommitSequencer sequencer = sequencers.get(dbId);
    if (sequencer == null) {
      CommitReplica replica = replica(database);
      if (replica == null) {
        // It cannot be opened here (reported): that must not keep it from the others.
        int next = after(current, port.self());
        port.send(asker, new CommitMessage.Moved(current.number(), dbId, next));
        return;
      }
      sequencer =
          new CommitSequencer(port, current, database, replica, redirected, times, copyWatch);
      sequencers.put(dbId, sequencer);
      sequencer.begin();
    }
    sequencer.askedBy(asker);
    action.accept(sequencer);
  }

  private static int after(Epoch epoch, int pnn) {
    return epoch.voters().stream()
        .filter(member -> member > pnn)
        .findFirst()
        .orElse(epoch.voters().first());
  }

  private void moved(CommitMessage.Moved message) {
    Epoch current = epoch;
    if (current == null || !current.hasMember(message.sequencer())) {
      return;
    }
    moved.put(message.dbId(), message.sequencer());
    DurableDatabase waitedFor = notReady.get(message.dbId());
    if (waitedFor != null && silent.isEmpty()) {
      askReady(current, waitedFor);
    }
    for (Submission submission : List.copyOf(submissions.values())) {
      if (submission.database.dbId() == message.dbId()) {
        submit(submission);
      }
    }
  }
}
