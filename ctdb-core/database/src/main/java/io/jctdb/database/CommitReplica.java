package io.jctdb.database;

import io.jctdb.store.StoreException;
import io.jctdb.store.StoredRecord;
import io.jctdb.store.TransactionStore;
import io.jctdb.store.TransactionStore.Update;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * This node's copy of one database, and what it has promised to write. Lives on over epochs: a
 * promised batch is kept until the next sequencer says what becomes of it. Owner thread only.
 */
final class CommitReplica {
  private static final int PART_BYTES = 256 << 10;
  private static final int IDS_REMEMBERED = 1_000;

  private final NodePort port;
  private final int dbId;
  private final DurableLane lane;
  private final BiConsumer<Integer, StoreException> failed;

  /** Transactions known to be written here, so that none is written twice. The newest ones. */
  private final Set<CommitBatch.Id> written = new LinkedHashSet<>();

  private boolean fresh = true;
  private @Nullable CommitBatch prepared;
  private long applying = -1;
  private List<Update> parts = new ArrayList<>();
  private int nextPart;

  CommitReplica(
      NodePort port, int dbId, DurableLane lane, BiConsumer<Integer, StoreException> failed) {
    this.port = port;
    this.dbId = dbId;
    this.lane = lane;
    this.failed = failed;
  }

  DurableLane lane() {
    return lane;
  }

  boolean hasWritten(CommitBatch.Id id) {
    return written.contains(id);
  }

  /** A new sequencer takes over: parts of a copy that the old one had sent for are void. */
  void epochStarted() {
    parts = new ArrayList<>();
    nextPart = 0;
  }

  /** What this node had promised is void: it is no member any more, others have gone on without. */
  void leftCluster() {
    prepared = null;
    fresh = true;
  }

  /** This copy is equal to that of the other members. */
  void levelled() {
    fresh = false;
  }

  /** What can be said of a copy without knowing what was promised. */
  private record Content(long number, long stamp, long digest) {}

  private static Content content(TransactionStore store, boolean digest) {
    StoredRecord sequence = store.fetch(TransactionStore.SEQUENCE_KEY);
    return new Content(
        store.sequenceNumber(),
        sequence == null ? 0 : sequence.header().rsn(),
        digest ? digest(store) : CommitMessage.State.NO_DIGEST);
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
    return sum[0] == CommitMessage.State.NO_DIGEST ? 1 : sum[0];
  }

  void tellState(long epoch, int sequencer, boolean digest) {
    lane.submit(
        store -> content(store, digest),
        content ->
            port.send(
                sequencer,
                new CommitMessage.State(
                    epoch, dbId, content.number, content.stamp, fresh, content.digest, prepared)),
        e -> {
          failed.accept(dbId, e);
          port.send(
              sequencer, CommitMessage.State.without(epoch, dbId, CommitMessage.State.UNREADABLE));
        });
  }

  void prepare(long epoch, int sequencer, CommitBatch batch) {
    levelled(); // the sequencer makes all copies equal before the first batch
    prepared = batch;
    port.send(sequencer, new CommitMessage.Prepared(epoch, dbId, batch.sequenceNumber()));
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
          applied(epoch, sequencer, sequenceNumber, "");
        },
        e -> {
          applying = -1;
          forgetPrepared(sequenceNumber);
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

  /** Sends the whole copy to another node. */
  void copyTo(long epoch, int to) {
    lane.submit(
        store -> {
          List<Update> all = new ArrayList<>();
          store.forEach((key, record) -> all.add(new Update(key, record)));
          return all;
        },
        all -> sendParts(epoch, to, all),
        e -> failed.accept(dbId, e));
  }

  private void sendParts(long epoch, int to, List<Update> all) {
    int number = 0;
    int bytes = 0;
    List<Update> part = new ArrayList<>();
    for (Update update : all) {
      part.add(update);
      bytes += 40 + update.key().length() + update.record().data().length;
      if (bytes >= PART_BYTES) {
        port.send(to, new CommitMessage.Part(epoch, dbId, number++, false, part));
        part = new ArrayList<>();
        bytes = 0;
      }
    }
    port.send(to, new CommitMessage.Part(epoch, dbId, number, true, part));
  }

  /** Collects a copy, and replaces this one when all of it is here, in order. */
  void part(CommitMessage.Part message, int sequencer) {
    if (message.number() == 0) {
      parts = new ArrayList<>();
      nextPart = 0;
    }
    if (message.number() != nextPart) {
      return; // a part was lost with a link; the sequencer will have it sent again
    }
    nextPart++;
    parts.addAll(message.records());
    if (!message.last()) {
      return;
    }
    List<Update> content = parts;
    parts = new ArrayList<>();
    nextPart = 0;
    lane.submit(
        store -> {
          store.replaceAll(content);
          return store.sequenceNumber();
        },
        number -> {
          forgetPrepared(number);
          written.clear(); // they may not be in this content
          levelled();
          applied(message.epoch(), sequencer, number, "");
        },
        e -> {
          failed.accept(dbId, e);
          applied(message.epoch(), sequencer, -1, String.valueOf(e.getMessage()));
        });
  }

  /** A whole new content was put in behind our back (restore, wipe). */
  void forget() {
    prepared = null;
    written.clear();
  }
}
