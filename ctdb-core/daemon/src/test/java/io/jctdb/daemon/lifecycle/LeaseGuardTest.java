package io.jctdb.daemon.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** A machine without a clock: it is killed when its deadline is past, as the kernel would do. */
class LeaseGuardTest {
  private static final long MS = 1_000_000;
  private static final long NEVER = Long.MAX_VALUE;

  private long now = 1_000 * MS;
  private long deadline = NEVER;

  private final LeaseGuard guard =
      new LeaseGuard(
          new LeaseGuard.Timer() {
            @Override
            public void setDeadline(long deadlineNanos) {
              deadline = deadlineNanos;
            }

            @Override
            public void disarm() {
              deadline = NEVER;
            }
          },
          Duration.ofMillis(75),
          () -> now);

  private boolean killedAfter(long millis) {
    now += millis * MS;
    return now >= deadline;
  }

  @Test
  void beforeItMayActNothingThreatensTheDaemon() {
    assertThat(killedAfter(60_000)).isFalse();
    guard.renewed(now + 1_600 * MS);
    assertThat(killedAfter(60_000)).isFalse();
  }

  @Test
  void aMemberThatStopsRenewingDiesAMarginAfterItsLease() {
    guard.renewed(now + 1_600 * MS);
    guard.begin();
    assertThat(killedAfter(1_000)).isFalse();
    guard.renewed(now + 1_600 * MS);
    assertThat(killedAfter(1_674)).isFalse();
    assertThat(killedAfter(1)).isTrue();
  }

  @Test
  void oneThatFencesItselfInTimeLives() {
    guard.renewed(now + 1_600 * MS);
    guard.begin();
    assertThat(killedAfter(1_640)).isFalse();
    guard.end();
    assertThat(killedAfter(60_000)).isFalse();
  }

  @Test
  void renewalsOfANodeThatHasLetGoArmNothing() {
    guard.renewed(now + 1_600 * MS);
    guard.begin();
    guard.end();
    guard.renewed(now + 1_600 * MS);
    assertThat(killedAfter(60_000)).isFalse();
  }

  @Test
  void theLeaseOfAnEarlierLifeDoesNotKillTheNext() {
    guard.renewed(now + 1_600 * MS);
    guard.begin();
    guard.end();
    now += 10_000 * MS;
    guard.begin();
    assertThat(killedAfter(0)).isFalse();
    guard.renewed(now + 1_600 * MS);
    assertThat(killedAfter(1_675)).isTrue();
  }
}
