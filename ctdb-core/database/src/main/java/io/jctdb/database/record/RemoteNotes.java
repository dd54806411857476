package io.jctdb.database.record;

import io.jctdb.database.Epoch;
import io.jctdb.database.message.KeeperMessage;
import io.jctdb.database.message.RecordMessage;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What this node, a member of the main site, knows of the records that members at remote sites may
 * have, so that they are asked only for those.
 *
 * <p>The rule: a record goes to a remote member only after <em>every</em> member of the main site
 * has noted that it may ({@link RecordMessage.Note}). So whoever has been a member since before the
 * remote one joined, with empty databases, has noted all that it may have: its notes are
 * <em>complete</em>, whoever of the main site died since. Who came later fetches what it lacks from
 * one whose notes are, or, if all of the main site was lost while the remote member went on, from
 * that one: what it has had in this epoch and what is noted in it are all. A note is struck out
 * when no copy of the record is left anywhere.
 *
 * <p>Notes may say too much, which costs only a question over a long line; complete ones never say
 * too little. Unlike what {@link Keeper} knows, they outlive the epoch, as the remote members'
 * copies do.
 *
 * <p>The alternative, two members that know instead of all, would save 16 bytes a record on the
 * others, and need a search for who knows, after each death.
 */
final class RemoteNotes {
  /** Of one remote member. */
  private static final class Page {
    final Fingerprints records = new Fingerprints();
    boolean complete;

    /** While it is fetched: from whom, how many parts have come, and how many a while ago. */
    int source = KeeperMessage.NOBODY;

    int round;
    int parts;
    int partsBefore;
  }

  /** What another member of the main site is being told, as it was when it asked first. */
  private record Reading(int round, long[] fingerprints) {}

  private record Reader(int pnn, int remote) {}

  private final Member member;
  private final CopyIndex copies;
  private final SortedMap<Integer, Page> pages = new TreeMap<>();
  private final Map<Reader, Reading> readings = new HashMap<>();

  /** The highest number of a Forget by its sender. */
  private final Map<Integer, Long> forgotten = new HashMap<>();

  /** The epoch that began here last. */
  private @Nullable Epoch present;

  /** The first epoch that began here since this node became a member. */
  private long since = Epoch.NONE;

  private int rounds;

  RemoteNotes(Member member, CopyIndex copies) {
    this.member = member;
    this.copies = copies;
  }

  // ---- epochs ----

  void epochStarted(Epoch epoch) {
    Epoch last = present;
    present = epoch;
    since = last == null ? epoch.number() : since;
    readings.clear();
    forgotten.clear();
    if (!epoch.voters().contains(member.self())) {
      pages.clear();
      return;
    }
    pages.keySet().retainAll(epoch.followers());
    for (int remote : epoch.followers()) {
      Page page = pages.computeIfAbsent(remote, r -> new Page());
      if (last != null && !last.hasMember(remote)) {
        // It has joined since, empty, and nothing goes to it without this node.
        page.complete = true;
      }
      page.parts = 0;
      page.partsBefore = 0;
    }
    fetch(epoch.number(), 0);
  }

  void clear() {
    pages.clear();
    readings.clear();
    forgotten.clear();
    present = null;
    since = Epoch.NONE;
  }

  // ---- what is asked ----

  /** Whether nobody need ask that remote member for the record: it surely has no copy. */
  boolean excludes(int remote, RecordId id) {
    Page page = pages.get(remote);
    return page != null
        && page.complete
        && !page.records.overflowed()
        && !page.records.contains(Fingerprints.of(id.dbId(), id.key()));
  }

  /** Notes held, for statistics. */
  int size() {
    return pages.values().stream().mapToInt(page -> page.records.size()).sum();
  }

  /** Of all remote members. */
  boolean isComplete() {
    return pages.values().stream().allMatch(page -> page.complete);
  }

  // ---- what happens ----

  void note(int lmaster, RecordMessage.Note m) {
    forgotten.merge(lmaster, m.forgets(), Math::max);
    Page page = pages.get(m.requester());
    if (page != null) {
      page.records.add(Fingerprints.of(m.dbId(), m.key()));
      member.send(lmaster, new RecordMessage.NoteTaken(m.epoch(), m.dbId(), m.key(), m.move()));
    }
  }

  /** No copy of the record is left anywhere. */
  void forget(int lmaster, RecordMessage.Forget m) {
    if (forgotten.getOrDefault(lmaster, 0L) < m.number()) {
      forgotten.put(lmaster, m.number());
      long fingerprint = Fingerprints.of(m.dbId(), m.key());
      pages.values().forEach(page -> page.records.remove(fingerprint));
    }
  }

  /** A tool has put the same copies on all members. */
  void refilled(Collection<RecordId> ids) {
    for (RecordId id : ids) {
      long fingerprint = Fingerprints.of(id.dbId(), id.key());
      pages.values().forEach(page -> page.records.add(fingerprint));
    }
  }

  // ---- a newcomer learns what the others have noted ----

  /** Asks for what is not complete and has made no progress. */
  private void fetch(long epoch, int attempts) {
    if (!member.isOpen(epoch) || isComplete()) {
      return;
    }
    rounds++;
    pages.forEach(
        (remote, page) -> {
          if (!page.complete && page.parts == page.partsBefore) {
            page.source = KeeperMessage.NOBODY;
            page.round = rounds;
            page.parts = 0;
            ask(epoch, remote, attempts);
          }
          page.partsBefore = page.parts;
        });
    member.after(member.tunables().retryAfter(attempts), () -> fetch(epoch, attempts + 1));
  }

  /**
   * The other members of the main site; the remote one only since when it has been one, because all
   * that it has would be long on a narrow line. When nobody else knows, all of it: the first voter
   * asks first and can then tell the others.
   */
  private void ask(long epoch, int remote, int attempts) {
    SortedSet<Integer> voters = member.inEpoch().voters();
    KeeperMessage ask = new KeeperMessage.AskNotes(epoch, remote, rounds, 1);
    voters.stream().filter(pnn -> pnn != member.self()).forEach(pnn -> member.send(pnn, ask));
    member.send(remote, new KeeperMessage.AskNotes(epoch, remote, rounds, 0));
    if (attempts > voters.headSet(member.self()).size()) {
      member.send(remote, ask);
    }
  }

  void asked(int from, KeeperMessage.AskNotes m) {
    boolean ofMyself = m.remote() == member.self();
    if (ofMyself && m.part() == 0) {
      member.send(from, new KeeperMessage.Since(m.epoch(), since));
      return;
    }
    Reader reader = new Reader(from, m.remote());
    if (m.part() == 1) {
      long[] all = ofMyself ? copies.all(member.volatileIds()) : noted(m.remote());
      if (all == null) {
        return;
      }
      readings.put(reader, new Reading(m.round(), all));
    }
    Reading reading = readings.get(reader);
    if (reading == null || reading.round() != m.round() || m.part() < 1) {
      return;
    }
    long[] all = reading.fingerprints();
    int begin = (int) Math.min(all.length, (m.part() - 1L) * KeeperMessage.COPIES_MAX);
    int end = Math.min(all.length, begin + KeeperMessage.COPIES_MAX);
    boolean last = end == all.length;
    if (last) {
      readings.remove(reader);
    }
    long[] part = Arrays.copyOfRange(all, begin, end);
    member.send(
        from, new KeeperMessage.Notes(m.epoch(), m.remote(), m.round(), m.part(), last, part));
  }

  /** All that the remote member may have, or null if that is not known here. */
  private long @Nullable [] noted(int remote) {
    Page page = pages.get(remote);
    return page == null || !page.complete || page.records.overflowed()
        ? null
        : page.records.toArray();
  }

  void told(int from, KeeperMessage.Notes m) {
    Page page = pages.get(m.remote());
    boolean mine =
        page != null
            && !page.complete
            && m.round() == page.round
            && m.part() == page.parts + 1
            && (page.source == from || page.source == KeeperMessage.NOBODY);
    if (page == null || !mine) {
      return;
    }
    page.source = from;
    page.parts = m.part();
    for (long fingerprint : m.fingerprints()) {
      page.records.add(fingerprint);
    }
    if (m.last()) {
      page.complete = true;
    } else {
      member.send(from, new KeeperMessage.AskNotes(m.epoch(), m.remote(), m.round(), m.part() + 1));
    }
  }

  /** The remote member has been one since that epoch, and had nothing before. */
  void since(int from, KeeperMessage.Since m) {
    Page page = pages.get(from);
    if (page != null && m.number() >= since && m.number() <= m.epoch()) {
      page.complete = true;
    }
  }
}
