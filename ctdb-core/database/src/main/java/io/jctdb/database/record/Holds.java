package io.jctdb.database.record;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Records that stay here for a moment, because local clients that waited for them have just been
 * answered and must have a chance to take the chain lock before the record is handed on.
 *
 * <p>All holds have the same length, so they end in the order in which they began.
 */
final class Holds {
  private final Member member;
  private final Map<RecordId, Long> untilNanos = new LinkedHashMap<>();

  Holds(Member member) {
    this.member = member;
  }

  /** Starts the hold, or starts it again. */
  void begin(RecordId id) {
    long now = member.now();
    dropEnded(now);
    long hold = member.tunables().holdNanos();
    if (hold > 0) {
      untilNanos.remove(id);
      untilNanos.put(id, now + hold);
    }
  }

  /** How long the record still has to stay, 0 if it may go. */
  long remainingNanos(RecordId id) {
    Long until = untilNanos.get(id);
    return until == null ? 0 : Math.max(0, until - member.now());
  }

  private void dropEnded(long now) {
    Iterator<Long> eldest = untilNanos.values().iterator();
    while (eldest.hasNext() && eldest.next() - now <= 0) {
      eldest.remove();
    }
  }
}
