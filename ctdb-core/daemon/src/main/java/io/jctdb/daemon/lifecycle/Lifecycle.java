package io.jctdb.daemon.lifecycle;

import io.jctdb.daemon.cluster.NodeLife;
import io.jctdb.database.message.NodePort;
import io.jctdb.eventscripts.Notifier;
import io.jctdb.protocol.RunState;
import io.jctdb.recovery.ClusterMembership;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * From the first event script to RUNNING, and to the end (cluster-and-failover.md 1.6, 1.7). Owner
 * thread only; {@code init} has run before.
 *
 * <pre>
 * SETUP ──setup──▶ FIRST_RECOVERY ──first epoch, databases equal──▶ STARTUP ──startup──▶ RUNNING
 * </pre>
 *
 * ctdbd waits 13 s after the first recovery before {@code startup}; there is nothing to wait for
 * here, because an epoch is over when it is over.
 */
public final class Lifecycle {
  private static final Logger log = LoggerFactory.getLogger(Lifecycle.class);
  private static final long STARTUP_RETRY = TimeUnit.SECONDS.toNanos(5);

  private final NodePort port;
  private final NodeLife life;
  private final ClusterMembership membership;
  private final ClusterMember member;
  private final Events events;
  private final Runnable running;
  private final Consumer<String> fatal;
  private boolean servicesLost;
  private boolean shuttingDown;

  /**
   * @param running told once, when the node runs: monitoring may begin
   * @param fatal ends the daemon with this message and a failing exit status
   */
  public Lifecycle(
      NodePort port,
      NodeLife life,
      ClusterMembership membership,
      ClusterMember member,
      Events events,
      Runnable running,
      Consumer<String> fatal) {
    this.port = port;
    this.life = life;
    this.membership = membership;
    this.member = member;
    this.events = events;
    this.running = running;
    this.fatal = fatal;
  }

  /** Runs {@code setup} and then offers this node to the cluster. */
  public void setup() {
    enter(RunState.SETUP);
    events.run(
        "setup",
        List.of(),
        result -> {
          if (result != 0) {
            fatal.accept(
                "event setup failed (" + result + "): see the log lines of its scripts above");
            return;
          }
          events.notify(Notifier.Notification.SETUP);
          enter(RunState.FIRST_RECOVERY);
          member.offer();
        });
  }

  /**
   * The clients of this node were cut off, and Samba's programs have ended by that. As soon as the
   * node is a member again, {@code startup} starts the services anew.
   */
  public void servicesLost() {
    servicesLost = true;
  }

  /** An epoch change has begun. Its events never hold it up. */
  public void recoveryStarted() {
    life.recoveryStarted();
  }

  /**
   * The databases are usable in the present epoch.
   *
   * @param isNews whether scripts are to hear of it
   */
  public void recoveryFinished(boolean isNews) {
    life.recoveryFinished();
    if (isNews) {
      events.run("startrecovery", List.of(), result -> recovered());
    }
  }

  private void recovered() {
    events.run(
        "recovered",
        List.of(),
        result -> {
          if (life.runState() == RunState.FIRST_RECOVERY) {
            enter(RunState.STARTUP);
            startup();
          } else if (servicesLost && life.runState() == RunState.RUNNING) {
            restartServices();
          }
        });
  }

  private void restartServices() {
    if (!servicesLost || life.runState() != RunState.RUNNING) {
      return;
    }
    log.warn("starting the services again, which ended when this node was cut off");
    events.run(
        "startup",
        List.of(),
        result -> {
          if (result == 0) {
            servicesLost = false;
          } else {
            port.after(STARTUP_RETRY, this::restartServices);
          }
        });
  }

  /** Retried for as long as it takes; the node stays unhealthy meanwhile. */
  private void startup() {
    if (life.runState() != RunState.STARTUP) {
      return;
    }
    events.run(
        "startup",
        List.of(),
        result -> {
          if (life.runState() != RunState.STARTUP) {
            return;
          }
          if (result == 0) {
            enter(RunState.RUNNING);
            events.notify(Notifier.Notification.STARTUP);
            running.run();
          } else {
            log.error("event startup failed ({}); trying again in 5 s", result);
            port.after(STARTUP_RETRY, this::startup);
          }
        });
  }

  /**
   * Moves the public addresses away, runs {@code shutdown}, says goodbye to the cluster, then
   * {@code done}. Asked for again while it is under way, it does nothing.
   */
  public void shutdown(Runnable done) {
    if (shuttingDown) {
      return;
    }
    shuttingDown = true;
    log.warn("shutting down");
    member.releaseAddresses(() -> endServices(done));
  }

  private void endServices(Runnable done) {
    enter(RunState.SHUTDOWN);
    events.run(
        "shutdown",
        List.of(),
        result -> member.withdraw(() -> {}, () -> membership.leave().thenRun(done)));
  }

  private void enter(RunState state) {
    life.enter(state);
    membership.setRunState(state);
    log.info("run state {}", state);
  }
}
