package io.jctdb.wanlink;

import org.slf4j.Logger;

/** Log lines that a stranger can provoke: at most one a second, the rest is counted. */
final class Complaints {
  private static final long INTERVAL_NANOS = 1_000_000_000L;

  private final Logger log;
  private long lastNanos = System.nanoTime() - INTERVAL_NANOS;
  private long swallowed;

  Complaints(Logger log) {
    this.log = log;
  }

  void about(String what) {
    long now = System.nanoTime();
    if (now - lastNanos < INTERVAL_NANOS) {
      swallowed++;
      return;
    }
    log.warn("{}{}", what, swallowed == 0 ? "" : " (and " + swallowed + " similar lines left out)");
    lastNanos = now;
    swallowed = 0;
  }
}
