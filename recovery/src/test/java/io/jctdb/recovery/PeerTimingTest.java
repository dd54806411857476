package io.jctdb.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class PeerTimingTest {
  private static Duration ms(long millis) {
    return Duration.ofMillis(millis);
  }

  @Test
  void theOthersWaitLongEnoughForAClockThatIsSlow() {
    double wrong = 0.01;
    double longest = PeerTiming.DEFAULT.lease().toMillis() * (1 + wrong) / (1 - wrong);
    assertThat((double) PeerTiming.DEFAULT.lease().plus(PeerTiming.DEFAULT.drift()).toMillis())
        .isGreaterThan(longest);
  }

  @Test
  void timesThatContradictEachOtherAreRefused() {
    assertThatThrownBy(() -> new PeerTiming(ms(300), ms(1000), ms(1500), ms(75), ms(200)))
        .hasMessageContaining("5 pings");
    assertThatThrownBy(() -> new PeerTiming(ms(100), ms(1400), ms(1500), ms(75), ms(200)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new PeerTiming(ms(100), ms(1000), ms(1500), ms(20), ms(200)))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
