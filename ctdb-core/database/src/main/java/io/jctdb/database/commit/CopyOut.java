package io.jctdb.database.commit;

import io.jctdb.database.DurableLane;
import io.jctdb.database.message.CommitMessage;
import io.jctdb.database.message.NodePort;
import io.jctdb.store.TransactionStore.Update;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Hands out copies of this node's content, a part at a time as they are asked for. A snapshot is
 * kept for each asker until it has not asked for a while. Owner thread only.
 */
final class CopyOut {
  private static final int PART_BYTES = 256 << 10;

  /** In units of the repetition: an asker that still wants it asks once in each. */
  private static final int KEPT_REPEATS = 10;

  private record Snapshot(long copy, CommitReplica.Content content, List<List<Update>> parts) {}

  /** A snapshot, or null while it is being made. */
  private static final class Outgoing {
    final long copy;
    @Nullable Snapshot snapshot;
    NodePort.@Nullable Timer forget;

    Outgoing(long copy) {
      this.copy = copy;
    }
  }

  private final NodePort port;
  private final int dbId;
  private final DurableLane lane;
  private final long repeatNanos;
  private final Map<Integer, Outgoing> outgoing = new HashMap<>();

  CopyOut(NodePort port, int dbId, DurableLane lane, long repeatNanos) {
    this.port = port;
    this.dbId = dbId;
    this.lane = lane;
    this.repeatNanos = repeatNanos;
  }

  void abandon() {
    outgoing.values().forEach(CopyOut::cancel);
    outgoing.clear();
  }

  private static void cancel(Outgoing copy) {
    if (copy.forget != null) {
      copy.forget.cancel();
    }
  }

  void ask(int to, CommitMessage.AskPart question) {
    Outgoing known = outgoing.get(to);
    if (known != null && known.copy == question.copy()) {
      Snapshot ready = known.snapshot;
      if (ready != null) {
        keep(to, known);
        send(to, question, ready);
      }
    } else if (question.number() == 0 && (known == null || known.copy < question.copy())) {
      take(to, question);
    } else {
      port.send(
          to,
          new CommitMessage.Part(
              question.epoch(),
              dbId,
              question.copy(),
              CommitMessage.Part.UNKNOWN,
              false,
              false,
              List.of()));
    }
  }

  private void take(int to, CommitMessage.AskPart question) {
    Outgoing before = outgoing.get(to);
    if (before != null) {
      cancel(before);
    }
    Outgoing fresh = new Outgoing(question.copy());
    outgoing.put(to, fresh);
    lane.submit(
        store -> {
          List<Update> all = new ArrayList<>();
          store.forEach((key, record) -> all.add(new Update(key, record)));
          return new Snapshot(question.copy(), CommitReplica.content(store, true), parts(all));
        },
        snapshot -> {
          if (outgoing.get(to) == fresh) {
            fresh.snapshot = snapshot;
            keep(to, fresh);
            send(to, question, snapshot);
          }
        },
        e -> outgoing.remove(to, fresh)); // asked again; the sequencer will hear of this copy, too
  }

  private void keep(int to, Outgoing copy) {
    cancel(copy);
    copy.forget = port.after(KEPT_REPEATS * repeatNanos, () -> outgoing.remove(to, copy));
  }

  private void send(int to, CommitMessage.AskPart question, Snapshot snapshot) {
    CommitReplica.Content content = snapshot.content;
    boolean same =
        content.number() == question.sequenceNumber()
            && content.stamp() == question.stamp()
            && content.digest() == question.digest();
    int number = question.number();
    if (same || (number >= 0 && number < snapshot.parts.size())) {
      port.send(
          to,
          new CommitMessage.Part(
              question.epoch(),
              dbId,
              snapshot.copy,
              number,
              same || number == snapshot.parts.size() - 1,
              same,
              same ? List.of() : snapshot.parts.get(number)));
    }
  }

  private static List<List<Update>> parts(List<Update> all) {
    List<List<Update>> parts = new ArrayList<>();
    List<Update> part = new ArrayList<>();
    int bytes = 0;
    for (Update update : all) {
      part.add(update);
      bytes += 40 + update.key().length() + update.record().data().length;
      if (bytes >= PART_BYTES) {
        parts.add(part);
        part = new ArrayList<>();
        bytes = 0;
      }
    }
    parts.add(part);
    return parts;
  }
}
