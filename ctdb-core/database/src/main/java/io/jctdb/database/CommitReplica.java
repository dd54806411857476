package io.jctdb.database;

import io.jctdb.store.StoreException;
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

  private List<CommitBatch.Id> lastWritten = List.of();
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

  void tellState(long epoch, int sequencer) {
    lane.submit(
        TransactionStore::sequenceNumber,
        number ->
            port.send(
                sequencer, new CommitMessage.State(epoch, dbId, number, lastWritten, prepared)),
        e -> {
          failed.accept(dbId, e);
          port.send(
              sequencer,
              new CommitMessage.State(
                  epoch, dbId, CommitMessage.State.UNREADABLE, List.of(), null));
        });
  }

  void prepare(long epoch, int sequencer, CommitBatch batch) {
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
          store.apply(batch.updates());
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

  private void forgetPrepared(long sequenceNumber) {
    if (prepared != null && prepared.sequenceNumber() <= sequenceNumber) {
      prepared = null;
    }
  }

  private void remember(CommitBatch batch) {
    lastWritten = batch.ids();
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
          lastWritten = List.of();
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
    lastWritten = List.of();
  }
}
