package io.jctdb.database.record;

import io.jctdb.database.message.RecordMessage;
import java.util.ArrayDeque;

/**
 * Messages of an epoch that has not begun here yet: another member's COMMIT came first, or (at a
 * remote site, for which nobody waits) its PREPARE, too. Kept, up to a limit, so that the first
 * requests of an epoch need not be repeated.
 */
final class EarlyMessages {
  private record Early(int fromPnn, RecordMessage message) {}

  private final Member member;
  private final ArrayDeque<Early> kept = new ArrayDeque<>();

  EarlyMessages(Member member) {
    this.member = member;
  }

  /** Keeps or drops a message that is not of the present epoch. */
  void offer(int fromPnn, RecordMessage message) {
    boolean awaited =
        message.epoch() > member.promised()
            || (message.epoch() == member.promised() && !member.isOpen());
    if (awaited && kept.size() < member.tunables().limits().early()) {
      kept.add(new Early(fromPnn, message));
    } else {
      member.counters().dropped++;
    }
  }

  void replay(long epoch, Member.Loopback receiver) {
    for (int left = kept.size(); left > 0; left--) {
      Early early = kept.remove();
      if (early.message.epoch() > epoch) {
        kept.add(early);
      } else if (early.message.epoch() == epoch) {
        receiver.receive(early.fromPnn, early.message);
      }
    }
  }

  /** Nobody will begin an epoch before {@code next} any more. */
  void dropBefore(long next) {
    kept.removeIf(early -> early.message.epoch() < next);
  }

  void clear() {
    kept.clear();
  }
}
