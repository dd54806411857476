package io.jctdb.database.record;

import io.jctdb.database.Epoch;
import io.jctdb.database.message.CopyNumbers;
import io.jctdb.database.message.KeeperMessage;
import io.jctdb.database.message.RecordMessage;
import io.jctdb.protocol.RecordHeader;
import io.jctdb.store.LockedRecord;
import io.jctdb.store.RecordStore;
import io.jctdb.store.StoredRecord;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The owner's side of read-only copies (databases.md 4): who may have which, and how all of them
 * are taken back before the record is written or moves.
 *
 * <p>While copies are out, the owner's own copy carries {@link RecordHeader#RO_HAVE_DELEGATIONS},
 * and its clients do not write to it: they ask. Then each delegate is told until it has answered
 * that nobody reads its copy any more and that it takes none that is still under way, or until it
 * has left the epoch, which it does only when its lease is over (docs/fencing.md).
 *
 * <p>Invariant: while anybody may read or still take a read-only copy of a record that this node
 * owns, the header here has that flag, and the copy's holder stands in the note here, or there is
 * no note, which means all members. Notes outlive epochs, as copies do.
 */
final class Delegations {
  /** Distances from the rsn before the first delegation, as ctdb has them. */
  private static final int OWNER_AHEAD = 3;

  private static final int COPY_BEHIND_OWNER = 2;

  /** Copies of one record are being taken back. */
  private static final class Revocation {
    final RecordId id;
    final long rsn;
    final SortedSet<Integer> awaited;
    final List<Runnable> writers = new ArrayList<>(1);

    /** What an lmaster wants of the record; its later order replaces the earlier. */
    @Nullable Runnable order;

    final long begunNanos;
    long askedNanos;
    int attempts;

    /** One of those that had to be told again. */
    int waitedFor = KeeperMessage.NOBODY;

    Revocation(RecordId id, long rsn, SortedSet<Integer> awaited, long now) {
      this.id = id;
      this.rsn = rsn;
      this.awaited = awaited;
      this.begunNanos = now;
    }
  }

  private final Member member;
  private final Holds holds;
  private final Requester.Waits waits;
  private final Map<RecordId, SortedSet<Integer>> notes = new HashMap<>();
  private final Map<RecordId, Revocation> revocations = new LinkedHashMap<>();
  private DelegationListener listener = DelegationListener.NOBODY;

  /**
   * @param waits hears of revocations for which a delegate had to be told more than once
   */
  Delegations(Member member, Holds holds, Requester.Waits waits) {
    this.member = member;
    this.holds = holds;
    this.waits = waits;
  }

  void listener(DelegationListener heard) {
    listener = heard;
  }

  /** Records of which somebody may have a read-only copy, as far as it is noted. */
  int size() {
    return notes.size();
  }

  int revoking() {
    return revocations.size();
  }

  /** Whether the copy with this header can be used, handed on or copied only after a revocation. */
  static boolean mustBeRevoked(RecordHeader header, boolean copyWillDo) {
    int inTheWay =
        copyWillDo
            ? RecordHeader.RO_REVOKING_READONLY
            : RecordHeader.RO_HAVE_DELEGATIONS | RecordHeader.RO_REVOKING_READONLY;
    return (header.flags() & inTheWay) != 0;
  }

  /** Nobody reads this copy any more, if it is a read-only one. Under the chain lock. */
  static StoredRecord withoutReading(LockedRecord record, StoredRecord copy) {
    RecordHeader header = copy.header();
    if ((header.flags() & RecordHeader.RO_HAVE_READONLY) == 0) {
      return copy;
    }
    RecordHeader plain = header.withFlags(header.flags() & ~RecordHeader.RO_MASK);
    record.store(plain, copy.data());
    return new StoredRecord(plain, copy.data());
  }

  // ---- giving ----

  /** Sends a copy of what this node owns. Under the chain lock, and nothing is being revoked. */
  void delegate(RecordMessage.Yield m, LockedRecord record, StoredRecord copy, CopyNumbers behind) {
    RecordId id = RecordId.of(m);
    RecordHeader header = copy.header();
    if ((header.flags() & RecordHeader.RO_HAVE_DELEGATIONS) == 0) {
      int flags = header.flags() | RecordHeader.RO_HAVE_DELEGATIONS;
      header = new RecordHeader(header.rsn() + OWNER_AHEAD, member.self(), flags);
      record.store(header, copy.data());
      if (notes.size() < member.tunables().limits().delegated()) {
        notes.put(id, new TreeSet<>());
      }
    }
    SortedSet<Integer> delegates = notes.get(id);
    if (delegates != null) {
      delegates.add(m.requester());
    }
    member.counters().delegations++;
    listener.delegated(m.dbId());
    int flags = (header.flags() & ~RecordHeader.RO_MASK) | RecordHeader.RO_HAVE_READONLY;
    member.send(
        m.requester(),
        new RecordMessage.Grant(
            m.epoch(),
            m.dbId(),
            m.key(),
            m.ticket(),
            header.rsn() - COPY_BEHIND_OWNER,
            flags,
            m.hops() + 1,
            copy.data(),
            behind));
  }

  // ---- taking back ----

  /** Begins to take all read-only copies back, if nobody has yet. Under the chain lock. */
  void revoke(RecordId id, LockedRecord record, StoredRecord copy) {
    revocation(id, record, copy);
  }

  /** The same; {@code then} runs in a later turn, when none is left. */
  void revoke(RecordId id, LockedRecord record, StoredRecord copy, Runnable then) {
    revocation(id, record, copy).writers.add(then);
  }

  /** The same for what an lmaster has ordered; it runs behind this node's own clients. */
  void revokeForOrder(RecordId id, LockedRecord record, StoredRecord copy, Runnable then) {
    revocation(id, record, copy).order = then;
  }

  /** The one that is running, or a new one. */
  private Revocation revocation(RecordId id, LockedRecord record, StoredRecord copy) {
    Revocation running = revocations.get(id);
    if (running != null) {
      return running;
    }
    RecordHeader header = copy.header();
    SortedSet<Integer> awaited = new TreeSet<>(notes.getOrDefault(id, members()));
    awaited.retainAll(members());
    awaited.remove(member.self());
    awaited.removeIf(member::isDead);
    Revocation begun = new Revocation(id, header.rsn(), awaited, member.now());
    revocations.put(id, begun);
    record.store(header.withFlags(header.flags() | RecordHeader.RO_REVOKING_READONLY), copy.data());
    member.later(() -> ask(begun));
    return begun;
  }

  private SortedSet<Integer> members() {
    return member.inEpoch().members();
  }

  /** Tells those who have not answered; when all have, the record is this node's alone. */
  private void ask(Revocation revocation) {
    if (revocations.get(revocation.id) != revocation) {
      return;
    }
    revocation.askedNanos = member.now();
    if (revocation.awaited.isEmpty()) {
      finish(revocation);
    } else if (member.isOpen()) {
      RecordId id = revocation.id;
      RecordMessage revoke =
          new RecordMessage.Revoke(member.epochNumber(), id.dbId(), id.key(), revocation.rsn);
      revocation.awaited.forEach(pnn -> member.send(pnn, revoke));
    }
  }

  void revoked(int from, RecordMessage.Revoked m) {
    Revocation revocation = revocations.get(RecordId.of(m));
    if (revocation != null
        && revocation.rsn == m.rsn()
        && revocation.awaited.remove(from)
        && revocation.awaited.isEmpty()) {
      finish(revocation);
    }
  }

  private void finish(Revocation revocation) {
    RecordId id = revocation.id;
    RecordStore store = member.store(id);
    if (store == null) {
      end(revocation);
    } else {
      member.locked(store, id, record -> finish(revocation, record));
    }
  }

  private void finish(Revocation revocation, LockedRecord record) {
    RecordId id = revocation.id;
    if (revocations.get(id) != revocation) {
      return; // the second time, or it was forgotten
    }
    StoredRecord copy = record.fetch();
    if (copy != null && copy.header().dmaster() == member.self()) {
      RecordHeader header = copy.header();
      int flags = header.flags() & ~RecordHeader.RO_MASK;
      record.store(new RecordHeader(header.rsn() + 1, member.self(), flags), copy.data());
    }
    end(revocation);
  }

  private void end(Revocation revocation) {
    RecordId id = revocation.id;
    revocations.remove(id);
    notes.remove(id);
    member.counters().revokes++;
    listener.revoked(id.dbId());
    long waited = member.now() - revocation.begunNanos;
    if (revocation.waitedFor != KeeperMessage.NOBODY && waited >= AsideListener.WAIT_NANOS) {
      waits.waited(id, revocation.waitedFor, waited);
    }
    if (!revocation.writers.isEmpty()) {
      holds.begin(id); // those who write come before those who read again
    }
    revocation.writers.forEach(member::later);
    if (revocation.order != null) {
      member.later(revocation.order);
    }
  }

  // ---- what may interrupt ----

  /** It reads nothing any more. */
  void died(int pnn) {
    for (Revocation revocation : List.copyOf(revocations.values())) {
      if (revocation.awaited.remove(pnn) && revocation.awaited.isEmpty()) {
        finish(revocation);
      }
    }
  }

  /** Who is no member any more reads nothing any more. The others are told anew. */
  void epochStarted(Epoch epoch) {
    for (Revocation revocation : List.copyOf(revocations.values())) {
      revocation.awaited.retainAll(epoch.members());
      revocation.awaited.removeIf(member::isDead);
      ask(revocation);
    }
  }

  void leftCluster() {
    notes.clear();
    revocations.clear();
  }

  /** The copies here are gone, or the database is. */
  void forget(int dbId) {
    notes.keySet().removeIf(id -> id.dbId() == dbId);
    revocations.keySet().removeIf(id -> id.dbId() == dbId);
  }

  void repeat(long now) {
    for (Revocation revocation : List.copyOf(revocations.values())) {
      if (now - revocation.askedNanos >= member.tunables().retryAfter(revocation.attempts)) {
        revocation.attempts++;
        if (!revocation.awaited.isEmpty()) {
          revocation.waitedFor = revocation.awaited.first();
        }
        member.counters().repeats++;
        ask(revocation);
      }
    }
  }

  void linkRestored(int pnn) {
    for (Revocation revocation : List.copyOf(revocations.values())) {
      if (revocation.awaited.contains(pnn)) {
        ask(revocation);
      }
    }
  }
}
