package io.jctdb.iptakeover;

import java.time.Duration;

/** Time, as the state machines of this package see it. Port; owner thread. */
public interface Scheduler {
  /** A monotonic clock with an arbitrary origin. */
  long nowNanos();

  /** What the clock on the wall says, for people to read. */
  default long epochMillis() {
    return System.currentTimeMillis();
  }

  /** Runs the task once on the owner thread, no earlier than {@code delay} from now. */
  Timer after(Duration delay, Runnable task);

  /** A pending task. */
  interface Timer {
    /** The task will not run, unless it already has. */
    void cancel();
  }
}
