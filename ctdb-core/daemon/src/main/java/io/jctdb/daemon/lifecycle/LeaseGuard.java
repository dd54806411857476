package io.jctdb.daemon.lifecycle;

import io.jctdb.linux.BootClock;
import io.jctdb.linux.DeadManTimer;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Has the kernel end this process if it is still a member when its lease is over: a daemon that
 * hangs or is stopped cannot take itself out of use.
 *
 * <pre>  end of lease  ≤  deadline = end of lease + margin  ≤  first moment at which others act
 * </pre>
 *
 * Membership tells a daemon to let go {@link io.jctdb.recovery.PeerTiming#fencing} before the end
 * of its lease; one that does so in time lives on, because the timer is set only while the node is
 * one that may act. So the margin may be zero.
 *
 * <p>Threading: any thread; the membership thread begins and renews, the owner thread ends.
 */
public final class LeaseGuard {

  /** What ends the process; times are those of {@link BootClock}. */
  public interface Timer {
    void setDeadline(long deadlineNanos);

    void disarm();
  }

  private static final long NONE = Long.MIN_VALUE;

  private final Timer timer;
  private final long marginNanos;
  private final LongSupplier clock;
  private long leaseUntil = NONE;
  private boolean acting;

  public LeaseGuard(Timer timer, Duration margin, LongSupplier clock) {
    this.timer = timer;
    this.marginNanos = margin.toNanos();
    this.clock = clock;
  }

  /**
   * On the kernel's own timer.
   *
   * @throws IllegalStateException if this is process 1 of its PID namespace
   */
  public static LeaseGuard onKernelTimer(Duration margin) {
    DeadManTimer kernel = DeadManTimer.create();
    return new LeaseGuard(
        new Timer() {
          @Override
          public void setDeadline(long deadlineNanos) {
            kernel.setDeadline(deadlineNanos);
          }

          @Override
          public void disarm() {
            kernel.disarm();
          }
        },
        margin,
        BootClock::nanos);
  }

  /** The lease lasts until then. */
  synchronized void renewed(long untilNanos) {
    leaseUntil = untilNanos;
    if (acting) {
      timer.setDeadline(untilNanos + marginNanos);
    }
  }

  /** From now on this node may act as a member. */
  synchronized void begin() {
    acting = true;
    // An old lease is no reason to die: the next renewal sets the timer.
    if (leaseUntil != NONE && clock.getAsLong() < leaseUntil) {
      timer.setDeadline(leaseUntil + marginNanos);
    }
  }

  /** This node has let go of what others may take over, or never held anything. */
  synchronized void end() {
    acting = false;
    timer.disarm();
  }
}
