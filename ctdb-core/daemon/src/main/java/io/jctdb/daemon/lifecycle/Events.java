package io.jctdb.daemon.lifecycle;

import io.jctdb.daemon.cluster.ClusterView;
import io.jctdb.daemon.cluster.NodeLife;
import io.jctdb.eventscripts.EventRunner;
import io.jctdb.eventscripts.Notifier;
import io.jctdb.protocol.RunState;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.IntConsumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Events on behalf of the owner thread: asked for there, run elsewhere, their results brought back.
 * Knows which events may run when (cluster-and-failover.md 1.8).
 */
public final class Events {
  private static final Logger log = LoggerFactory.getLogger(Events.class);
  private static final Set<String> DURING_RECOVERY =
      Set.of(
          "init",
          "setup",
          "startrecovery",
          "recovered",
          "shutdown",
          "releaseip",
          "ipreallocated",
          "startipreallocate");
  private static final int REFUSED = -1;

  private final EventRunner runner;
  private final Notifier notifier;
  private final Executor owner;
  private final LongSupplier timeoutSeconds;
  private final ClusterView cluster;
  private final NodeLife life;

  /**
   * @param timeoutSeconds tunable EventScriptTimeout, read for each event
   */
  public Events(
      EventRunner runner,
      Notifier notifier,
      Executor owner,
      LongSupplier timeoutSeconds,
      ClusterView cluster,
      NodeLife life) {
    this.runner = runner;
    this.notifier = notifier;
    this.owner = owner;
    this.timeoutSeconds = timeoutSeconds;
    this.cluster = cluster;
    this.life = life;
  }

  /**
   * Runs one event. The result comes on the owner thread, never within this call: 0, an errno, or
   * −1 if the event may not run now.
   */
  public void run(String event, List<String> arguments, IntConsumer result) {
    if (!mayRun(event)) {
      log.debug("event {} may not run now", event);
      owner.execute(() -> result.accept(REFUSED));
      return;
    }
    runner.run(
        EventRunner.LEGACY,
        event,
        arguments,
        timeoutSeconds.getAsLong(),
        outcome -> {
          if (!outcome.success() && !outcome.cancelled()) {
            log.warn("{}", outcome);
          }
          owner.execute(() -> result.accept(outcome.errno()));
        });
  }

  private boolean mayRun(String event) {
    if (life.runState() == RunState.SHUTDOWN) {
      return event.equals("shutdown");
    }
    boolean recovering = life.isRecovering() || cluster.isInactive();
    return !recovering || DURING_RECOVERY.contains(event);
  }

  /** Runs the notification scripts in the background. */
  public void notify(Notifier.Notification notification) {
    notifier.send(notification);
  }
}
