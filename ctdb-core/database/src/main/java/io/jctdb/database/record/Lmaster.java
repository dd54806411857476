package io.jctdb.database.record;

import io.jctdb.database.message.KeeperMessage;
import io.jctdb.database.message.RecordMessage;
import io.jctdb.store.StoredRecord;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The node that keeps order: for each key of which this node is lmaster, one thing happens at a
 * time.
 *
 * <p>Who wants the record stands in a <em>line</em>, one place a node, first come, first served.
 * What is under way at its head is a move to the first in line, or a burial (removal of a deleted
 * record).
 *
 * <pre>
 * move:   (NOTING, if the requester is remote)
 *          YIELDING ──ACQUIRED──────────────────────────────▶ next in line
 *              │ ▲ └──NOT_OWNER─┐
 *              │ └─(owner, or   ▼
 *              │    newest copy) QUERYING ──(nobody has it)─▶ CREATING ──ACQUIRED──▶ next in line
 *              └──(no answer)──▶
 * burial:  PURGING ──(all others have deleted)─▶ INTERRING ─▶ next in line
 * </pre>
 *
 * <p>What it remembers about owners is only a hint: a node asked to yield does so only if it is the
 * owner, and who is not makes the lmaster ask everybody. So hints may be dropped or be wrong at the
 * cost of one round trip; they are never a danger.
 *
 * <p>Invariants: at most one move of a key is open in an epoch, because a key has one lmaster in
 * it, and a move ends only when its requester has said ACQUIRED or DECLINED. A line exists exactly
 * while something is under way.
 */
final class Lmaster {
  private static final int UNKNOWN = -1;
  private static final int NOBODY = -1;

  /** What is under way at the head of a line. */
  private sealed interface Work permits Move, Burial, Rest {}

  /** Only remote members want the record, and the main site has it for a little longer. */
  private record Rest() implements Work {}

  private static final class Move implements Work {
    final int requester;
    final RecordMessage.Locate wish;

    /** While querying: who has not answered. Empty otherwise. */
    final Set<Integer> awaited = new HashSet<>();

    /** While querying: who remembers for whom it is. */
    int keeper = KeeperMessage.NOBODY;

    /** While querying: whose keepers have said that they have no copy. */
    final Set<Integer> vouchedFor = new HashSet<>();

    /** While querying: who may have a newer copy, as others say. */
    final Set<Integer> mayHave = new HashSet<>();

    /** While querying: the newest copy so far. */
    int newestAt = NOBODY;

    long newestRsn;
    int hops;

    /** While yielding: who was asked to. */
    int asked = NOBODY;

    /** Who answered last when all were asked. */
    int answeredLast = NOBODY;

    final long beganNanos;

    /** The silent member that it last waited for. */
    int waitedFor = NOBODY;

    WaitReason waitedBecause = WaitReason.OWNER;

    /** The record comes from a remote member, or goes from the main site to one. */
    boolean comesHome;

    boolean leavesHome;

    /** Of a remote requester: the main site is being told that it may get the record. */
    boolean noting;

    /** Of a remote requester: it had no copy before it was noted, and has not been given one. */
    boolean hasNone;

    Move(int requester, RecordMessage.Locate wish, long beganNanos) {
      this.requester = requester;
      this.wish = wish;
      this.beganNanos = beganNanos;
    }

    boolean serves(int pnn, long ticket) {
      return pnn == requester && ticket == wish.ticket();
    }
  }

  private static final class Burial implements Work {
    final int owner;
    final long rsn;
    final long beganNanos;

    /** The owner's keeper has been told; the others are told after it. */
    boolean noted;

    final Set<Integer> awaited = new HashSet<>();

    Burial(int owner, long rsn, long beganNanos) {
      this.owner = owner;
      this.rsn = rsn;
      this.beganNanos = beganNanos;
    }
  }

  private static final class Line {
    final RecordId id;

    /** What the nodes in line want, in order of arrival, without the one being served. */
    final Map<Integer, RecordMessage.Locate> waiting = new LinkedHashMap<>(4);

    int owner;
    @Nullable Work work;

    /** Answers count only if they carry this number. */
    long moveNumber;

    long sinceNanos;
    int attempts;

    Line(RecordId id, int owner) {
      this.id = id;
      this.owner = owner;
    }
  }

  private final Member member;
  private final Watch watch;
  private final RemoteNotes remoteNotes;
  private final Stays stays;
  private final Homecomings homecomings;
  private final BehindCommits behind;
  private final Map<RecordId, Line> lines = new LinkedHashMap<>();

  /** Owners of records at rest; the one not needed for longest goes first. */
  private final Map<RecordId, Integer> settled = new LinkedHashMap<>(16, 0.75f, true);

  private long moveNumbers;
  private long forgets;

  /**
   * The highest rsn of any record removed in this epoch. New records start above it, so that a
   * straggling PURGE for the old one cannot hit a new one of the same name.
   */
  private long rsnFloor;

  Lmaster(
      Member member,
      Watch watch,
      RemoteNotes remoteNotes,
      Homecomings homecomings,
      BehindCommits behind) {
    this.member = member;
    this.watch = watch;
    this.remoteNotes = remoteNotes;
    this.homecomings = homecomings;
    this.behind = behind;
    this.stays = new Stays(member);
  }

  int pending() {
    return lines.size();
  }

  int settled() {
    return settled.size();
  }

  // ---- moves ----

  void locate(int from, RecordMessage.Locate m) {
    RecordId id = RecordId.of(m);
    Line line = lines.get(id);
    if (line == null) {
      line = open(id);
      if (line == null) {
        return; // full: the requester asks again
      }
    } else if (line.work instanceof Move move && move.serves(from, m.ticket())) {
      return; // asked again while being served
    }
    line.waiting.put(from, m); // keeps its place if it has one
    if (!isRemote(from)) {
      stays.wantedAtHome(id);
    }
    if (line.work == null || (line.work instanceof Rest && !isRemote(from))) {
      next(line);
    }
  }

  private boolean isRemote(int pnn) {
    return member.inEpoch().followers().contains(pnn);
  }

  private @Nullable Line open(RecordId id) {
    if (lines.size() >= member.tunables().limits().lines()) {
      member.counters().dropped++;
      return null;
    }
    Integer owner = settled.remove(id);
    Line line = new Line(id, owner == null ? UNKNOWN : owner);
    lines.put(id, line);
    return line;
  }

  /** Serves the next in line, or closes the line. */
  private void next(Line line) {
    line.attempts = 0;
    Integer aside = watch.whoIsAside();
    if (aside != null && watch.isQuiet(aside)) {
      line.waiting.remove(aside); // when it is back it asks again
    }
    line.waiting.keySet().removeIf(member::isDead);
    Integer requester = firstInLine(line);
    if (requester == null) {
      if (line.waiting.isEmpty()) {
        close(line);
      } else {
        rest(line);
      }
      return;
    }
    RecordMessage.Locate wish = Objects.requireNonNull(line.waiting.remove(requester));
    Move move = new Move(requester, wish, member.now());
    line.work = move;
    member.remoteOwners().grants(requester, line.id.dbId());
    move.hops = move.requester == member.self() ? 0 : 1;
    if (isRemote(move.requester)) {
      move.hasNone = remoteNotes.excludes(move.requester, line.id);
      note(line, move);
    } else {
      bring(line, move);
    }
  }

  private void rest(Line line) {
    Rest rest = new Rest();
    line.work = rest;
    newAttempt(line);
    member.after(
        Math.max(1, stays.remainingNanos(line.id)),
        () -> {
          if (lines.get(line.id) == line && line.work == rest) {
            next(line);
          }
        });
  }

  private void bring(Line line, Move move) {
    if (line.owner != UNKNOWN
        && member.inEpoch().hasMember(line.owner)
        && !member.isDead(line.owner)) {
      askToYield(line, move, line.owner, RecordMessage.IF_OWNER);
    } else {
      query(line, move);
    }
  }

  /** Tells the main site first: its members ask the remote one only for what they have noted. */
  private void note(Line line, Move move) {
    newAttempt(line);
    move.noting = true;
    move.awaited.clear();
    move.awaited.addAll(member.inEpoch().voters());
    move.awaited.removeIf(member::isDead);
    RecordId id = line.id;
    RecordMessage note =
        new RecordMessage.Note(
            member.epochNumber(), id.dbId(), id.key(), line.moveNumber, move.requester, forgets);
    member.inEpoch().voters().forEach(pnn -> member.send(pnn, note));
  }

  void noteTaken(int from, RecordMessage.NoteTaken m) {
    Line line = running(m, m.move());
    if (line != null && line.work instanceof Move move && move.noting) {
      noteTaken(line, move, from);
    }
  }

  private void noteTaken(Line line, Move move, int pnn) {
    if (move.awaited.remove(pnn) && move.awaited.isEmpty()) {
      move.noting = false;
      bring(line, move);
    }
  }

  /** Of those whose turn it may be, and of those that are not silent if there are any. */
  private @Nullable Integer firstInLine(Line line) {
    boolean staysHere = stays.remainingNanos(line.id) > 0;
    Integer first = null;
    for (Integer pnn : line.waiting.keySet()) {
      if (staysHere && isRemote(pnn)) {
        continue;
      }
      if (!watch.isQuiet(pnn)) {
        return pnn;
      }
      first = first == null ? pnn : first;
    }
    return first;
  }

  private void close(Line line) {
    line.work = null;
    lines.remove(line.id);
    if (line.owner == UNKNOWN || member.tunables().limits().settled() == 0) {
      return;
    }
    if (settled.size() >= member.tunables().limits().settled()) {
      var eldest = settled.keySet().iterator();
      eldest.next();
      eldest.remove();
    }
    settled.put(line.id, line.owner);
  }

  private void askToYield(Line line, Move move, int holder, long rsn) {
    newAttempt(line);
    move.awaited.clear();
    move.hasNone = false;
    move.asked = holder;
    // Where nobody owns it, the requester may as well become the owner.
    boolean copyWillDo = move.wish.copyWillDo() && rsn == RecordMessage.IF_OWNER;
    move.comesHome = !isRemote(move.requester) && isRemote(holder);
    move.leavesHome =
        isRemote(move.requester) && !isRemote(holder) && rsn == RecordMessage.IF_OWNER;
    move.hops += holder == member.self() ? 0 : 1;
    RecordId id = line.id;
    // The giver counts the grant itself as a hop; it is none if the giver wants the record.
    int hops = move.hops;
    member.send(
        holder,
        new RecordMessage.Yield(
            member.epochNumber(),
            id.dbId(),
            id.key(),
            line.moveNumber,
            move.requester,
            move.wish.ticket(),
            rsn,
            copyWillDo,
            hops,
            behind.numbersFor(id.dbId(), move.requester)));
  }

  private void query(Line line, Move move) {
    newAttempt(line);
    member.counters().queries++;
    line.owner = UNKNOWN;
    move.newestAt = NOBODY;
    move.newestRsn = -1;
    move.asked = NOBODY;
    move.hops += 2;
    move.awaited.clear();
    move.awaited.addAll(mayHave(line.id));
    if (move.hasNone) {
      move.awaited.remove(move.requester);
    }
    move.vouchedFor.clear();
    move.mayHave.clear();
    move.keeper = keeperFor(move.requester);
    RecordId id = line.id;
    RecordMessage query =
        new RecordMessage.Query(
            member.epochNumber(),
            id.dbId(),
            id.key(),
            line.moveNumber,
            move.requester,
            move.keeper);
    List.copyOf(move.awaited).forEach(pnn -> member.send(pnn, query));
  }

  /** All members, but for the remote ones that surely have no copy. */
  private Set<Integer> mayHave(RecordId id) {
    Set<Integer> pnns = new TreeSet<>(member.inEpoch().members());
    for (int remote : member.inEpoch().followers()) {
      if (remoteNotes.excludes(remote, id)) {
        pnns.remove(remote);
        member.counters().spared++;
      }
    }
    return pnns;
  }

  /**
   * Who is to remember that the requester may get the record: this node, so that nobody's answer is
   * waited for because of that. What this node gets itself another one has to remember: the next in
   * the ring, or the first behind it that is neither silent nor busy with having joined. Where two
   * vote nobody can be set aside, so nobody else will ever decide about this record, and of what
   * this node gets nobody need remember anything.
   */
  private int keeperFor(int requester) {
    SortedSet<Integer> members = member.inEpoch().voters();
    if (requester != member.self() && members.contains(member.self())) {
      return member.self();
    }
    if (members.size() < 3 && requester == member.self()) {
      return KeeperMessage.NOBODY;
    }
    int heard = requester;
    int pnn = requester; // of a remote site it is not in the ring itself
    for (int i = 0; i < members.size(); i++) {
      pnn = Ring.after(members, pnn);
      if (pnn != requester && !watch.isQuiet(pnn)) {
        if (!member.joinedNow(pnn)) {
          return pnn;
        }
        heard = heard == requester ? pnn : heard;
      }
    }
    return heard == requester ? Ring.after(members, requester) : heard;
  }

  private void newAttempt(Line line) {
    line.moveNumber = ++moveNumbers;
    line.sinceNanos = member.now();
  }

  void notOwner(RecordMessage.NotOwner m) {
    Line line = running(m, m.move());
    if (line != null && line.work instanceof Move move) {
      query(line, move);
    }
  }

  void answer(int from, RecordMessage.Answer m) {
    Line line = running(m, m.move());
    if (line == null || !(line.work instanceof Move move) || !move.awaited.remove(from)) {
      return;
    }
    move.answeredLast = from;
    switch (m.holding()) {
      case OWNER -> {
        line.owner = from;
        askToYield(line, move, from, RecordMessage.IF_OWNER);
        return;
      }
      case COPY -> {
        if (m.rsn() > move.newestRsn) {
          move.newestRsn = m.rsn();
          move.newestAt = from;
        }
      }
      case ABSENT -> {}
    }
    move.mayHave.addAll(m.mayHave());
    if (m.vouches()) {
      move.vouchedFor.add(Ring.before(member.inEpoch().voters(), from));
    }
    decide(line, move);
  }

  /**
   * Decides when all have answered who may have the record. The dead are done without, and beside
   * them nobody, because one of them may have handed it to whoever else does not answer; if there
   * are none, one at most: whoever knows something of that one is among those who answered.
   */
  private void decide(Line line, Move move) {
    if (move.noting
        || (move.awaited.size() > 1 && !move.awaited.stream().allMatch(member::isDead))) {
      return;
    }
    for (int pnn : move.awaited) {
      if (pnn == move.keeper && keeperFor(move.requester) != pnn) {
        query(line, move); // it has fallen silent since it was asked: another is to remember
        return;
      }
      if (!isDispensable(pnn, move)) {
        noteWhy(pnn, move);
        return;
      }
    }
    if (member.isDead(move.newestAt)) {
      query(line, move); // it had answered before
      return;
    }
    member.counters().vouched += move.awaited.size();
    move.awaited.clear();
    if (move.newestAt == NOBODY) {
      create(line, move);
    } else {
      member.counters().adoptions++;
      askToYield(line, move, move.newestAt, move.newestRsn);
    }
  }

  /**
   * Whether that member's answer is not needed, however soon it would come: it is dead, and what it
   * had is lost; or it surely has no copy, for it had none when the epoch began and none was made
   * for it since (its keeper vouches for that), and none of those who answered has handed it over
   * to it (docs/fencing.md).
   */
  private boolean isDispensable(int pnn, Move move) {
    return pnn != move.keeper && (member.isDead(pnn) || surelyHasNone(pnn, move));
  }

  private boolean surelyHasNone(int pnn, Move move) {
    return move.vouchedFor.contains(pnn)
        && !move.mayHave.contains(pnn)
        && !move.mayHave.contains(RecordMessage.ANYBODY);
  }

  private void noteWhy(int pnn, Move move) {
    if (watch.isQuiet(pnn)) {
      move.waitedFor = pnn;
      if (pnn == move.keeper) {
        move.waitedBecause = WaitReason.KEEPER;
      } else if (move.mayHave.contains(pnn) || move.mayHave.contains(RecordMessage.ANYBODY)) {
        move.waitedBecause = WaitReason.MAY_HAVE;
      } else {
        move.waitedBecause = WaitReason.NOT_VOUCHED;
      }
    }
  }

  /** Somebody is silent: what waits only for an answer that is not needed goes on. */
  void quiet() {
    for (Line line : new ArrayList<>(lines.values())) {
      if (line.work instanceof Move move) {
        if (move.noting) {
          letOthersGoFirst(line, move);
        } else if (!move.awaited.isEmpty()) {
          decide(line, move);
        } else if (watch.isQuiet(move.asked)) {
          move.waitedFor = move.asked;
          move.waitedBecause = WaitReason.OWNER;
          if (!isRemote(move.asked) || member.isDead(move.asked)) {
            query(line, move); // a hint may be of an earlier life: its keeper knows better
          }
        }
      }
    }
  }

  /** A remote requester waits for a silent member of the main site: nobody there need. */
  private void letOthersGoFirst(Line line, Move move) {
    boolean wantedAtHome = line.waiting.keySet().stream().anyMatch(pnn -> !isRemote(pnn));
    if (wantedAtHome
        && !isRemote(member.self()) // to one far away all seem to be silent now and then
        && move.awaited.stream().anyMatch(watch::isQuiet)) {
      line.waiting.put(move.requester, move.wish);
      next(line);
    }
  }

  private void tellOfWait(Line line, Move move) {
    long waited = member.now() - move.beganNanos;
    if (move.waitedFor != NOBODY && waited >= AsideListener.WAIT_NANOS) {
      RecordId id = line.id;
      watch.tellOfWait(id, move.waitedFor, waited, move.waitedBecause);
    }
  }

  /** Nobody has it. The requester's ticket makes sure that it is created once. */
  private void create(Line line, Move move) {
    newAttempt(line);
    move.hasNone = false;
    member.counters().creations++;
    RecordId id = line.id;
    member.send(
        move.requester,
        new RecordMessage.Grant(
            member.epochNumber(),
            id.dbId(),
            id.key(),
            move.wish.ticket(),
            rsnFloor,
            0,
            move.hops + (move.requester == member.self() ? 0 : 1),
            StoredRecord.NO_DATA,
            behind.numbersFor(id.dbId(), move.requester)));
  }

  void acquired(int from, RecordMessage.Acquired m) {
    Line line = served(m, from, m.ticket());
    if (line != null && line.work instanceof Move move) {
      noteTheWay(line.id, move);
      end(line, move, from);
    }
  }

  /** The owner has kept it. */
  void copied(int from, RecordMessage.Copied m) {
    Line line = served(m, from, m.ticket());
    if (line != null && line.work instanceof Move move) {
      end(line, move, line.owner);
    }
  }

  void declined(int from, RecordMessage.Declined m) {
    Line line = served(m, from, m.ticket());
    if (line != null && line.work instanceof Move move) {
      end(line, move, UNKNOWN);
    }
  }

  /** The line of a move that serves this wish, null if there is none any more. */
  private @Nullable Line served(RecordMessage m, int requester, long ticket) {
    Line line = lines.get(RecordId.of(m));
    boolean serves =
        line != null && line.work instanceof Move move && move.serves(requester, ticket);
    return serves ? line : null;
  }

  private void end(Line line, Move move, int owner) {
    tellOfWait(line, move);
    member.ended(move.beganNanos, took -> slow(line.id, move, took));
    line.owner = owner;
    next(line);
  }

  private static SlowOperation slow(RecordId id, Move move, long took) {
    int last = move.asked == NOBODY ? move.answeredLast : move.asked;
    return new SlowOperation.Move(
        id.dbId(), id.key(), took, move.requester, move.answeredLast != NOBODY, last);
  }

  private void noteTheWay(RecordId id, Move move) {
    if (isRemote(move.requester)) {
      if (move.leavesHome) {
        homecomings.left(id);
      }
      return;
    }
    homecomings.wantedAtHome(id);
    if (move.comesHome) {
      stays.cameHome(id, member.now() - move.beganNanos);
    }
  }

  /** The line to which an answer belongs, null if the attempt is over. */
  private @Nullable Line running(RecordMessage answer, long moveNumber) {
    Line line = lines.get(RecordId.of(answer));
    return line != null && line.moveNumber == moveNumber ? line : null;
  }

  // ---- burials ----

  /** A record in demand is not buried: its owner will ask again if it is still empty then. */
  void bury(int from, RecordMessage.Bury m) {
    RecordId id = RecordId.of(m);
    if (lines.containsKey(id)) {
      return;
    }
    if (watch.whoIsAside() != null) {
      return; // everybody would have to answer; the owner will ask again
    }
    Line line = open(id);
    if (line == null) {
      return;
    }
    line.owner = from;
    Burial burial = new Burial(from, m.rsn(), member.now());
    line.work = burial;
    newAttempt(line);
    int keeper = member.keeperOf(from);
    if (member.tunables().aside().isOn() && keeper != from) {
      // First: the other copies may be all that tells who owns the record.
      burial.awaited.add(keeper);
      askToPurge(line, burial);
    } else {
      purgeOthers(line, burial, from);
    }
  }

  private void purgeOthers(Line line, Burial burial, int keeper) {
    burial.noted = true;
    newAttempt(line); // each question has its own time: two round trips may be longer
    burial.awaited.addAll(mayHave(line.id));
    burial.awaited.remove(burial.owner);
    burial.awaited.remove(keeper);
    askToPurge(line, burial);
    interWhenPurged(line, burial);
  }

  private void askToPurge(Line line, Burial burial) {
    RecordId id = line.id;
    RecordMessage purge =
        new RecordMessage.Purge(
            member.epochNumber(), id.dbId(), id.key(), line.moveNumber, burial.rsn, burial.owner);
    List.copyOf(burial.awaited).forEach(pnn -> member.send(pnn, purge));
  }

  void purged(int from, RecordMessage.Purged m) {
    Line line = running(m, m.move());
    if (line == null || !(line.work instanceof Burial burial) || !burial.awaited.remove(from)) {
      return;
    }
    if (m.done() && !burial.noted) {
      purgeOthers(line, burial, from);
    } else if (m.done()) {
      interWhenPurged(line, burial);
    } else {
      line.owner = UNKNOWN; // there is a newer copy: the asker is not the owner any more
      next(line);
    }
  }

  private void interWhenPurged(Line line, Burial burial) {
    if (burial.awaited.isEmpty()) {
      newAttempt(line);
      rsnFloor = Math.max(rsnFloor, burial.rsn);
      RecordId id = line.id;
      member.send(
          burial.owner,
          new RecordMessage.Inter(
              member.epochNumber(), id.dbId(), id.key(), line.moveNumber, burial.rsn));
    }
  }

  void interred(int from, RecordMessage.Interred m) {
    Line line = running(m, m.move());
    if (line != null && line.work instanceof Burial burial && burial.owner == from) {
      boolean noted = member.tunables().aside().isOn() || !member.inEpoch().followers().isEmpty();
      if (m.done() && noted) {
        forget(line.id);
      }
      RecordId id = line.id;
      member.ended(
          burial.beganNanos,
          took -> new SlowOperation.Removal(id.dbId(), id.key(), took, burial.owner));
      line.owner = UNKNOWN;
      next(line);
    }
  }

  private void forget(RecordId id) {
    RecordMessage forget =
        new RecordMessage.Forget(member.epochNumber(), id.dbId(), id.key(), ++forgets);
    member.inEpoch().voters().forEach(pnn -> member.send(pnn, forget));
  }

  // ---- what may interrupt ----

  /** If it is this node itself, its orders are followed by nobody any more. */
  void setAside(int pnn) {
    if (pnn == member.self()) {
      lines.clear();
      settled.clear();
      return;
    }
    for (Line line : new ArrayList<>(lines.values())) {
      if (line.work instanceof Burial) {
        restart(line); // it would wait for the silent one, and others for it
      }
    }
  }

  /** It wants nothing any more, and what waits for it goes on without. */
  void died(int pnn) {
    for (Line line : new ArrayList<>(lines.values())) {
      line.waiting.remove(pnn);
      switch (line.work) {
        case Move move when move.requester == pnn -> end(line, move, UNKNOWN);
        case Move move when move.noting -> noteTaken(line, move, pnn);
        case Burial burial -> restart(line);
        case null, default -> {}
      }
    }
    quiet();
  }

  /** All that was under way is forgotten; requesters and owners ask again in the new epoch. */
  void epochStarted() {
    for (Line line : lines.values()) {
      if (line.work instanceof Move move) {
        tellOfWait(line, move);
      }
    }
    lines.clear();
    rsnFloor = 0;
  }

  void leftCluster() {
    lines.clear();
    settled.clear();
    stays.clear();
    homecomings.clear();
  }

  /** Hints about a database whose copies are gone are worthless. Moves under way find out. */
  void forget(int dbId) {
    settled.keySet().removeIf(id -> id.dbId() == dbId);
    lines.values().stream().filter(l -> l.id.dbId() == dbId).forEach(l -> l.owner = UNKNOWN);
  }

  /** Starts again what has waited too long. */
  void repeat(long now) {
    for (Line line : new ArrayList<>(lines.values())) {
      if (now - line.sinceNanos >= member.tunables().retryAfter(line.attempts)) {
        restart(line);
      }
    }
  }

  /** Starts again what a broken link may have swallowed. */
  void linkRestored() {
    new ArrayList<>(lines.values()).forEach(this::restart);
  }

  private void restart(Line line) {
    line.attempts++;
    member.counters().repeats++;
    switch (line.work) {
      case Move move when move.noting -> note(line, move);
      case Move move -> query(line, move);
      case Burial burial -> {
        line.owner = UNKNOWN;
        next(line);
      }
      case Rest rest -> next(line);
      case null -> throw new IllegalStateException("idle line " + line.id);
    }
  }
}
