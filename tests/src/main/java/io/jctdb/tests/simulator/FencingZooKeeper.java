package io.jctdb.tests.simulator;

import io.jctdb.recovery.CommittedEpoch;
import io.jctdb.recovery.Life;
import io.jctdb.recovery.MemberInfo;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * ZooKeeper as its clients see it: writes that happen at one instant or not at all, sessions that
 * expire when nothing was heard of them, watches that tell late, answers that get lost. Without a
 * quorum it answers nothing, and counts all sessions afresh when it has one again.
 */
final class FencingZooKeeper {
  /** What became of a request. */
  enum Outcome {
    DONE,
    REFUSED,
    /** No answer came: it may have happened. */
    LOST
  }

  /** A membership record. */
  record Record(MemberInfo info, long session) {}

  /** Everything that members watch, as it was at one instant. */
  record View(
      Map<Integer, Record> records, Optional<CommittedEpoch> epoch, @Nullable Leadership leader) {}

  record Leadership(int pnn, long session) {}

  private static final class Session {
    final FencingDaemon daemon;
    long heardAt;
    long nextArrival;
    long nextAnswer;

    Session(FencingDaemon daemon, long heardAt) {
      this.daemon = daemon;
      this.heardAt = heardAt;
    }
  }

  private static final long TICK = 250 * Chance.MILLIS;

  /** After so long a client gives an unanswered request up. */
  private static final long GIVE_UP = 640 * Chance.MILLIS;

  private final EventQueue events;
  private final Chance chance;
  private final long sessionNanos;
  private final Map<Long, Session> sessions = new TreeMap<>();
  private boolean available = true;
  private long lastSession;

  private final TreeMap<Integer, Record> records = new TreeMap<>();
  private @Nullable CommittedEpoch epoch;
  private @Nullable Leadership leader;
  private long reserved;
  private int term;
  private final Set<Life> expelled = new LinkedHashSet<>();

  FencingZooKeeper(EventQueue events, Chance chance, long sessionNanos) {
    this.events = events;
    this.chance = chance;
    this.sessionNanos = sessionNanos;
    expireSessions();
  }

  // ---- what the world does to it ----

  void available(boolean now) {
    if (now && !available) {
      sessions.values().forEach(session -> session.heardAt = events.now());
    }
    available = now;
    if (now) {
      changed();
    }
  }

  @Nullable CommittedEpoch epoch() {
    return epoch;
  }

  private void expireSessions() {
    events.after(
        TICK / 2,
        () -> {
          if (available) {
            for (long id : List.copyOf(sessions.keySet())) {
              Session session = sessions.get(id);
              if (session != null && events.now() - session.heardAt > sessionNanos) {
                end(id);
              }
            }
          }
          expireSessions();
        });
  }

  private void end(long id) {
    sessions.remove(id);
    boolean had = records.values().removeIf(record -> record.session == id);
    Leadership leads = leader;
    if (leads != null && leads.session == id) {
      leader = null;
      had = true;
    }
    if (had) {
      changed();
    }
  }

  // ---- requests ----

  private boolean reaches(FencingDaemon daemon) {
    return available && daemon.host().reachesZooKeeper();
  }

  private long delay() {
    return chance.skewed(200 * Chance.MICROS, 20 * Chance.MILLIS);
  }

  /** Opens a session; told 0 if that did not succeed. */
  void open(FencingDaemon daemon, Consumer<Long> opened) {
    events.after(
        delay(),
        () -> {
          if (!reaches(daemon)) {
            daemon.later(GIVE_UP, () -> opened.accept(0L));
            return;
          }
          long id = ++lastSession;
          sessions.put(id, new Session(daemon, events.now()));
          answer(daemon, sessions.get(id), () -> opened.accept(id), () -> opened.accept(0L));
        });
  }

  /** Asks for {@code operation} to happen in that session, in the order of asking. */
  void submit(
      FencingDaemon daemon, long session, BooleanSupplier operation, Consumer<Outcome> done) {
    Session known = sessions.get(session);
    long arrival = events.now() + delay();
    if (known != null) {
      arrival = Math.max(arrival, known.nextArrival + 1);
      known.nextArrival = arrival;
    }
    events.at(
        arrival,
        () -> {
          Session open = sessions.get(session);
          if (!reaches(daemon)) {
            daemon.later(GIVE_UP, () -> done.accept(Outcome.LOST));
          } else if (open == null) {
            answer(daemon, null, daemon::sessionExpired, () -> {});
          } else {
            open.heardAt = events.now();
            Outcome outcome = operation.getAsBoolean() ? Outcome.DONE : Outcome.REFUSED;
            answer(daemon, open, () -> done.accept(outcome), () -> done.accept(Outcome.LOST));
          }
        });
  }

  /** The client gives its session back; that too may get lost. */
  void close(FencingDaemon daemon, long session) {
    events.after(
        delay(),
        () -> {
          if (reaches(daemon) && sessions.containsKey(session)) {
            end(session);
          }
        });
  }

  private void answer(FencingDaemon daemon, @Nullable Session in, Runnable arrives, Runnable lost) {
    events.at(
        answerTime(in),
        () -> {
          if (reaches(daemon)) {
            daemon.later(0, arrives);
          } else {
            daemon.later(GIVE_UP, lost);
          }
        });
  }

  /** Answers and news come in the order in which they were sent in a session. */
  private long answerTime(@Nullable Session in) {
    long at = events.now() + delay();
    if (in != null) {
      at = Math.max(at, in.nextAnswer + 1);
      in.nextAnswer = at;
    }
    return at;
  }

  // ---- watches ----

  private void changed() {
    for (Map.Entry<Long, Session> session : new TreeMap<>(sessions).entrySet()) {
      tell(session.getKey(), session.getValue().daemon);
    }
  }

  /** What there is now, some time later. */
  void tell(long session, FencingDaemon daemon) {
    View view = view();
    events.at(
        answerTime(sessions.get(session)),
        () -> {
          if (reaches(daemon)) {
            daemon.later(0, () -> daemon.news(session, view));
          }
        });
  }

  private View view() {
    return new View(new TreeMap<>(records), Optional.ofNullable(epoch), leader);
  }

  // ---- operations: each is called inside a request ----

  Map<Integer, Record> records() {
    return records;
  }

  @Nullable Leadership leader() {
    return leader;
  }

  int term() {
    return term;
  }

  long reserved() {
    return reserved;
  }

  Set<Life> expelled() {
    return Set.copyOf(expelled);
  }

  boolean register(MemberInfo info, long session) {
    records.put(info.pnn(), new Record(info, session));
    changed();
    return true;
  }

  /** Only while it is this session's record. */
  boolean publish(MemberInfo info, long session) {
    return isOf(info.pnn(), session) && register(info, session);
  }

  boolean isOf(int pnn, long session) {
    Record record = records.get(pnn);
    return record != null && record.session == session;
  }

  boolean contend(int pnn, long session) {
    return leader == null && lead(pnn, session);
  }

  private boolean lead(int pnn, long session) {
    leader = new Leadership(pnn, session);
    term++;
    changed();
    return true;
  }

  boolean resign(int ofTerm) {
    if (ofTerm != term) {
      return false;
    }
    leader = null;
    changed();
    return true;
  }

  boolean succeed(int pnn, long session, long deadSession) {
    Leadership leads = leader;
    return leads != null && leads.session == deadSession && lead(pnn, session);
  }

  boolean usurp(int pnn, long session, Life silent, long ofEpoch) {
    Record record = records.get(silent.pnn());
    Leadership leads = leader;
    CommittedEpoch current = epoch;
    if (record == null
        || record.info.incarnation() != silent.incarnation()
        || leads == null
        || leads.session != record.session
        || current == null
        || current.epoch().number() != ofEpoch) {
      return false;
    }
    records.remove(silent.pnn());
    expelled.add(silent);
    return lead(pnn, session);
  }

  boolean reserve(int ofTerm, long number) {
    if (ofTerm != term || number <= reserved) {
      return false;
    }
    reserved = number;
    return true;
  }

  /**
   * On top of the epoch known to the leader: an earlier commit, whose answer was lost, may stand.
   */
  boolean mayCommit(int ofTerm, long known, CommittedEpoch next) {
    CommittedEpoch current = epoch;
    long number = current == null ? 0 : current.epoch().number();
    return ofTerm == term && number == known && reserved == next.epoch().number();
  }

  boolean commit(CommittedEpoch next) {
    epoch = next;
    changed();
    return true;
  }

  boolean expel(int ofTerm, Life life, long ofEpoch) {
    Record record = records.get(life.pnn());
    CommittedEpoch current = epoch;
    long number = current == null ? 0 : current.epoch().number();
    if (ofTerm != term
        || number != ofEpoch
        || record == null
        || record.info.incarnation() != life.incarnation()) {
      return false;
    }
    records.remove(life.pnn());
    expelled.add(life);
    changed();
    return true;
  }

  boolean unregister(int pnn, long session) {
    if (!isOf(pnn, session)) {
      return false;
    }
    records.remove(pnn);
    changed();
    return true;
  }

  Map<Integer, MemberInfo> infos(Map<Integer, Record> of) {
    Map<Integer, MemberInfo> infos = new TreeMap<>();
    of.forEach((pnn, record) -> infos.put(pnn, record.info));
    return infos;
  }
}
