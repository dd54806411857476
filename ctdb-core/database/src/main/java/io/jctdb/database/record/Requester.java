package io.jctdb.database.record;

import io.jctdb.database.message.KeeperMessage;
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
 * The node that wants a record: brings it here and answers all local clients that wait for it.
 *
 * <p>All calls for one record share one <em>visit</em>:
 *
 * <pre>
 * CHECKING ──(own copy)──────────────────────────────▶ answered
 *     ├────(not owner)─▶ LOCATING ──GRANT─▶ STORING ──▶ answered, ACQUIRED to the lmaster
 *                            ▲   (epoch changed)  │
 *     │                      └────────────────────┘
 *     └──(own copy, and others have read-only ones)─▶ REVOKING ──▶ CHECKING
 * </pre>
 *
 * <p>A visit whose clients only read takes a read-only copy, too; the lmaster then hears COPIED. If
 * one that writes joins it, it becomes another visit: with a new ticket.
 *
 * <p>Invariant: a grant is stored only for the ticket of a visit that is LOCATING, and each ticket
 * at most once. So a grant that was repeated or delayed cannot bring back an old value.
 */
final class Requester {
  private enum State {
    /** Outside the cluster; looks when this node joins. */
    OUTSIDE,
    CHECKING,
    LOCATING,
    STORING,
    REVOKING
  }

  private static final class Visit {
    final RecordId id;
    final List<CallDone> clients = new ArrayList<>(2);
    State state = State.OUTSIDE;

    /** No client wants to write, so a read-only copy will do. */
    boolean onlyReads;

    /** The record is here, but was not to be written to for a while. */
    boolean hasRevoked;

    long ticket;

    /** Read-only copies up to this rsn may still come for the ticket, and have been revoked. */
    long revokedRsn;

    final long beganNanos;
    long askedNanos;
    int attempts;

    /** When it was first asked for, and of whom; not while nobody was asked. */
    long locatedNanos;

    int locatedFrom = KeeperMessage.NOBODY;

    /** How often it was asked for again because no answer came, and of whom last. */
    int repeats;

    int askedLast = KeeperMessage.NOBODY;

    Visit(RecordId id, boolean onlyReads, long beganNanos) {
      this.id = id;
      this.onlyReads = onlyReads;
      this.beganNanos = beganNanos;
    }

    boolean isUnderWay() {
      return state == State.LOCATING || state == State.STORING;
    }
  }

  /** Hears that a record was waited for. */
  interface Waits {
    void waited(RecordId id, int forPnn, long nanos);
  }

  private final Member member;
  private final Waits waits;
  private final Holds holds;
  private final Burials burials;
  private final CopyIndex copies;
  private final BehindCommits behind;
  private final Delegations delegations;
  private final Map<RecordId, Visit> visits = new LinkedHashMap<>();
  private long tickets;

  Requester(
      Member member,
      Holds holds,
      Burials burials,
      CopyIndex copies,
      BehindCommits behind,
      Delegations delegations,
      Waits waits) {
    this.waits = waits;
    this.member = member;
    this.holds = holds;
    this.burials = burials;
    this.copies = copies;
    this.behind = behind;
    this.delegations = delegations;
  }

  int pending() {
    return visits.size();
  }

  /**
   * @param onlyReads a read-only copy will do
   */
  void call(RecordId id, boolean onlyReads, CallDone done) {
    member.counters().calls++;
    Visit visit = visits.get(id);
    if (visit != null) {
      member.counters().callsShared++;
      visit.clients.add(done);
      if (visit.onlyReads && !onlyReads) {
        writeToo(visit);
      }
      return;
    }
    visit = new Visit(id, onlyReads, member.now());
    visit.clients.add(done);
    visits.put(id, visit);
    check(visit);
  }

  private void writeToo(Visit visit) {
    visit.onlyReads = false;
    if (visit.isUnderWay()) {
      locate(visit);
    }
  }

  /** Looks whether the record is here already. */
  private void check(Visit visit) {
    RecordStore store = member.store(visit.id);
    if (store == null) {
      refuse(visit);
      return;
    }
    if (member.epoch() == null) {
      visit.state = State.OUTSIDE;
      return;
    }
    visit.state = State.CHECKING;
    member.locked(store, visit.id, record -> checked(visit, record));
  }

  private void checked(Visit visit, LockedRecord record) {
    if (visits.get(visit.id) != visit || visit.state != State.CHECKING) {
      return;
    }
    StoredRecord copy = record.fetch();
    if (member.epoch() == null) {
      visit.state = State.OUTSIDE;
    } else if (copy == null || !mayBeRead(copy.header(), visit.onlyReads)) {
      locate(visit);
    } else if (!visit.onlyReads && Delegations.mustBeRevoked(copy.header(), false)) {
      visit.state = State.REVOKING;
      delegations.revoke(visit.id, record, copy, () -> hasRevoked(visit));
    } else {
      member.counters().callsLocal += visit.clients.size();
      answer(visit, copy.header(), copy.data(), visit.hasRevoked);
    }
  }

  private boolean mayBeRead(RecordHeader header, boolean copyWillDo) {
    return header.dmaster() == member.self()
        || (copyWillDo && (header.flags() & RecordHeader.RO_HAVE_READONLY) != 0);
  }

  private void hasRevoked(Visit visit) {
    if (visits.get(visit.id) == visit && visit.state == State.REVOKING) {
      visit.hasRevoked = true;
      check(visit);
    }
  }

  private void locate(Visit visit) {
    visit.state = State.LOCATING;
    visit.ticket = ++tickets;
    visit.revokedRsn = 0;
    visit.attempts = 0;
    ask(visit);
  }

  private void ask(Visit visit) {
    visit.askedNanos = member.now();
    if (member.isOpen()) {
      RecordId id = visit.id;
      int lmaster = member.lmaster(id.key());
      if (visit.locatedFrom == KeeperMessage.NOBODY) {
        visit.locatedFrom = lmaster;
        visit.locatedNanos = visit.askedNanos;
      }
      visit.askedLast = lmaster;
      member.send(
          lmaster,
          new RecordMessage.Locate(
              member.epochNumber(), id.dbId(), id.key(), visit.ticket, visit.onlyReads));
    }
  }

  void granted(int giver, RecordMessage.Grant grant) {
    Visit visit = visits.get(RecordId.of(grant));
    if (visit == null || visit.ticket != grant.ticket()) {
      decline(grant);
      return;
    }
    if (visit.state != State.LOCATING) {
      return; // the same grant again
    }
    visit.state = State.STORING;
    behind.run(grant.behind(), () -> take(visit, giver, grant));
  }

  private void take(Visit visit, int giver, RecordMessage.Grant grant) {
    if (visits.get(visit.id) != visit || visit.ticket != grant.ticket()) {
      decline(grant); // another epoch, or this node forgot the database meanwhile
      return;
    }
    RecordStore store = member.store(visit.id);
    if (store == null) {
      decline(grant);
      refuse(visit);
      return;
    }
    member.locked(store, visit.id, record -> store(visit, giver, grant, record));
  }

  private void store(Visit visit, int giver, RecordMessage.Grant grant, LockedRecord record) {
    if (visits.get(visit.id) != visit || visit.ticket != grant.ticket()) {
      decline(grant); // this node forgot the database meanwhile
      return;
    }
    if (!member.isOpen(grant.epoch())) {
      // The promise came first. The giver has the same value; the next epoch finds it there.
      visit.state = State.LOCATING;
      return;
    }
    member.counters().hops += grant.hops();
    if ((grant.flags() & RecordHeader.RO_HAVE_READONLY) != 0) {
      keepCopy(visit, giver, grant, record);
      return;
    }
    RecordHeader header = own(visit.id, record, grant.rsn(), grant.flags(), grant.data());
    acquired(visit, header, grant.data());
  }

  /** A read-only copy: nobody writes to the record before this node has been told. */
  private void keepCopy(Visit visit, int owner, RecordMessage.Grant grant, LockedRecord record) {
    StoredRecord old = record.fetch();
    boolean newer = old != null && old.header().rsn() > grant.rsn();
    if (newer || grant.rsn() <= visit.revokedRsn) {
      decline(grant);
      locate(visit);
      return;
    }
    RecordId id = visit.id;
    RecordHeader header = new RecordHeader(grant.rsn(), owner, grant.flags());
    copies.stored(id.dbId(), id.key());
    record.store(header, grant.data());
    member.counters().copiesIn++;
    tellOfWait(visit);
    answer(visit, header, grant.data(), true);
    member.send(
        member.lmaster(id.key()),
        new RecordMessage.Copied(member.epochNumber(), id.dbId(), id.key(), visit.ticket));
  }

  /** Copies up to this rsn are revoked; one may be on its way. */
  void refuseCopies(RecordId id, long rsn) {
    Visit visit = visits.get(id);
    if (visit != null) {
      visit.revokedRsn = Math.max(visit.revokedRsn, rsn);
    }
  }

  /**
   * The lmaster asks this node to hand its copy to itself: it is the owner already, or has the
   * newest copy of a record without an owner.
   *
   * @return whether a visit waits for this ticket
   */
  boolean takeOwnCopy(RecordMessage.Yield yield, LockedRecord record, StoredRecord copy) {
    Visit visit = visits.get(RecordId.of(yield));
    if (visit == null || visit.ticket != yield.ticket() || visit.state != State.LOCATING) {
      return false;
    }
    RecordHeader header = copy.header();
    if (header.dmaster() != member.self()) {
      header = own(visit.id, record, header.rsn(), header.flags(), copy.data());
    }
    acquired(visit, header, copy.data());
    return true;
  }

  /** Writes the record as this node's own, newer than every other copy (databases.md 3.3). */
  private RecordHeader own(RecordId id, LockedRecord record, long rsn, int flags, byte[] data) {
    member.remoteOwners().acquires(id.dbId());
    StoredRecord old = record.fetch();
    long newest = rsn;
    if (old != null && old.header().rsn() > rsn) {
      member.counters().anomalies++;
      newest = old.header().rsn();
    }
    RecordHeader header =
        new RecordHeader(newest + 2, member.self(), flags & ~RecordHeader.RO_MASK);
    copies.stored(id.dbId(), id.key());
    record.store(header, data);
    return header;
  }

  private void acquired(Visit visit, RecordHeader header, byte[] data) {
    RecordId id = visit.id;
    member.counters().migrationsIn++;
    tellOfWait(visit);
    answer(visit, header, data, true);
    if (data.length == 0) {
      burials.schedule(id);
    }
    member.send(
        member.lmaster(id.key()),
        new RecordMessage.Acquired(member.epochNumber(), id.dbId(), id.key(), visit.ticket));
  }

  /** Where the lmaster did not change, it tells of it itself. */
  private void tellOfWait(Visit visit) {
    long waited = member.now() - visit.locatedNanos;
    if (visit.locatedFrom != KeeperMessage.NOBODY
        && visit.locatedFrom != member.lmaster(visit.id.key())
        && waited >= AsideListener.WAIT_NANOS) {
      waits.waited(visit.id, visit.locatedFrom, waited);
    }
  }

  private void decline(RecordMessage.Grant grant) {
    if (member.isOpen(grant.epoch())) {
      member.send(
          member.lmaster(grant.key()),
          new RecordMessage.Declined(grant.epoch(), grant.dbId(), grant.key(), grant.ticket()));
    }
  }

  private void answer(Visit visit, RecordHeader header, byte[] data, boolean hold) {
    visits.remove(visit.id);
    member.ended(visit.beganNanos, took -> slow(visit, took));
    if (!hold) {
      member.later(() -> visit.clients.forEach(client -> client.record(header, data)));
      return;
    }
    holds.begin(visit.id); // nobody takes it away before the clients know
    member.later(
        () -> {
          visit.clients.forEach(client -> client.record(header, data));
          holds.begin(visit.id); // and from now on they have this long
        });
  }

  private SlowOperation slow(Visit visit, long took) {
    boolean asked = visit.locatedFrom != KeeperMessage.NOBODY;
    return new SlowOperation.Call(
        visit.id.dbId(),
        visit.id.key(),
        took,
        visit.clients.size(),
        asked ? member.now() - visit.locatedNanos : 0,
        visit.askedLast,
        visit.repeats);
  }

  private void refuse(Visit visit) {
    visits.remove(visit.id);
    member.later(() -> visit.clients.forEach(CallDone::unknownDatabase));
  }

  // ---- what may interrupt a visit ----

  void epochStarted() {
    for (Visit visit : List.copyOf(visits.values())) {
      switch (visit.state) {
        case OUTSIDE -> check(visit);
        case CHECKING, REVOKING -> {} // what they wait for will look
        case LOCATING, STORING -> locate(visit);
      }
    }
  }

  /**
   * This node has set a member aside. What that one granted, or had others grant, is not taken any
   * more: it was for tickets that are given up here. If the member is this node itself, others may
   * have dropped what it asked.
   */
  void setAside(int pnn) {
    for (Visit visit : List.copyOf(visits.values())) {
      if (visit.isUnderWay() && member.lmasterByEpoch(visit.id.key()) == pnn) {
        locate(visit);
      } else if (visit.state == State.LOCATING && pnn == member.self()) {
        ask(visit);
      }
    }
  }

  /** Whoever takes the place of the member that is set aside has set it aside, too. */
  void agreed(int aside) {
    for (Visit visit : visits.values()) {
      if (visit.state == State.LOCATING && member.lmasterByEpoch(visit.id.key()) == aside) {
        ask(visit);
      }
    }
  }

  void leftCluster() {
    for (Visit visit : visits.values()) {
      visit.state = State.OUTSIDE;
      visit.ticket = ++tickets;
    }
  }

  /** The local copies of this database are gone, or it is. What is under way for it starts over. */
  void forget(int dbId) {
    for (Visit visit : List.copyOf(visits.values())) {
      if (visit.id.dbId() == dbId) {
        visit.ticket = ++tickets;
        check(visit);
      }
    }
  }

  /** Asks again what has waited too long. */
  void repeat(long now) {
    for (Visit visit : visits.values()) {
      if (visit.state == State.LOCATING
          && now - visit.askedNanos >= member.tunables().retryAfter(visit.attempts)) {
        visit.attempts++;
        visit.repeats++;
        member.counters().repeats++;
        ask(visit);
      }
    }
  }

  /** A link that broke is back: what was sent on it may be lost. */
  void linkRestored(int pnn) {
    if (!member.isOpen()) {
      return;
    }
    for (Visit visit : visits.values()) {
      if (visit.state == State.LOCATING && member.lmaster(visit.id.key()) == pnn) {
        ask(visit);
      }
    }
  }
}
