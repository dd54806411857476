package io.jctdb.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class ClockGuardTest {
  private static final long MS = 1_000_000;
  private final ClockGuard guard = new ClockGuard(Duration.ofMillis(275));

  @Test
  void anOrdinaryTickIsNoNews() {
    assertThat(guard.step(0, 50 * MS).nothing()).isTrue();
    assertThat(guard.step(25 * MS, 75 * MS).nothing()).isTrue();
    assertThat(guard.step(300 * MS, 350 * MS).nothing()).isTrue();
  }

  @Test
  void aProcessThatWasNotRunIsToldAndCounted() {
    guard.step(0, 0);
    assertThat(guard.step(900 * MS, 900 * MS)).isEqualTo(new ClockGuard.Finding(900 * MS, 0));
    guard.step(925 * MS, 925 * MS);
    assertThat(guard.stalls()).isEqualTo(1);
    assertThat(guard.longestStallNanos()).isEqualTo(900 * MS);
    assertThat(guard.jumps()).isZero();
  }

  @Test
  void aSuspendedMachineShowsInTheDifferenceOfTheClocks() {
    guard.step(0, 0);
    assertThat(guard.step(5_025 * MS, 25 * MS).jumpedNanos()).isEqualTo(5_000 * MS);
    assertThat(guard.step(5_050 * MS, 50 * MS).nothing()).isTrue();
    assertThat(guard.jumps()).isEqualTo(1);
  }
}
