package io.jctdb.wanlink;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PacerTest {
  private static final long SECOND = 1_000_000_000L;
  private static final long MILLISECOND = 1_000_000L;

  @Test
  void overAnyLongTimeNoMoreThanAllowedIsSent() {
    Pacer pacer = new Pacer(1_000_000);
    long now = -5 * SECOND; // the clock may begin anywhere
    long begin = now;
    long sent = 0;
    while (sent < 10_000_000) {
      now += pacer.waitNanos(now);
      pacer.spend(30_000, now);
      sent += 30_000;
    }
    assertThat(now - begin).isBetween(9 * SECOND + 900 * MILLISECOND, 10 * SECOND + SECOND / 10);
  }

  @Test
  void afterAQuietTimeALittleGoesAtOnce() {
    Pacer pacer = new Pacer(1_000_000);
    pacer.spend(30_000, 0);
    assertThat(pacer.waitNanos(0)).isEqualTo(10 * MILLISECOND);
    assertThat(pacer.waitNanos(60 * SECOND)).isZero();
    pacer.spend(20_000, 60 * SECOND);
    assertThat(pacer.waitNanos(60 * SECOND)).isZero();
    pacer.spend(1_000, 60 * SECOND);
    assertThat(pacer.waitNanos(60 * SECOND)).isEqualTo(MILLISECOND);
  }

  @Test
  void withoutALimitNothingWaits() {
    Pacer pacer = new Pacer(0);
    pacer.spend(Integer.MAX_VALUE, 0);
    assertThat(pacer.waitNanos(0)).isZero();
  }
}
