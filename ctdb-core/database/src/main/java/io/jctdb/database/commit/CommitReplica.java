package io.jctdb.database.commit;

import io.jctdb.database.DurableLane;
import io.jctdb.database.message.CommitBatch;
import io.jctdb.database.message.CommitMessage;
import io.jctdb.database.message.NodePort;
import io.jctdb.store.StoreException;
import io.jctdb.store.StoredRecord;
import io.jctdb.store.TransactionStore;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * This node's copy of one database, and what it has promised to write. Lives on over epochs: a
 * promised batch is kept until the next sequencer says what becomes of it. Owner thread only.
 */
final class CommitReplica {
  static final long QUIET_LOOK_NANOS = 1_000_000;

  /**
   * So often a follower says how far its copy is while it keeps up. Nobody waits for that, and the
   * sequencer, which repeats what stands still for a whole repetition, has more to do.
   */
  private static final int REPORTS_A_REPEAT = 8;

  /**
   * Clients here that propose the same number, and are told that it is not theirs.
   *
   * @param telling how many are about to be told
   * @param tellingUntil the longest that this may take
   * @param toldUntil how long those that were told may be looking
   */
  private record Quiet(int telling, long tellingUntil, long toldUntil) {
    static final Quiet NONE = new Quiet(0, 0, 0);

    long until() {
      return telling > 0 ? Math.max(tellingUntil, toldUntil) : toldUntil;
    }
  }

  private static final int IDS_REMEMBERED = 1_000;

  private final NodePort port;
  private final int dbId;
  private final DurableLane lane;
  private final long reportNanos;
  private final BooleanSupplier follows;
  private final BiConsumer<Integer, StoreException> failed;

  /** Transactions known to be written here, so that none is written twice. The newest ones. */
  private final Set<CommitBatch.Id> written = new LinkedHashSet<>();

  /** How far this copy has come in this epoch, as one that follows the others; -1 if unknown. */
  private long copyNumber = -1;

  /** What is surely on disk here, whatever the epoch; -1 if unknown. */
  private long onDisk = -1;

  private Runnable copyMoved = () -> {};

  /** When the sequencer is told next how far the copy of a follower is. */
  private NodePort.@Nullable Timer reporting;

  private boolean fresh = true;
  private @Nullable CommitBatch prepared;

  /** The highest number of a batch that was prepared here in this epoch. */
  private long newest = -1;

  private long applying = -1;

  /** Counts epochs here, to tell what was put off in an earlier one. */
  private int epochs;

  /** Sequence numbers that this copy must not take before the given time. */
  private final Map<Long, Quiet> quiet = new HashMap<>();

  private final CopyIn in;
  private final CopyOut out;

  /**
   * @param follows whether this node is a follower in the present epoch
   * @param failed is told of the database whose file cannot be used, and why
   */
  CommitReplica(
      NodePort port,
      int dbId,
      DurableLane lane,
      long repeatNanos,
      BooleanSupplier follows,
      BiConsumer<Integer, StoreException> failed) {
    this.port = port;
    this.dbId = dbId;
    this.lane = lane;
    this.reportNanos = repeatNanos / REPORTS_A_REPEAT;
    this.follows = follows;
    this.failed = failed;
    this.in = new CopyIn(port, dbId, lane, repeatNanos, new CaughtUp());
    this.out = new CopyOut(port, dbId, lane, repeatNanos);
  }

  private final class CaughtUp implements CopyIn.Owner {
    @Override
    public void replaced(long number) {
      forgetPrepared(number);
      onDisk = number;
      written.clear(); // they may not be in this content
    }

    @Override
    public void followed(CommitBatch batch) {
      remember(batch);
    }

    @Override
    public long quietNanos(long number) {
      return quiet(number).until() - port.nowNanos();
    }

    @Override
    public void report(long epoch, int sequencer, long number, String problem) {
      moved(number);
      applied(epoch, sequencer, number, problem);
      copyMoved.run();
    }

    @Override
    public void keptUp(long epoch, int sequencer, long number) {
      if (!follows.getAsBoolean()) {
        report(epoch, sequencer, number, "");
        return;
      }
      moved(number);
      if (reporting == null) {
        reporting =
            port.after(
                reportNanos,
                () -> {
                  reporting = null;
                  applied(epoch, sequencer, copyNumber, "");
                });
      }
      copyMoved.run();
    }

    private void moved(long number) {
      copyNumber = number;
      onDisk = Math.max(onDisk, number);
    }
  }

  CopyIn in() {
    return in;
  }

  CopyOut out() {
    return out;
  }

  DurableLane lane() {
    return lane;
  }

  /** Called when a copy that follows the others has come further. */
  void onCopyMoved(Runnable listener) {
    copyMoved = listener;
  }

  long copyNumber() {
    return copyNumber;
  }

  /** The least sequence number that the content here has, -1 if unknown. */
  long onDisk() {
    return onDisk;
  }

  boolean hasWritten(CommitBatch.Id id) {
    return written.contains(id);
  }

  /** A new sequencer takes over: copies that the old one had ordered are void. */
  void epochStarted() {
    epochs++;
    if (reporting != null) {
      reporting.cancel();
      reporting = null;
    }
    copyNumber = -1;
    newest = -1;
    in.abandon();
    out.abandon();
  }

  /** What this node had promised is void: it is no member any more, others have gone on without. */
  void leftCluster() {
    prepared = null;
    fresh = true;
    onDisk = -1;
    epochStarted();
  }

  /** This copy is equal to that of the other members. */
  void levelled() {
    fresh = false;
  }

  /** What can be said of a copy without knowing what was promised. */
  record Content(long number, long stamp, long digest) {}

  static Content content(TransactionStore store, boolean digest) {
    StoredRecord sequence = store.fetch(TransactionStore.SEQUENCE_KEY);
    return new Content(
        store.sequenceNumber(),
        sequence == null ? 0 : sequence.header().rsn(),
        digest ? digest(store) : 0);
  }

  /** Order does not matter, so files of different history with the same records agree. */
  private static long digest(TransactionStore store) {
    long[] sum = {1};
    store.forEach(
        (key, record) -> {
          long h = key.jenkinsHash();
          h = h * 0x9E3779B97F4A7C15L + record.header().rsn();
          for (byte b : record.data()) {
            h = h * 0x100000001B3L + b;
          }
          h ^= h >>> 29;
          sum[0] += h * 0xBF58476D1CE4E5B9L;
        });
    return sum[0];
  }

  void tellState(long epoch, int sequencer) {
    lane.submit(
        store -> content(store, false),
        content -> {
          onDisk = Math.max(onDisk, content.number);
          port.send(
              sequencer,
              new CommitMessage.State(epoch, dbId, content.number, content.stamp, fresh, prepared));
        },
        e -> {
          failed.accept(dbId, e);
          port.send(
              sequencer, CommitMessage.State.without(epoch, dbId, CommitMessage.State.UNREADABLE));
        });
  }

  /**
   * Keeps the batch. A sequencer gives its batches rising numbers, so one that is not higher comes
   * late or again: it must not take the place of what others may be writing already.
   */
  void prepare(long epoch, int sequencer, CommitBatch batch) {
    levelled(); // the sequencer makes all copies equal before the first batch
    if (batch.sequenceNumber() > newest) {
      newest = batch.sequenceNumber();
      prepared = batch;
    }
    port.send(sequencer, new CommitMessage.Prepared(epoch, dbId, batch.sequenceNumber()));
  }

  /**
   * Before a local client is told that its transaction, which was to have this number, is not done:
   * when it looks, the number must not have come from another transaction (client-protocol.md 3.7).
   * Nothing with that number is written until {@link #told} was called as often, or for so long.
   */
  void beforeTelling(long number, long nanos) {
    Quiet before = quiet(number);
    quiet.put(
        number,
        new Quiet(
            before.telling + 1,
            Math.max(before.tellingUntil, port.nowNanos() + nanos),
            before.toldUntil));
  }

  /**
   * What {@link #beforeTelling} announced is decided.
   *
   * @param nanos for how long the client may now be looking; 0 if it was not told
   */
  void told(long number, long nanos) {
    Quiet before = quiet(number);
    long now = port.nowNanos();
    quiet.put(
        number,
        new Quiet(
            Math.max(0, before.telling - 1),
            before.tellingUntil,
            Math.max(before.toldUntil, now + nanos)));
    quiet.values().removeIf(one -> one.until() <= now);
  }

  private Quiet quiet(long number) {
    return quiet.getOrDefault(number, Quiet.NONE);
  }

  /** Writes what was prepared; repeats are answered, not written again. */
  void apply(long epoch, int sequencer, long sequenceNumber) {
    CommitBatch batch = prepared;
    if (batch == null || batch.sequenceNumber() != sequenceNumber) {
      lane.submit(
          TransactionStore::sequenceNumber,
          number ->
              applied(
                  epoch,
                  sequencer,
                  sequenceNumber,
                  number >= sequenceNumber ? "" : "asked to write what was not prepared"),
          e -> applied(epoch, sequencer, sequenceNumber, String.valueOf(e.getMessage())));
      return;
    }
    if (applying == sequenceNumber) {
      return; // its answer is on the way
    }
    long quietFor = quiet(sequenceNumber).until() - port.nowNanos();
    if (quietFor > 0) {
      int epochNow = epochs;
      port.after(
          Math.min(quietFor, QUIET_LOOK_NANOS),
          () -> {
            if (epochs == epochNow) {
              apply(epoch, sequencer, sequenceNumber);
            }
          });
      return;
    }
    applying = sequenceNumber;
    lane.submit(
        store -> {
          write(store, batch);
          return true;
        },
        done -> {
          applying = -1;
          forgetPrepared(sequenceNumber);
          remember(batch);
          onDisk = Math.max(onDisk, sequenceNumber);
          applied(epoch, sequencer, sequenceNumber, "");
        },
        e -> {
          applying = -1;
          forgetPrepared(sequenceNumber);
          in.spoiled();
          failed.accept(dbId, e);
          applied(epoch, sequencer, sequenceNumber, String.valueOf(e.getMessage()));
        });
  }

  /** Never on top of anything else: that would be a mixture of two contents with one number. */
  private static void write(TransactionStore store, CommitBatch batch) {
    long number = store.sequenceNumber();
    if (number == batch.base()) {
      store.apply(batch.updates());
    } else if (number != batch.sequenceNumber()) {
      throw new StoreException(
          "this copy has sequence number "
              + number
              + " and cannot take a change from "
              + batch.base()
              + " to "
              + batch.sequenceNumber());
    }
  }

  private void forgetPrepared(long sequenceNumber) {
    if (prepared != null && prepared.sequenceNumber() <= sequenceNumber) {
      prepared = null;
    }
  }

  private void remember(CommitBatch batch) {
    written.addAll(batch.ids());
    while (written.size() > IDS_REMEMBERED) {
      written.remove(written.iterator().next());
    }
  }

  private void applied(long epoch, int sequencer, long sequenceNumber, String problem) {
    port.send(sequencer, new CommitMessage.Applied(epoch, dbId, sequenceNumber, problem));
  }

  /** A whole new content is put in behind our back (restore, wipe). */
  void contentReplaced() {
    prepared = null;
    newest = -1;
    onDisk = -1;
    written.clear();
  }
}
