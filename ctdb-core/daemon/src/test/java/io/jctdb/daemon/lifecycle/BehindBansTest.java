package io.jctdb.daemon.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** A node's disk did not take what the others have written. */
class BehindBansTest {
  private final BehindBans bans = new BehindBans();

  private int at(Duration time) {
    return bans.nextSeconds(time.toNanos() - 5);
  }

  @Test
  void onceIsNotHeldAgainstIt() {
    assertThat(at(Duration.ZERO)).isEqualTo(2);
  }

  @Test
  void aDiskThatStaysFullKeepsItOutForAMinuteAtATime() {
    at(Duration.ZERO);
    assertThat(at(Duration.ofSeconds(4))).isEqualTo(60);
    assertThat(at(Duration.ofSeconds(66))).isEqualTo(60);
    assertThat(at(Duration.ofMinutes(11))).isEqualTo(60);
  }

  @Test
  void tenGoodMinutesAndItIsForgotten() {
    at(Duration.ZERO);
    at(Duration.ofSeconds(4));
    assertThat(at(Duration.ofMinutes(11))).isEqualTo(2);
  }
}
