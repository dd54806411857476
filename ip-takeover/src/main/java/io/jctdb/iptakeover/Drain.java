package io.jctdb.iptakeover;

import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Empties a node of its public addresses when it goes out of service in good order: stopped,
 * banned, shut down. It offers itself for none any more and asks the leader for a run, which moves
 * each address straight to its next holder. What is still here after a while is released without
 * the leader, with events; what resists that is removed without them.
 *
 * <p>Threading: owner thread.
 */
public final class Drain {
  private static final Logger LOG = LoggerFactory.getLogger(Drain.class);

  /** A run takes a fraction of a second; longer than this nobody shall wait for a leader. */
  static final Duration LEADER_MAX = Duration.ofSeconds(3);

  /** For the scripts, when the node does it by itself. */
  static final Duration EVENTS_MAX = Duration.ofSeconds(5);

  private static final Duration LOOK = Duration.ofMillis(10);

  private final LocalAddresses addresses;
  private final Scheduler scheduler;
  private final BooleanSupplier leaderKnown;
  private final Runnable askForRun;
  private boolean draining;
  private boolean drained;

  /**
   * @param askForRun of the leader
   */
  public Drain(
      LocalAddresses addresses,
      Scheduler scheduler,
      BooleanSupplier leaderKnown,
      Runnable askForRun) {
    this.addresses = addresses;
    this.scheduler = scheduler;
    this.leaderKnown = leaderKnown;
    this.askForRun = askForRun;
  }

  /** True from the beginning of a drain until {@link #end}: this node must not host anything. */
  public boolean isActive() {
    return draining;
  }

  /** The node serves again. Has no effect before the drain is over. */
  public void end() {
    if (drained) {
      draining = false;
      drained = false;
    }
  }

  /** Begins; {@code done} runs once, when no address is here any more. */
  public void start(Runnable done) {
    draining = true;
    drained = false;
    Runnable finish =
        () -> {
          drained = true;
          done.run();
        };
    if (addresses.hasNothing()) {
      finish.run();
    } else if (leaderKnown.getAsBoolean()) {
      askForRun.run();
      await(scheduler.nowNanos() + LEADER_MAX.toNanos(), finish);
    } else {
      releaseHere(finish);
    }
  }

  private void await(long endNanos, Runnable finish) {
    if (addresses.hasNothing()) {
      finish.run();
    } else if (scheduler.nowNanos() - endNanos >= 0) {
      LOG.warn("The leader has not moved all public addresses away: releasing them here");
      releaseHere(finish);
    } else {
      scheduler.after(LOOK, () -> await(endNanos, finish));
    }
  }

  private void releaseHere(Runnable finish) {
    boolean[] over = {false};
    Scheduler.Timer limit =
        scheduler.after(
            EVENTS_MAX,
            () -> {
              if (!over[0]) {
                over[0] = true;
                LOG.error("Public addresses are not released in time: removing them");
                addresses.dropAllNow();
                finish.run();
              }
            });
    addresses.releaseAll(
        () -> {
          limit.cancel();
          if (!over[0]) {
            over[0] = true;
            if (!addresses.hasNothing()) {
              addresses.dropAllNow();
            }
            finish.run();
          }
        });
  }
}
