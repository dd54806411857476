package io.jctdb.database;

import java.util.ArrayDeque;

/**
 * Messages of an epoch that this node has promised but not yet begun: another member's COMMIT came
 * first. Kept, up to a limit, so that the first requests of an epoch need not be repeated.
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
    boolean awaited = message.epoch() == member.promised() && !member.isOpen();
    if (awaited && kept.size() < member.tunables().earlyMax()) {
      kept.add(new Early(fromPnn, message));
    } else {
      member.counters().dropped++;
    }
  }

  void replay(long epoch, Member.Loopback receiver) {
    for (Early early = kept.poll(); early != null; early = kept.poll()) {
      if (early.message.epoch() == epoch) {
        receiver.receive(early.fromPnn, early.message);
      }
    }
  }

  void clear() {
    kept.clear();
  }
}
