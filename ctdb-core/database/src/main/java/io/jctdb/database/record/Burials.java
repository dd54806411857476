package io.jctdb.database.record;

import io.jctdb.database.message.RecordMessage;
import io.jctdb.protocol.RecordHeader;
import io.jctdb.store.LockedRecord;
import io.jctdb.store.RecordStore;
import io.jctdb.store.StoredRecord;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The owner's side of the removal of deleted records.
 *
 * <p>A deleted record is an empty one. It may vanish only when no older copy with data is left on
 * any node, else a later search for the newest copy would bring the deleted value back. So: the
 * owner asks the lmaster; the lmaster, between two moves of that record, has all others delete
 * their copies; only then the owner deletes its own, if it still is what it was.
 *
 * <p>A request that is not answered (the record was in demand, the epoch changed, a message was
 * lost) simply comes up again.
 */
final class Burials {
  private final Member member;
  private final CopyIndex copies;
  private final Delegations delegations;

  /** When each record is (again) asked for, in that order. */
  private final Map<RecordId, Long> dueNanos = new LinkedHashMap<>();

  private boolean armed;

  Burials(Member member, CopyIndex copies, Delegations delegations) {
    this.member = member;
    this.copies = copies;
    this.delegations = delegations;
  }

  int pending() {
    return dueNanos.size();
  }

  void schedule(RecordId id) {
    if (dueNanos.size() < member.tunables().limits().burials()) {
      postpone(id);
      arm(member.tunables().burialDelayNanos());
    }
  }

  void forget(int dbId) {
    dueNanos.keySet().removeIf(id -> id.dbId() == dbId);
  }

  void leftCluster() {
    dueNanos.clear();
  }

  private void postpone(RecordId id) {
    dueNanos.remove(id);
    dueNanos.put(id, member.now() + member.tunables().burialDelayNanos());
  }

  private void arm(long delayNanos) {
    if (!armed) {
      armed = true;
      member.after(delayNanos, this::round);
    }
  }

  private void round() {
    armed = false;
    List<RecordId> due = due();
    for (RecordId id : due) {
      postpone(id);
      ask(id);
    }
    if (!dueNanos.isEmpty()) {
      long next = dueNanos.values().iterator().next() - member.now();
      boolean behind = due.size() == member.tunables().burialBatch();
      // A round gathers what came meanwhile; with more than a batch due the next one comes sooner.
      long pause = member.tunables().burialDelayNanos() / (behind ? 256 : 16);
      arm(Math.max(next, pause));
    }
  }

  private List<RecordId> due() {
    List<RecordId> due = new ArrayList<>();
    if (member.isOpen()) {
      long now = member.now();
      for (Map.Entry<RecordId, Long> entry : dueNanos.entrySet()) {
        if (entry.getValue() - now > 0 || due.size() == member.tunables().burialBatch()) {
          break;
        }
        due.add(entry.getKey());
      }
    }
    return due;
  }

  private void ask(RecordId id) {
    RecordStore store = member.store(id);
    if (store == null) {
      dueNanos.remove(id);
    } else {
      member.locked(store, id, record -> ask(id, record));
    }
  }

  private void ask(RecordId id, LockedRecord record) {
    StoredRecord copy = record.fetch();
    if (copy == null || !copy.isEmpty() || copy.header().dmaster() != member.self()) {
      dueNanos.remove(id);
    } else if (!member.isOpen()) {
      return; // it is due again after a while
    } else if (Delegations.mustBeRevoked(copy.header(), false)) {
      delegations.revoke(id, record, copy); // the same
    } else {
      member.send(
          member.lmaster(id.key()),
          new RecordMessage.Bury(member.epochNumber(), id.dbId(), id.key(), copy.header().rsn()));
    }
  }

  private boolean isDeletable(StoredRecord copy) {
    return copy.isEmpty()
        && copy.header().dmaster() == member.self()
        && (copy.header().flags() & RecordHeader.RO_MASK) == 0;
  }

  /** No other copy is left. */
  void inter(int lmaster, RecordMessage.Inter m) {
    RecordStore store = member.store(RecordId.of(m));
    if (store == null) {
      interred(lmaster, m, true);
    } else {
      member.locked(store, RecordId.of(m), record -> inter(lmaster, m, record));
    }
  }

  private void inter(int lmaster, RecordMessage.Inter m, LockedRecord record) {
    if (!member.follows(lmaster, m.epoch(), m.key())) {
      return;
    }
    StoredRecord copy = record.fetch();
    boolean unchanged = copy != null && isDeletable(copy) && copy.header().rsn() == m.rsn();
    if (unchanged) {
      record.delete();
      copies.deleted(m.dbId(), m.key());
      dueNanos.remove(RecordId.of(m));
      member.counters().burials++;
    }
    interred(lmaster, m, unchanged);
  }

  private void interred(int lmaster, RecordMessage.Inter m, boolean done) {
    if (member.follows(lmaster, m.epoch(), m.key())) {
      member.send(
          lmaster, new RecordMessage.Interred(m.epoch(), m.dbId(), m.key(), m.move(), done));
    }
  }
}
