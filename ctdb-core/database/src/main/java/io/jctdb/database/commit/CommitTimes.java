package io.jctdb.database.commit;

import java.util.concurrent.TimeUnit;

/**
 * The times of a {@link CommitEngine}.
 *
 * @param repeatNanos how long an unanswered message waits before it is sent again. Far longer than
 *     a round trip and an fsync: what repeats is only what a broken link lost
 * @param refusalPauseNanos how long a refused transaction's answer is kept back: its client sends
 *     it again at once and without limit, which must not become a tight loop
 * @param repairNanos when the copy of a member that could not write is replaced: long enough that a
 *     full disk may have been cleared, short enough that nobody has to think of it
 */
public record CommitTimes(long repeatNanos, long refusalPauseNanos, long repairNanos) {
  public static final CommitTimes DEFAULT =
      new CommitTimes(
          TimeUnit.SECONDS.toNanos(1),
          TimeUnit.MILLISECONDS.toNanos(100),
          TimeUnit.SECONDS.toNanos(10));

  public CommitTimes {
    if (repeatNanos <= 0 || refusalPauseNanos < 0 || repairNanos <= 0) {
      throw new IllegalArgumentException("commit times out of range");
    }
  }
}
