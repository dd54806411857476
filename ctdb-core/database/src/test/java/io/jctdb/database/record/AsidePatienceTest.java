package io.jctdb.database.record;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Hosts that stand still now and then, and hosts that do it all the time. */
class AsidePatienceTest {
  private static final long MILLIS = 1_000_000L;
  private static final long SHORT = AsideTimes.DEFAULT.silenceNanos() / MILLIS;
  private static final long LONGEST = AsideTimes.DEFAULT.silenceMaxNanos() / MILLIS;
  private static final long CALM = AsideTimes.DEFAULT.calmNanos() / MILLIS;

  private final AsidePatience patience = new AsidePatience(AsideTimes.DEFAULT);
  private long now = 5_000;

  /**
   * Found by the failure benchmark: one pause when the load began doubled what all other failures
   * of the next ten minutes cost.
   */
  @Test
  void oneFalseAlarmIsForgiven() {
    falseAlarm();
    assertThat(silence()).isEqualTo(SHORT);
    now += CALM;
    falseAlarm();
    assertThat(silence()).isEqualTo(SHORT);
  }

  @Test
  void moreOfThemSoonAfterEachOtherGiveMoreTime() {
    falseAlarm();
    now += CALM / 2;
    falseAlarm();
    assertThat(silence()).isEqualTo(2 * SHORT);
    now += CALM / 2;
    falseAlarm();
    assertThat(silence()).isEqualTo(4 * SHORT);
    for (int i = 0; i < 10; i++) {
      falseAlarm();
    }
    assertThat(silence()).isEqualTo(LONGEST);
  }

  @Test
  void itIsTakenBackStepByStep() {
    for (int i = 0; i < 3; i++) {
      falseAlarm();
    }
    assertThat(silence()).isEqualTo(4 * SHORT);
    now += CALM;
    assertThat(silence()).isEqualTo(2 * SHORT);
    now += CALM - 1;
    assertThat(silence()).isEqualTo(2 * SHORT);
    now += 1;
    assertThat(silence()).isEqualTo(SHORT);
    now += 10 * CALM;
    assertThat(silence()).isEqualTo(SHORT);
    falseAlarm();
    assertThat(silence()).isEqualTo(SHORT);
  }

  private void falseAlarm() {
    patience.falseAlarm(now * MILLIS);
  }

  private long silence() {
    return patience.silenceNanos(now * MILLIS) / MILLIS;
  }
}
