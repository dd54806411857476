package io.jctdb.daemon.lifecycle;

import io.jctdb.daemon.cluster.ClusterView;
import io.jctdb.daemon.cluster.NodeLife;
import io.jctdb.daemon.config.Tunable;
import io.jctdb.daemon.config.Tunables;
import io.jctdb.database.message.NodePort;
import io.jctdb.eventscripts.MonitorSchedule;
import io.jctdb.eventscripts.MonitorSchedule.Decision;
import io.jctdb.eventscripts.MonitorSchedule.Input;
import io.jctdb.eventscripts.Notifier;
import io.jctdb.protocol.RunState;
import io.jctdb.recovery.ClusterMembership;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs the monitor event at its times and publishes what it says of this node. Owner thread. */
public final class HealthMonitor {
  private static final Logger log = LoggerFactory.getLogger(HealthMonitor.class);

  private final NodePort port;
  private final Events events;
  private final NodeLife life;
  private final ClusterView cluster;
  private final ClusterMembership membership;
  private final Tunables tunables;
  private final MonitorSchedule schedule = new MonitorSchedule();

  public HealthMonitor(
      NodePort port,
      Events events,
      NodeLife life,
      ClusterView cluster,
      ClusterMembership membership,
      Tunables tunables) {
    this.port = port;
    this.events = events;
    this.life = life;
    this.cluster = cluster;
    this.membership = membership;
    this.tunables = tunables;
  }

  /** The startup event has succeeded. */
  public void start() {
    step(new Input.Started());
  }

  private void step(Input input) {
    MonitorSchedule.Limits limits =
        new MonitorSchedule.Limits(
            tunables.duration(Tunable.MONITOR_INTERVAL),
            tunables.get(Tunable.MONITOR_TIMEOUT_COUNT));
    for (Decision decision : schedule.step(input, limits)) {
      switch (decision) {
        case Decision.RunMonitor run ->
            events.run("monitor", List.of(), errno -> step(new Input.Finished(errno)));
        case Decision.ArmTimer timer -> port.after(timer.delay().toNanos(), this::timerFired);
        case Decision.HealthChanged change -> healthChanged(change.healthy());
      }
    }
  }

  private void timerFired() {
    if (life.runState() != RunState.SHUTDOWN) {
      step(
          new Input.TimerFired(
              life.runState() == RunState.RUNNING
                  && !life.isRecovering()
                  && !cluster.isInactive()));
    }
  }

  private void healthChanged(boolean healthy) {
    if (healthy) {
      log.warn("monitor event OK: this node is healthy");
    } else {
      log.error("monitor event failed: this node is UNHEALTHY; see ctdb scriptstatus");
    }
    membership.setUnhealthy(!healthy);
    events.notify(healthy ? Notifier.Notification.HEALTHY : Notifier.Notification.UNHEALTHY);
  }
}
