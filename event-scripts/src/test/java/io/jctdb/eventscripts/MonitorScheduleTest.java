package io.jctdb.eventscripts;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.eventscripts.MonitorSchedule.Decision;
import io.jctdb.eventscripts.MonitorSchedule.Input;
import io.jctdb.eventscripts.MonitorSchedule.Limits;
import java.time.Duration;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class MonitorScheduleTest {
  private static final int FAILED = 8;
  private static final int TIMED_OUT = 110;
  private static final int CANCELLED = 125;

  private final MonitorSchedule schedule = new MonitorSchedule();
  private final Limits limits = new Limits(Duration.ofSeconds(15), 3);

  @Test
  void aHealthyNodeIsMonitoredAfter2Then5Then10ThenEvery15Seconds() {
    assertThat(step(new Input.Started())).isEqualTo("arm 2");
    assertThat(fireAndFinish(0)).isEqualTo("healthy, arm 5");
    assertThat(fireAndFinish(0)).isEqualTo("arm 10");
    assertThat(fireAndFinish(0)).isEqualTo("arm 15");
    assertThat(fireAndFinish(0)).isEqualTo("arm 15");
  }

  @Test
  void aFailureMakesItUnhealthyAtOnceAndIsLookedAtSoonAgain() {
    becomeHealthy();

    assertThat(fireAndFinish(FAILED)).isEqualTo("unhealthy, arm 5");
    assertThat(fireAndFinish(FAILED)).isEqualTo("arm 10");
    assertThat(fireAndFinish(0)).isEqualTo("healthy, arm 5");
  }

  @Test
  void aCancelledRunTeachesNothing() {
    becomeHealthy();

    assertThat(fireAndFinish(CANCELLED)).isEqualTo("arm 10");
    assertThat(schedule.healthy()).isTrue();
  }

  @Test
  void onlyTimeoutsInARowMakeItUnhealthy() {
    becomeHealthy();

    assertThat(fireAndFinish(TIMED_OUT)).isEqualTo("arm 10");
    assertThat(fireAndFinish(TIMED_OUT)).isEqualTo("arm 15");
    assertThat(fireAndFinish(0)).isEqualTo("arm 15");
    assertThat(fireAndFinish(TIMED_OUT)).isEqualTo("arm 15");
    assertThat(fireAndFinish(CANCELLED)).isEqualTo("arm 15");
    assertThat(fireAndFinish(TIMED_OUT)).isEqualTo("arm 15");
    assertThat(fireAndFinish(TIMED_OUT)).isEqualTo("unhealthy, arm 5");
  }

  @Test
  void whenItIsNotTheTimeForItTheTimerIsArmedWithTheSameInterval() {
    becomeHealthy();

    assertThat(step(new Input.TimerFired(false))).isEqualTo("arm 5");
    assertThat(step(new Input.TimerFired(false))).isEqualTo("arm 5");
    assertThat(step(new Input.TimerFired(true))).isEqualTo("run");
  }

  @Test
  void aFailedLaunchIsTriedAgainAfterFiveSeconds() {
    becomeHealthy();
    assertThat(step(new Input.LaunchFailed())).isEqualTo("arm 5");
  }

  @Test
  void anIntervalOfZeroIsStillAPause() {
    Limits zero = new Limits(Duration.ZERO, 3);
    assertThat(schedule.step(new Input.Finished(0), zero))
        .contains(new Decision.ArmTimer(Duration.ofSeconds(1)));
  }

  private void becomeHealthy() {
    step(new Input.Started());
    fireAndFinish(0);
  }

  private String fireAndFinish(int errno) {
    assertThat(step(new Input.TimerFired(true))).isEqualTo("run");
    return step(new Input.Finished(errno));
  }

  private String step(Input input) {
    return schedule.step(input, limits).stream()
        .map(
            decision ->
                switch (decision) {
                  case Decision.RunMonitor() -> "run";
                  case Decision.ArmTimer(Duration delay) -> "arm " + delay.toSeconds();
                  case Decision.HealthChanged(boolean healthy) -> healthy ? "healthy" : "unhealthy";
                })
        .collect(Collectors.joining(", "));
  }
}
