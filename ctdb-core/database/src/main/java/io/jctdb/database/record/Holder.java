package io.jctdb.database.record;

import io.jctdb.database.message.CopyNumbers;
import io.jctdb.database.message.RecordMessage;
import io.jctdb.protocol.RecordHeader;
import io.jctdb.store.LockedRecord;
import io.jctdb.store.RecordStore;
import io.jctdb.store.StoredRecord;
import java.util.SortedSet;
import org.jspecify.annotations.Nullable;

/**
 * The node that has a copy: does what the lmaster asks, under the chain lock of the local copy.
 *
 * <p>A chain lock may be held by a client for long. What is asked waits for it in order, and looks
 * again, once it has the lock, whether its epoch still holds.
 */
final class Holder {
  private final Member member;
  private final Holds holds;
  private final Requester requester;
  private final Keeper keeper;
  private final CopyIndex copies;
  private final BehindCommits behind;
  private final Delegations delegations;

  Holder(
      Member member,
      Holds holds,
      Requester requester,
      Keeper keeper,
      CopyIndex copies,
      BehindCommits behind,
      Delegations delegations) {
    this.member = member;
    this.holds = holds;
    this.requester = requester;
    this.keeper = keeper;
    this.copies = copies;
    this.behind = behind;
    this.delegations = delegations;
  }

  /** Hands the record, or a read-only copy, to the requester, after the hold. */
  void release(int lmaster, RecordMessage.Yield m) {
    if (m.requester() == member.self()) {
      behind.run(m.behind(), () -> releaseNow(lmaster, m));
      return;
    }
    long hold = holds.remainingNanos(RecordId.of(m));
    if (hold == 0) {
      releaseNow(lmaster, m);
      return;
    }
    member.counters().holds++;
    member.after(hold, () -> releaseIfStillTold(lmaster, m));
  }

  private void releaseIfStillTold(int lmaster, RecordMessage.Yield m) {
    if (member.follows(lmaster, m.epoch(), m.key())) {
      release(lmaster, m);
    }
  }

  private void releaseNow(int lmaster, RecordMessage.Yield m) {
    RecordStore store = member.store(RecordId.of(m));
    if (store == null) {
      reply(lmaster, m, new RecordMessage.NotOwner(m.epoch(), m.dbId(), m.key(), m.move()));
      return;
    }
    member.locked(store, RecordId.of(m), record -> handOver(lmaster, m, record));
  }

  private void handOver(int lmaster, RecordMessage.Yield m, LockedRecord record) {
    if (!member.follows(lmaster, m.epoch(), m.key())) {
      return;
    }
    StoredRecord copy = record.fetch();
    if (copy == null || !meets(m, copy.header())) {
      reply(lmaster, m, new RecordMessage.NotOwner(m.epoch(), m.dbId(), m.key(), m.move()));
    } else if (Delegations.mustBeRevoked(copy.header(), m.copyWillDo())) {
      delegations.revokeForOrder(
          RecordId.of(m), record, copy, () -> releaseIfStillTold(lmaster, m));
    } else if (m.requester() == member.self()) {
      handToSelf(lmaster, m, record, copy);
    } else if (m.copyWillDo()) {
      delegations.delegate(m, record, copy, numbersFor(m));
    } else {
      handToOther(m, record, copy);
    }
  }

  /**
   * The condition of the lmaster, which may have changed since it decided: owner, or nobody owns
   * the record and this is the newest copy.
   */
  private boolean meets(RecordMessage.Yield m, RecordHeader header) {
    return m.rsn() == RecordMessage.IF_OWNER
        ? header.dmaster() == member.self()
        : header.rsn() == m.rsn();
  }

  private void handToSelf(
      int lmaster, RecordMessage.Yield m, LockedRecord record, StoredRecord copy) {
    if (requester.takeOwnCopy(m, record, copy)) {
      return;
    }
    RecordMessage answer =
        copy.header().dmaster() == member.self()
            ? new RecordMessage.Acquired(m.epoch(), m.dbId(), m.key(), m.ticket())
            : new RecordMessage.Declined(m.epoch(), m.dbId(), m.key(), m.ticket());
    reply(lmaster, m, answer);
  }

  /**
   * The copy stays here, naming the new owner: until the requester has it, it is the newest one
   * that exists, and whoever finds the grant lost finds the value here.
   */
  private void handToOther(RecordMessage.Yield m, LockedRecord record, StoredRecord copy) {
    RecordHeader old = copy.header();
    int flags = lasting(old.flags()) | (copy.isEmpty() ? 0 : RecordHeader.MIGRATED_WITH_DATA);
    RecordHeader left = new RecordHeader(old.rsn(), m.requester(), flags);
    record.store(left, copy.data());
    member.counters().migrationsOut++;
    member.send(
        m.requester(),
        new RecordMessage.Grant(
            m.epoch(),
            m.dbId(),
            m.key(),
            m.ticket(),
            left.rsn(),
            flags,
            m.hops() + 1,
            copy.data(),
            numbersFor(m)));
  }

  private CopyNumbers numbersFor(RecordMessage.Yield m) {
    return behind.numbersFor(m.dbId(), m.requester()).and(m.behind());
  }

  /**
   * Without the two flags that never are in a file (databases.md 3.1), and those of delegations.
   */
  private static int lasting(int flags) {
    int passing = RecordHeader.VACUUM_MIGRATED | RecordHeader.AUTOMATIC | RecordHeader.RO_MASK;
    return flags & ~passing;
  }

  void query(int lmaster, RecordMessage.Query m) {
    RecordStore store = member.store(RecordId.of(m));
    if (store == null) {
      answer(lmaster, m, null);
    } else {
      member.locked(store, RecordId.of(m), record -> answer(lmaster, m, onlyOwned(record)));
    }
  }

  /**
   * The copy, which from now on nobody reads unless it is this node's own: if nobody owns the
   * record, somebody is about to, and may write as soon as all have answered.
   */
  private static @Nullable StoredRecord onlyOwned(LockedRecord record) {
    StoredRecord copy = record.fetch();
    return copy == null ? null : Delegations.withoutReading(record, copy);
  }

  private void answer(int lmaster, RecordMessage.Query m, @Nullable StoredRecord copy) {
    if (!member.follows(lmaster, m.epoch(), m.key())) {
      return;
    }
    boolean vouches = keeper.vouches(m.dbId(), m.key());
    SortedSet<Integer> mayHave = keeper.mayHave(m.dbId(), m.key());
    if (copy != null && copy.header().dmaster() != member.self()) {
      mayHave.add(copy.header().dmaster());
    }
    if (m.keeper() == member.self()) {
      keeper.note(m.requester(), m.dbId(), m.key());
    }
    RecordMessage.Holding holding =
        copy == null
            ? RecordMessage.Holding.ABSENT
            : copy.header().dmaster() == member.self()
                ? RecordMessage.Holding.OWNER
                : RecordMessage.Holding.COPY;
    long rsn = copy == null ? 0 : copy.header().rsn();
    reply(
        lmaster,
        m,
        new RecordMessage.Answer(
            m.epoch(), m.dbId(), m.key(), m.move(), holding, rsn, vouches, mayHave));
  }

  /** The owner is about to write, or to hand the record on. */
  void revoke(int owner, RecordMessage.Revoke m) {
    RecordId id = RecordId.of(m);
    RecordStore store = member.store(id);
    long hold = holds.remainingNanos(id);
    if (!member.isOpen(m.epoch())) {
      return; // it will be sent again in the next epoch
    }
    if (hold > 0) {
      member.after(hold, () -> revoke(owner, m));
    } else if (store == null) {
      revoked(owner, m);
    } else {
      member.locked(store, id, record -> revoke(owner, m, record));
    }
  }

  private void revoke(int owner, RecordMessage.Revoke m, LockedRecord record) {
    if (!member.isOpen(m.epoch())) {
      return;
    }
    StoredRecord copy = record.fetch();
    if (copy != null && copy.header().rsn() <= m.rsn()) {
      Delegations.withoutReading(record, copy);
    }
    revoked(owner, m);
  }

  private void revoked(int owner, RecordMessage.Revoke m) {
    requester.refuseCopies(RecordId.of(m), m.rsn());
    member.send(owner, new RecordMessage.Revoked(m.epoch(), m.dbId(), m.key(), m.rsn()));
  }

  /** Deletes a copy that the owner's empty record has made worthless. */
  void purge(int lmaster, RecordMessage.Purge m) {
    RecordStore store = member.store(RecordId.of(m));
    if (store == null) {
      purged(lmaster, m, true);
    } else {
      member.locked(store, RecordId.of(m), record -> purge(lmaster, m, record));
    }
  }

  private void purge(int lmaster, RecordMessage.Purge m, LockedRecord record) {
    if (!member.follows(lmaster, m.epoch(), m.key())) {
      return;
    }
    StoredRecord copy = record.fetch();
    if (copy == null) {
      purged(lmaster, m, true);
      return;
    }
    RecordHeader header = copy.header();
    boolean stale =
        header.dmaster() != member.self()
            && header.rsn() <= m.rsn()
            && (header.flags() & RecordHeader.RO_MASK) == 0;
    if (stale) {
      record.delete();
      copies.deleted(m.dbId(), m.key());
      member.counters().purges++;
    }
    purged(lmaster, m, stale);
  }

  /** The copies that are being deleted may be all that tells who has the record. */
  private void purged(int lmaster, RecordMessage.Purge m, boolean done) {
    if (member.isKeeperOf(m.owner()) && member.follows(lmaster, m.epoch(), m.key())) {
      keeper.note(m.owner(), m.dbId(), m.key());
    }
    reply(lmaster, m, new RecordMessage.Purged(m.epoch(), m.dbId(), m.key(), m.move(), done));
  }

  private void reply(int lmaster, RecordMessage request, RecordMessage answer) {
    if (member.follows(lmaster, request.epoch(), request.key())) {
      member.send(lmaster, answer);
    }
  }
}
