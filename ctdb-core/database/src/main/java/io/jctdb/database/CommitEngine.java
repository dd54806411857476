package io.jctdb.database;

import io.jctdb.database.Databases.DurableDatabase;
import io.jctdb.store.StoreException;
import io.jctdb.store.TransactionStore.Update;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
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
 * <p>Owner thread only.
 */
public final class CommitEngine implements EpochListener {
  private static final Logger log = LoggerFactory.getLogger(CommitEngine.class);
  private static final long REPEAT_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final int EARLY_MAX = 1_000;
  private static final String TIMED_OUT = "timeout in ctdb_persistent_state";

  private final NodePort port;
  private final Databases databases;
  private final LongSupplier limitNanos;
  private final Map<Integer, CommitReplica> replicas = new HashMap<>();
  private final Map<Integer, CommitSequencer> sequencers = new HashMap<>();
  private final Map<CommitBatch.Id, Submission> submissions = new HashMap<>();
  private final Set<Integer> silent = new HashSet<>();
  private final List<Early> early = new ArrayList<>();
  private final Map<Integer, DurableDatabase> notReady = new HashMap<>();
  private Runnable reconciled = () -> {};
  private LeftBehind leftBehind = (database, problem) -> {};
  private MemberFailed memberFailed = (pnn, database, problem) -> {};
  private @Nullable Epoch epoch;
  private boolean serving;
  private boolean ready;
  private long lastNumber;
  private NodePort.@Nullable Timer repeat;

  /** A message of an epoch that has begun at its sender and not yet here. */
  private record Early(int fromPnn, CommitMessage message) {}

  /** A transaction of a local client. */
  private record Submission(
      CommitBatch.Id id,
      DurableDatabase database,
      List<Update> updates,
      CommitDone done,
      NodePort.Timer limit) {}

  /**
   * @param firstNumber where this run of the daemon begins to number its transactions: something
   *     that no earlier run of this node came near, such as the time
   * @param limitNanos tunable ControlTimeout in nanoseconds: how long a client waits for its answer
   */
  public CommitEngine(
      NodePort port, Databases databases, long firstNumber, LongSupplier limitNanos) {
    this.port = port;
    this.databases = databases;
    this.lastNumber = firstNumber;
    this.limitNanos = limitNanos;
  }

  /** Called at each epoch when all databases known to any member are equal on all. */
  public void onReconciled(Runnable listener) {
    reconciled = listener;
  }

  /** Hears, on the sequencer's node, of a member whose copy is not equal any more. */
  @FunctionalInterface
  public interface MemberFailed {
    /** Its copy is behind until it can be replaced, which is tried again and again. */
    void failed(int pnn, DurableDatabase database, String problem);
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

  /** Called when a member could not write what the others have written. */
  public void onMemberFailed(MemberFailed listener) {
    memberFailed = listener;
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
    NodePort.Timer limit = port.after(limitNanos.getAsLong(), () -> finish(id, 1, TIMED_OUT));
    Submission submission = new Submission(id, database, List.copyOf(updates), done, limit);
    submissions.put(id, submission);
    submit(submission);
  }

  private void submit(Submission submission) {
    Epoch current = epoch;
    if (current != null && serving && ready) {
      port.send(
          sequencerOf(current, submission.database.dbId()),
          new CommitMessage.Submit(
              current.number(), submission.database, submission.id, submission.updates));
    }
  }

  private void finish(CommitBatch.Id id, int status, String error) {
    Submission submission = submissions.remove(id);
    if (submission != null) {
      submission.limit.cancel();
      submission.done.done(status, error);
    }
  }

  /** The content was replaced here and elsewhere by other means (wipe, restore), or detached. */
  public void forget(int dbId) {
    CommitReplica replica = replicas.get(dbId);
    if (replica != null) {
      replica.forget();
    }
  }

  private @Nullable DurableDatabase find(int dbId) {
    for (DurableDatabase database : databases.durable()) {
      if (database.dbId() == dbId) {
        return database;
      }
    }
    return null;
  }

  /** Every member computes the same one; different databases get different ones. */
  private static int sequencerOf(Epoch epoch, int dbId) {
    List<Integer> members = List.copyOf(epoch.members());
    return members.get(Math.floorMod(dbId, members.size()));
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
    CommitReplica fresh = new CommitReplica(port, dbId, lane, this::cannotUse);
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
    databases.durable().forEach(d -> notReady.put(d.dbId(), d));
    silent.clear();
    silent.addAll(started.members());
    silent.remove(port.self());
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
    if (silent.isEmpty()) {
      notReady.values().forEach(d -> askReady(current, d));
      submissions.values().forEach(this::submit);
    }
    repeat = port.after(REPEAT_NANOS, this::ask);
  }

  private void askReady(Epoch current, DurableDatabase database) {
    port.send(
        sequencerOf(current, database.dbId()),
        new CommitMessage.AskReady(current.number(), database));
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
      case CommitMessage.AskReady m -> withSequencer(m.database(), s -> s.askReady(fromPnn));
      case CommitMessage.Ready m -> {
        withReplica(m.dbId(), CommitReplica::levelled);
        if (notReady.remove(m.dbId()) != null) {
          becomeReadyIfAllAre();
        }
      }
      case CommitMessage.AskState m -> askState(fromPnn, m);
      case CommitMessage.State m -> withSequencer(m.dbId(), s -> s.state(fromPnn, m));
      case CommitMessage.Copy m -> withReplica(m.dbId(), r -> r.copyTo(m.epoch(), m.to()));
      case CommitMessage.Part m ->
          withReplica(m.dbId(), r -> r.part(m, sequencerOf(current, m.dbId())));
      case CommitMessage.Submit m ->
          withSequencer(m.database(), s -> s.submit(m.id(), m.updates()));
      case CommitMessage.Result m -> finish(m.id(), m.status(), m.error());
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

  private void askState(int fromPnn, CommitMessage.AskState message) {
    CommitReplica replica = replica(message.database());
    if (replica == null) {
      port.send(
          fromPnn,
          CommitMessage.State.without(
              message.epoch(), message.database().dbId(), CommitMessage.State.ABSENT));
    } else {
      replica.tellState(message.epoch(), fromPnn, message.digest());
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
      DurableDatabase database, java.util.function.Consumer<CommitSequencer> action) {
    Epoch current = epoch;
    if (current == null || sequencerOf(current, database.dbId()) != port.self()) {
      return;
    }
    CommitSequencer sequencer = sequencers.get(database.dbId());
    if (sequencer == null) {
      CommitReplica replica = replica(database);
      if (replica == null) {
        return;
      }
      sequencer =
          new CommitSequencer(
              port,
              current,
              database,
              replica,
              (pnn, problem) -> memberFailed.failed(pnn, database, problem));
      sequencers.put(database.dbId(), sequencer);
      sequencer.begin();
    }
    action.accept(sequencer);
  }
}
