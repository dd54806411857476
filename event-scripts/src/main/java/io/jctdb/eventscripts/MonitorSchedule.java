package io.jctdb.eventscripts;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * When the {@code monitor} event runs, and what its outcome means for the node's health
 * (events-and-config 1.11). Pure: no clock, no thread; whoever holds it arms the one timer that it
 * asks for.
 *
 * <pre>
 *  startup ok ──2 s──▶ run ──done──▶ 4 s, 8 s, … MonitorInterval
 *                       │ health changed ──▶ 5 s, 10 s, … MonitorInterval
 *  not the time for it (recovery, inactive, frozen): same interval again
 * </pre>
 */
public final class MonitorSchedule {
  private static final Duration FIRST = Duration.ofSeconds(2);
  private static final Duration AFTER_CHANGE = Duration.ofSeconds(5);
  private static final Duration AFTER_FAILED_LAUNCH = Duration.ofSeconds(5);

  /**
   * The tunables that matter, as they are at the time of a step.
   *
   * @param intervalMax MonitorInterval
   * @param timeoutsMax MonitorTimeoutCount: so many time-outs in a row make the node unhealthy
   */
  public record Limits(Duration intervalMax, long timeoutsMax) {}

  /** What happens to the schedule. */
  public sealed interface Input {
    /** The {@code startup} event succeeded. */
    record Started() implements Input {}

    /**
     * The timer fired.
     *
     * @param monitoringAllowed recovery mode normal, node active, run state RUNNING, databases not
     *     frozen
     */
    record TimerFired(boolean monitoringAllowed) implements Input {}

    /** The event ended; {@link EventResult#errno()}. */
    record Finished(int errno) implements Input {}

    /** The event could not be asked for. */
    record LaunchFailed() implements Input {}
  }

  /** What to do. */
  public sealed interface Decision {
    /** Run the monitor event now. */
    record RunMonitor() implements Decision {}

    /** Arm the timer; it fires once. */
    record ArmTimer(Duration delay) implements Decision {}

    /** Set or clear the flag UNHEALTHY, notify, and ask for a takeover run. */
    record HealthChanged(boolean healthy) implements Decision {}
  }

  private Duration interval = FIRST;
  private boolean healthy;
  private long timeoutsInARow;

  /** Whether the node is healthy; it is not until its first successful monitor event. */
  public boolean healthy() {
    return healthy;
  }

  /** The health became known in another way, such as by a control. */
  public void setHealthy(boolean healthy) {
    this.healthy = healthy;
  }

  /** One step. */
  public List<Decision> step(Input input, Limits limits) {
    return switch (input) {
      case Input.Started() -> {
        interval = FIRST;
        timeoutsInARow = 0;
        yield List.of(new Decision.ArmTimer(interval));
      }
      case Input.TimerFired(boolean allowed) ->
          List.of(allowed ? new Decision.RunMonitor() : new Decision.ArmTimer(interval));
      case Input.LaunchFailed() -> List.of(new Decision.ArmTimer(AFTER_FAILED_LAUNCH));
      case Input.Finished(int errno) -> finished(errno, limits);
    };
  }

  private List<Decision> finished(int errno, Limits limits) {
    boolean before = healthy;
    switch (errno) {
      case EventErrno.ECANCELED -> {
        // Another event took its place; nothing was learned.
      }
      case EventErrno.ETIMEDOUT -> {
        timeoutsInARow++;
        if (timeoutsInARow >= limits.timeoutsMax()) {
          healthy = false;
        }
      }
      default -> {
        timeoutsInARow = 0;
        healthy = errno == 0;
      }
    }
    List<Decision> decisions = new ArrayList<>();
    if (healthy == before) {
      interval = atMost(interval.multipliedBy(2), limits.intervalMax());
    } else {
      interval = atMost(AFTER_CHANGE, limits.intervalMax());
      decisions.add(new Decision.HealthChanged(healthy));
    }
    decisions.add(new Decision.ArmTimer(interval));
    return decisions;
  }

  /** An interval of 0 would mean monitoring without a pause. */
  private static Duration atMost(Duration wanted, Duration max) {
    Duration least = max.isPositive() ? max : Duration.ofSeconds(1);
    return wanted.compareTo(least) < 0 ? wanted : least;
  }
}
