package io.jctdb.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class MembershipTimingTest {
  private static final MembershipTiming TIMING =
      MembershipTiming.of(Duration.ofSeconds(2), MembershipTiming.TICK);

  @Test
  void theLeaseOutlastsTheLossOfZooKeepersLeader() {
    assertThat(MembershipTiming.DEFAULT.lease()).isEqualTo(Duration.ofMillis(5350));
    assertThat(MembershipTiming.DEFAULT.residue(MembershipTiming.SESSION)).isZero();
  }

  @Test
  void aLeaseEndsBeforeItsSessionCanExpire() {
    assertThat(TIMING.lease()).isEqualTo(Duration.ofMillis(1600));
    assertThat(TIMING.residue(TIMING.session())).isZero();
    assertThat(
            TIMING
                .lease()
                .plus(TIMING.heartbeat())
                .plus(TIMING.tick().dividedBy(2))
                .plus(TIMING.drift()))
        .isEqualTo(TIMING.session());
  }

  @Test
  void aLongerLeaseLeavesAResidueThatTheOthersWaitFor() {
    MembershipTiming longer = TIMING.withLease(Duration.ofMillis(2500));
    assertThat(longer.residue(longer.session())).isEqualTo(Duration.ofMillis(900));
  }

  @Test
  void aServerThatGrantsALongerSessionTakesNothingAway() {
    assertThat(TIMING.residue(Duration.ofSeconds(4))).isZero();
    assertThat(TIMING.residue(Duration.ofSeconds(1))).isEqualTo(Duration.ofSeconds(1));
  }

  @Test
  void aLeaseMustBeRenewedMoreThanOnceInItsTime() {
    assertThatThrownBy(() -> TIMING.withLease(Duration.ofMillis(300)))
        .hasMessageContaining("two heartbeats");
  }
}
