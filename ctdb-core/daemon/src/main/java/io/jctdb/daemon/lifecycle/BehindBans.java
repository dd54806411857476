package io.jctdb.daemon.lifecycle;

import java.time.Duration;

/**
 * For how long a node keeps out when it could not write what others have written. The first time
 * just long enough to leave and to join again, which brings its copy up to date: many a cause has
 * gone by then. When that did not help, long enough that a full disk does not cost the others a
 * change of epoch every few seconds. Owner thread.
 */
public final class BehindBans {
  static final Duration FIRST = Duration.ofSeconds(2);
  static final Duration AGAIN = Duration.ofSeconds(60);

  /** After so long without another one it is a first time again. */
  static final Duration FORGOTTEN_AFTER = Duration.ofMinutes(10);

  private boolean any;
  private long lastNanos;

  /** The length of the ban that begins now, in whole seconds. */
  public int nextSeconds(long nowNanos) {
    boolean again = any && nowNanos - lastNanos < FORGOTTEN_AFTER.toNanos();
    any = true;
    lastNanos = nowNanos;
    return (int) (again ? AGAIN : FIRST).toSeconds();
  }
}
