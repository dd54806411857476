package io.jctdb.database.record;

import io.jctdb.database.message.CopyNumbers;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Lets the locks of transactions come to a remote member only behind the commits before them.
 *
 * <p>A remote member's copies of persistent databases follow at a distance: what has been committed
 * comes from the sequencer, while the record of the lock comes from whoever had it. Whoever gets
 * the lock must find in his copy what the one before him has committed, or makes a transaction from
 * an old content, which is refused. So the giver says with such a record how far its own copies
 * are, and the lmaster how far its are (the giver may have died, or be remote itself), and the
 * remote member takes the record when its copies have come so far. That has been sent before and
 * normally is there; no question is asked, and members of the main site neither wait nor say
 * anything.
 *
 * <p>Nobody waits for ever: a copy that has not come so far in {@code maxNanos} cannot be had (the
 * disk is full, the database was wiped meanwhile). Then the lock is taken as it is; at worst the
 * transaction under it is refused.
 */
final class BehindCommits {
  private record Waiting(CopyNumbers needed, long untilNanos, Runnable task) {}

  private final Member member;
  private final List<Waiting> waiting = new ArrayList<>();
  private @Nullable CommittedCopies copies;
  private int lockDatabase;
  private long maxNanos;

  BehindCommits(Member member) {
    this.member = member;
  }

  void begin(int lockDatabase, CommittedCopies copies, long maxNanos) {
    this.lockDatabase = lockDatabase;
    this.copies = copies;
    this.maxNanos = maxNanos;
    copies.onProgress(() -> member.turn(this::look));
  }

  /** What goes with a record to its requester. Only while in an epoch. */
  CopyNumbers numbersFor(int dbId, int requester) {
    CommittedCopies known = copies;
    return known != null && dbId == lockDatabase && member.inEpoch().isRemote(requester)
        ? known.numbers()
        : CopyNumbers.NONE;
  }

  /** Runs {@code task} now, or in a later turn: it has to look again whether it still holds. */
  void run(CopyNumbers needed, Runnable task) {
    CommittedCopies known = copies;
    if (known == null || known.have(needed)) {
      task.run();
      return;
    }
    member.counters().behind++;
    waiting.add(new Waiting(needed, member.now() + maxNanos, task));
    member.after(maxNanos, this::look);
  }

  private void look() {
    CommittedCopies known = copies;
    for (Waiting one : List.copyOf(waiting)) {
      if (known == null || known.have(one.needed) || member.now() - one.untilNanos >= 0) {
        waiting.remove(one);
        one.task.run();
      }
    }
  }
}
