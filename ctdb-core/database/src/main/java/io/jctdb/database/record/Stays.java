package io.jctdb.database.record;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Records that two sites want: how long one stays at the main site after it has come back over a
 * long line, so that the line is not all that it sees.
 *
 * <p>While a record goes to a remote member and back, nobody at the main site can use it; there,
 * the next in line is served within a millisecond. First come, first served would let the remote
 * member have it nearly always. So the time that a record took to come home, the <em>trip</em>, is
 * what the main site has it for: half a trip in any case, and another half after each request of
 * the main site, but not more than two trips. Then the remote member has its turn. At both sites
 * all clients of a node that wait for the record are served in one visit, and a remote one keeps it
 * for a round trip at least: as long as it takes until it can be asked for it again.
 *
 * <p>The trip is measured each time, so all of this follows the line. Only hints, as all that an
 * lmaster remembers: forgotten ones cost fairness, nothing else.
 */
final class Stays {
  /** A line that is much longer than this is broken. */
  private static final long TRIP_MAX_NANOS = 1_000_000_000L;

  private static final int REMEMBERED_MAX = 10_000;

  private record Stay(long tripNanos, long untilNanos, long endNanos) {}

  private final Member member;
  private final Map<RecordId, Stay> stays = new LinkedHashMap<>();

  Stays(Member member) {
    this.member = member;
  }

  void cameHome(RecordId id, long tripNanos) {
    long trip = Math.min(tripNanos, TRIP_MAX_NANOS);
    long now = member.now();
    stays.remove(id);
    stays.values().removeIf(stay -> stay.endNanos - now <= 0);
    if (stays.size() < REMEMBERED_MAX) {
      stays.put(id, new Stay(trip, now + trip / 2, now + 2 * trip));
    }
  }

  /** Somebody at the main site wants it. */
  void wantedAtHome(RecordId id) {
    stays.computeIfPresent(
        id,
        (same, stay) -> {
          long until = Math.min(stay.endNanos, member.now() + stay.tripNanos / 2);
          return new Stay(stay.tripNanos, Math.max(stay.untilNanos, until), stay.endNanos);
        });
  }

  /** 0 if it may go to a remote member. */
  long remainingNanos(RecordId id) {
    Stay stay = stays.get(id);
    return stay == null ? 0 : Math.max(0, stay.untilNanos - member.now());
  }

  void clear() {
    stays.clear();
  }
}
