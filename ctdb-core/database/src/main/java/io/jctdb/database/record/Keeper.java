package io.jctdb.database.record;

import io.jctdb.database.Epoch;
import io.jctdb.database.message.KeeperMessage;
import io.jctdb.database.message.RecordMessage;
import io.jctdb.protocol.Key;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What this node knows of the records that others have, so that their answers need not be waited
 * for.
 *
 * <p>Each member has a <em>keeper</em>, the next one in the ring of members; of it this node keeps
 * the fingerprints of all records of which its <em>ward</em>, the member before it, may have a
 * copy: those that the ward had when the epoch began ({@link KeeperMessage.Copies}; none if it
 * joined with the epoch). What came to the ward by a hand-over is not in the set: there the giver's
 * copy names the ward. What an lmaster is about to create for a member it notes in its own sets; of
 * what it creates for itself another one is asked to.
 *
 * <p>A set may hold too much, which costs only waiting; it must never hold too little. All of it
 * ends with the epoch.
 */
final class Keeper {
  private final Member member;

  /** By member. */
  private final Map<Integer, Fingerprints> sets = new HashMap<>();

  /** Databases whose copies here were wiped: what they said of others is gone. */
  private final SortedSet<Integer> wiped = new TreeSet<>();

  /** The highest number of a Forget by its sender. */
  private final Map<Integer, Long> forgotten = new HashMap<>();

  private int ward = KeeperMessage.NOBODY;
  private int parts;
  private boolean complete;

  Keeper(Member member) {
    this.member = member;
  }

  void epochStarted(Epoch epoch) {
    clear();
    if (!epoch.followers().contains(member.self())) {
      ward = Ring.before(epoch.voters(), member.self());
      complete = member.joinedNow(ward) && member.tunables().aside().isOn();
    }
  }

  void clear() {
    sets.clear();
    wiped.clear();
    forgotten.clear();
    ward = KeeperMessage.NOBODY;
    parts = 0;
    complete = false;
  }

  /** Fingerprints held, for statistics. */
  int size() {
    return sets.values().stream().mapToInt(Fingerprints::size).sum();
  }

  boolean isComplete() {
    return complete;
  }

  /**
   * The ward tells what it had when the epoch began (nothing, if it joined with it and this node
   * knew that). A part that is missing is sent again.
   */
  void copies(int from, KeeperMessage.Copies m) {
    if (from != ward || from == member.self()) {
      return;
    }
    if (m.part() == parts + 1) {
      Fingerprints set = set(from);
      for (long fingerprint : m.fingerprints()) {
        set.add(fingerprint);
      }
      parts++;
      complete |= m.last();
    }
    member.send(from, new KeeperMessage.Noted(m.epoch(), parts));
  }

  /** {@code pnn} may get the record, or has it. */
  void note(int pnn, int dbId, Key key) {
    if (pnn != member.self() && member.tunables().aside().isOn()) {
      set(pnn).add(Fingerprints.of(dbId, key));
    }
  }

  private Fingerprints set(int pnn) {
    return sets.computeIfAbsent(pnn, p -> new Fingerprints(true));
  }

  /** Nobody has the record any more. */
  void forget(int from, RecordMessage.Forget m) {
    if (forgotten.getOrDefault(from, 0L) < m.number()) {
      forgotten.put(from, m.number());
      long fingerprint = Fingerprints.of(m.dbId(), m.key());
      sets.values().forEach(set -> set.remove(fingerprint));
    }
  }

  void wiped(int dbId) {
    wiped.add(dbId);
  }

  /** Whether the ward surely has no copy of the record. */
  boolean vouches(int dbId, Key key) {
    Fingerprints set = sets.get(ward);
    return complete
        && !wiped.contains(dbId)
        && (set == null || (!set.overflowed() && !set.contains(Fingerprints.of(dbId, key))));
  }

  /** Who may have a copy of the record, as far as this node was told. */
  SortedSet<Integer> mayHave(int dbId, Key key) {
    SortedSet<Integer> pnns = new TreeSet<>();
    if (!sets.isEmpty()) {
      long fingerprint = Fingerprints.of(dbId, key);
      sets.forEach(
          (pnn, set) -> {
            if (set.overflowed() || set.contains(fingerprint)) {
              pnns.add(pnn);
            }
          });
    }
    if (wiped.contains(dbId)) {
      pnns.add(RecordMessage.ANYBODY);
    }
    return pnns;
  }
}
