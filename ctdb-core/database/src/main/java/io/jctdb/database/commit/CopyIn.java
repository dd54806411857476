package io.jctdb.database.commit;

import io.jctdb.database.DurableLane;
import io.jctdb.database.Epoch;
import io.jctdb.database.message.CommitBatch;
import io.jctdb.database.message.CommitMessage;
import io.jctdb.database.message.NodePort;
import io.jctdb.store.SequenceNumbers;
import io.jctdb.store.TransactionStore;
import io.jctdb.store.TransactionStore.Update;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How a copy that is behind catches up while the others go on: it asks one of them for its content
 * part by part, replaces its own with it, and then writes what has been committed since, which the
 * sequencer sends along ({@link CommitMessage.Follow}).
 *
 * <pre>
 * FETCH ─▶ compare, ask part 0, 1, 2 ... ─▶ replace ─▶ FOLLOW, FOLLOW ... ─▶ level: one of the participants
 * </pre>
 *
 * <p>The asker drives: a part that was lost with a link is asked for again after {@code
 * repeatNanos}, and one that belongs to an earlier question is passed over, so an old snapshot
 * never replaces newer content.
 *
 * <p>The snapshot may have a batch that not all participants have written yet. If they died now, it
 * could be lost with them, so it is not written here before the sequencer has said, with a higher
 * level or with what follows, that all have it. Owner thread only.
 */
final class CopyIn {
  /** More than this while a copy is on its way is not kept: then another copy is fetched. */
  private static final int FOLLOWED_MAX = 10_000;

  /** What the replica does with the outcome. */
  interface Owner {
    /** The content was replaced; nothing is known about its transactions. */
    void replaced(long number);

    /** This has been written, as one of the participants would have. */
    void followed(CommitBatch batch);

    /** How long this copy must not have this sequence number yet; 0 or less if it may. */
    long quietNanos(long number);

    /** This copy has that sequence number now. */
    void report(long epoch, int sequencer, long number, String problem);

    /** The same, after writing what followed: who is never waited for may say so later. */
    void keptUp(long epoch, int sequencer, long number);
  }

  private final NodePort port;
  private final int dbId;
  private final DurableLane lane;
  private final long repeatNanos;
  private final Owner owner;
  private long lastCopy;
  private @Nullable Incoming incoming;

  /** The epoch in which the content here came from a participant, and has been kept up since. */
  private long copiedIn = Epoch.NONE;

  private final Deque<CommitBatch> followed = new ArrayDeque<>();

  /** What followed is being written. */
  private boolean writing;

  private final class Incoming {
    final CommitMessage.Fetch order;
    final int sequencer;
    final long copy = ++lastCopy;
    final List<Update> records = new ArrayList<>();
    CommitReplica.@Nullable Content own;
    int next;

    /** The sequence number that all participants have surely written. */
    long settled;

    /** All has come, and is not settled yet. */
    boolean waiting;

    boolean writing;
    NodePort.@Nullable Timer repeat;

    Incoming(CommitMessage.Fetch order, int sequencer, long settled) {
      this.order = order;
      this.sequencer = sequencer;
      this.settled = settled;
    }

    void settled(long number) {
      settled = Math.max(settled, number);
      if (waiting && sequenceNumber() <= settled) {
        waiting = false;
        finish(this, false);
      }
    }

    void ask() {
      stop();
      CommitReplica.Content present = own;
      if (incoming == this && present != null && !writing) {
        port.send(
            order.source(),
            new CommitMessage.AskPart(
                order.epoch(),
                dbId,
                copy,
                next,
                present.number(),
                present.stamp(),
                present.digest()));
        repeat = port.after(repeatNanos, this::ask);
      }
    }

    /** Of the content that has come. */
    long sequenceNumber() {
      for (Update update : records) {
        if (update.key().equals(TransactionStore.SEQUENCE_KEY)) {
          return SequenceNumbers.of(update.record());
        }
      }
      return SequenceNumbers.of(null);
    }

    void stop() {
      if (repeat != null) {
        repeat.cancel();
        repeat = null;
      }
    }
  }

  CopyIn(NodePort port, int dbId, DurableLane lane, long repeatNanos, Owner owner) {
    this.port = port;
    this.dbId = dbId;
    this.lane = lane;
    this.repeatNanos = repeatNanos;
    this.owner = owner;
  }

  /** A new epoch, or none: whatever was under way is void. */
  void abandon() {
    if (incoming != null) {
      incoming.stop();
    }
    incoming = null;
    copiedIn = Epoch.NONE;
    followed.clear();
  }

  /** The content here is not what the others have after all. */
  void spoiled() {
    copiedIn = Epoch.NONE;
  }

  void fetch(CommitMessage.Fetch order, int sequencer) {
    if (incoming != null) {
      incoming.settled(order.level()); // goes on by itself
      return;
    }
    if (copiedIn != order.epoch()) {
      begin(order, sequencer, order.level());
      return;
    }
    if (writing) {
      return; // what followed is not all written yet; its end is reported
    }
    // The sequencer has not heard of it, or what followed was lost on the way.
    lane.submit(
        TransactionStore::sequenceNumber,
        number -> {
          if (number >= order.level()) {
            owner.report(order.epoch(), sequencer, number, "");
          } else if (incoming == null && copiedIn == order.epoch()) {
            begin(order, sequencer, order.level());
          }
        },
        e -> owner.report(order.epoch(), sequencer, -1, String.valueOf(e.getMessage())));
  }

  private void begin(CommitMessage.Fetch order, int sequencer, long settled) {
    copiedIn = Epoch.NONE;
    followed.clear();
    Incoming fresh = new Incoming(order, sequencer, settled);
    incoming = fresh;
    Consumer<CommitReplica.Content> compare =
        own -> {
          fresh.own = own;
          fresh.ask();
        };
    lane.submit(
        store -> CommitReplica.content(store, true),
        compare,
        e -> compare.accept(new CommitReplica.Content(CommitMessage.State.UNREADABLE, 0, 0)));
  }

  void part(int fromPnn, CommitMessage.Part message) {
    Incoming copy = incoming;
    if (copy == null
        || copy.waiting
        || copy.writing
        || message.copy() != copy.copy
        || message.epoch() != copy.order.epoch()
        || fromPnn != copy.order.source()) {
      return; // of an earlier question
    }
    if (message.number() == CommitMessage.Part.UNKNOWN) {
      copy.stop();
      begin(copy.order, copy.sequencer, copy.settled);
    } else if (message.number() == copy.next) {
      copy.next++;
      copy.records.addAll(message.records());
      if (message.last()) {
        finish(copy, message.same());
      } else {
        copy.ask();
      }
    }
  }

  private void lookAgain(long quietNanos, Runnable task) {
    port.after(Math.min(quietNanos, CommitReplica.QUIET_LOOK_NANOS), task);
  }

  private void finish(Incoming copy, boolean same) {
    if (incoming != copy) {
      return; // void meanwhile
    }
    copy.stop();
    if (!same && copy.sequenceNumber() > copy.settled) {
      copy.waiting = true;
      return;
    }
    copy.writing = true;
    long quietFor = same ? 0 : owner.quietNanos(copy.sequenceNumber());
    if (quietFor > 0) {
      lookAgain(quietFor, () -> finish(copy, false));
      return;
    }
    lane.submit(
        store -> {
          if (!same) {
            store.replaceAll(copy.records);
          }
          return store.sequenceNumber();
        },
        number -> {
          if (!same) {
            owner.replaced(number);
          }
          if (incoming == copy) {
            incoming = null;
            copiedIn = copy.order.epoch();
            owner.report(copy.order.epoch(), copy.sequencer, number, "");
            writeFollowed(copy.order.epoch(), copy.sequencer);
          }
        },
        e -> {
          if (incoming == copy) {
            incoming = null;
            followed.clear();
            owner.report(copy.order.epoch(), copy.sequencer, -1, String.valueOf(e.getMessage()));
          }
        });
  }

  void follow(CommitMessage.Follow message, int sequencer) {
    boolean wanted = incoming != null || copiedIn == message.epoch();
    if (wanted && followed.size() < FOLLOWED_MAX) {
      followed.add(message.batch());
      if (incoming != null) {
        incoming.settled(message.batch().sequenceNumber());
      }
      writeFollowed(message.epoch(), sequencer);
    }
  }

  /**
   * All that waits, in one transaction of the file, so that a slow disk catches up, too. Only on
   * top of its base: after a gap the sequencer learns how far this copy is, and repeats.
   */
  private void writeFollowed(long epoch, int sequencer) {
    if (incoming != null || writing || copiedIn != epoch || followed.isEmpty()) {
      return;
    }
    long quietFor =
        followed.stream().mapToLong(b -> owner.quietNanos(b.sequenceNumber())).max().orElse(0);
    if (quietFor > 0) {
      lookAgain(quietFor, () -> writeFollowed(epoch, sequencer));
      return;
    }
    writing = true;
    List<CommitBatch> batches = List.copyOf(followed);
    followed.clear();
    lane.submit(
        store -> apply(store, batches),
        number -> {
          writing = false;
          batches.stream().filter(b -> b.sequenceNumber() <= number).forEach(owner::followed);
          owner.keptUp(epoch, sequencer, number);
          writeFollowed(epoch, sequencer);
        },
        e -> {
          writing = false;
          copiedIn = Epoch.NONE;
          owner.report(epoch, sequencer, -1, String.valueOf(e.getMessage()));
        });
  }

  /** Returns the sequence number that this copy has then. */
  private static long apply(TransactionStore store, List<CommitBatch> batches) {
    long number = store.sequenceNumber();
    List<Update> updates = new ArrayList<>();
    for (CommitBatch batch : batches) {
      if (batch.base() == number) {
        updates.addAll(batch.updates());
        number = batch.sequenceNumber();
      }
    }
    store.apply(updates);
    return number;
  }
}
