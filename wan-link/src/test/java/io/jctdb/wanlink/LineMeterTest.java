package io.jctdb.wanlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class LineMeterTest {
  private static final long MILLISECOND = 1_000_000L;
  private static final long MINUTE = 60_000 * MILLISECOND;

  private final LineMeter meter = new LineMeter();

  @Test
  void nothingIsKnownAtFirst() {
    assertThat(meter.smoothed()).isNull();
    assertThat(meter.shortest()).isNull();
    assertThat(meter.loss()).isZero();
  }

  @Test
  void oneSlowPingHardlyMovesTheSmoothedRoundTripAndNotTheShortest() {
    for (int i = 0; i < 20; i++) {
      meter.roundTrip(100 * MILLISECOND, i);
    }
    meter.roundTrip(500 * MILLISECOND, 20);
    assertThat(meter.smoothed()).isEqualTo(Duration.ofMillis(150));
    assertThat(meter.shortest()).isEqualTo(Duration.ofMillis(100));
  }

  @Test
  void aLineThatWasMovedShowsItsNewLengthAfterTwoMinutes() {
    meter.roundTrip(10 * MILLISECOND, 0);
    meter.roundTrip(80 * MILLISECOND, MINUTE + 1);
    assertThat(meter.shortest()).isEqualTo(Duration.ofMillis(10));
    meter.roundTrip(81 * MILLISECOND, 2 * MINUTE + 2);
    assertThat(meter.shortest()).isEqualTo(Duration.ofMillis(80));
    meter.roundTrip(82 * MILLISECOND, 9 * MINUTE);
    assertThat(meter.shortest()).isEqualTo(Duration.ofMillis(82));
  }

  @Test
  void lossIsTheShareOfRepeatedSegmentsOfLate() {
    meter.counters(1_000_000, 900_000); // before anybody looked
    meter.counters(1_002_000, 900_040);
    assertThat(meter.loss()).isCloseTo(0.02, within(0.0001));
    meter.counters(1_012_000, 900_040); // a clean while later the past is forgotten
    assertThat(meter.loss()).isLessThan(0.001);
  }

  @Test
  void countersThatWrapAndANewConnectionAreNoLoss() {
    meter.counters(-100, -1);
    meter.counters(900, 9);
    assertThat(meter.loss()).isCloseTo(0.01, within(0.0001));
    meter.newConnection();
    meter.counters(10, 0);
    meter.counters(1010, 0);
    assertThat(meter.loss()).isLessThan(0.01);
  }
}
