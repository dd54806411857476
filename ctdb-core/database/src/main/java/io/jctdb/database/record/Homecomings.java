package io.jctdb.database.record;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Records of the main site that are on a visit at a remote one are fetched home after a while, so
 * that few are there when somebody at the main site wants them, or when the line breaks.
 *
 * <p>Of the main site is what was owned there when the remote member got it. What a remote member
 * has made itself stays with it, unless somebody at the main site takes it.
 *
 * <p>Whether the remote node's clients still use the record cannot be seen: they do so in place. So
 * a record that is wanted there again, before anybody at the main site has wanted it, stays twice
 * as long the next time: what a branch alone uses costs it a round trip after 2, 4, 8 ... seconds,
 * and each minute or so in the long run. As soon as the main site has to wait for it, it is 2
 * seconds again.
 *
 * <p>Only an lmaster's hint: what is forgotten here stays where it is until somebody wants it.
 */
final class Homecomings {
  /** The longest visit, in first ones. */
  private static final int LENGTHS_MAX = 32;

  private static final int REMEMBERED_MAX = 20_000;

  private static final class Visit {
    long lengthNanos;
    long dueNanos;

    /** Is at the remote member now, as far as is known. */
    boolean away;

    /** It is being fetched, for nobody. */
    boolean fetching;

    Visit(long lengthNanos) {
      this.lengthNanos = lengthNanos;
    }
  }

  private final Member member;
  private final Consumer<RecordId> fetch;
  private final Map<RecordId, Visit> visits = new LinkedHashMap<>();
  private boolean armed;

  Homecomings(Member member, Consumer<RecordId> fetch) {
    this.member = member;
    this.fetch = fetch;
  }

  /** A remote member has got what the main site owned. */
  void left(RecordId id) {
    long first = member.tunables().visitNanos();
    Visit before = visits.remove(id);
    if (first == 0) {
      return;
    }
    Visit visit = before == null ? new Visit(first) : before;
    if (before != null) {
      visit.lengthNanos = Math.min(LENGTHS_MAX * first, 2 * visit.lengthNanos);
    }
    visit.away = true;
    visit.fetching = false;
    visit.dueNanos = member.now() + visit.lengthNanos;
    if (visits.size() >= REMEMBERED_MAX) {
      visits.remove(visits.keySet().iterator().next());
    }
    visits.put(id, visit);
    arm();
  }

  /** Somebody at the main site gets it. */
  void wantedAtHome(RecordId id) {
    Visit visit = visits.get(id);
    if (visit != null && visit.fetching) {
      visit.fetching = false;
      visit.away = false;
    } else if (visit != null) {
      visits.remove(id);
    }
  }

  void clear() {
    visits.clear();
  }

  private void arm() {
    if (!armed) {
      armed = true;
      member.after(1 + member.tunables().visitNanos() / 4, this::look);
    }
  }

  private void look() {
    armed = false;
    if (!member.isOpen()) {
      visits.clear();
      return;
    }
    List<RecordId> due = new ArrayList<>();
    boolean more = false;
    long now = member.now();
    for (Map.Entry<RecordId, Visit> entry : visits.entrySet()) {
      Visit visit = entry.getValue();
      if (visit.away && !visit.fetching && visit.dueNanos - now <= 0) {
        visit.fetching = true;
        due.add(entry.getKey());
      }
      more |= visit.away && !visit.fetching;
    }
    due.forEach(fetch);
    if (more) {
      arm();
    }
  }
}
