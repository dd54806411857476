package io.jctdb.recovery;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A state that may last, as the log tells of it: when it begins, when it becomes another, and then
 * once in ten minutes, however often it is found. Not thread safe.
 */
final class LastingState {
  private static final long AGAIN_NANOS = Duration.ofMinutes(10).toNanos();

  private @Nullable String told;
  private long toldAtNanos;

  /**
   * It was found to be this.
   *
   * @param now nanoseconds of any origin, always the same
   * @return whether that is to be told
   */
  boolean isNews(String what, long now) {
    if (what.equals(told) && now - toldAtNanos < AGAIN_NANOS) {
      return false;
    }
    told = what;
    toldAtNanos = now;
    return true;
  }

  /** When it is found again, it has begun anew. */
  void isOver() {
    told = null;
  }
}
