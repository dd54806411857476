package io.jctdb.recovery;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether this node holds the {@link LeadershipCondition}. Asked for before every attempt to become
 * leader, given back when somebody else leads. Owned by the membership thread.
 */
final class HeldCondition {
  private static final Logger LOG = LoggerFactory.getLogger(ClusterMembership.class);
  private static final long AGAIN_NANOS = Duration.ofSeconds(1).toNanos();

  /** No answer within that time is told; it is waited for all the same. */
  private static final long PATIENCE_NANOS = Duration.ofSeconds(5).toNanos();

  private enum State {
    RELEASED,
    ACQUIRING,
    HELD
  }

  private final LeadershipCondition condition;
  private final Executor owner;

  /** Called when it was got hold of, or lost. */
  private final Runnable changed;

  /** Why it is not to be had is asked every second as long as nobody leads. */
  private final LastingState denied = new LastingState();

  private final Consumer<String> complaint;

  private State state = State.RELEASED;

  /** Which attempt is the present one; answers to others are not for us. */
  private long attempt;

  private long askedAt;
  private long againAt = Long.MIN_VALUE;
  private volatile Optional<String> why = Optional.empty();

  HeldCondition(LeadershipCondition condition, Executor owner, Runnable changed) {
    this(condition, owner, changed, LOG::warn);
  }

  HeldCondition(
      LeadershipCondition condition, Executor owner, Runnable changed, Consumer<String> complaint) {
    this.condition = condition;
    this.owner = owner;
    this.changed = changed;
    this.complaint = complaint;
  }

  boolean held() {
    return state == State.HELD || condition == LeadershipCondition.NONE;
  }

  /** Whether it is held; if it is not, it is asked for, and {@code changed} tells the outcome. */
  boolean holdOrAsk(long now) {
    if (condition == LeadershipCondition.NONE) {
      return true;
    }
    if (state == State.RELEASED && now >= againAt) {
      state = State.ACQUIRING;
      askedAt = now;
      againAt = now + AGAIN_NANOS;
      long asked = ++attempt;
      condition
          .acquire(() -> owner.execute(() -> lost(asked)))
          .whenComplete(
              Guard.guarded(
                  (got, failure) ->
                      owner.execute(() -> answered(asked, now, failure == null && got, failure))));
    } else if (state == State.ACQUIRING && now - askedAt >= PATIENCE_NANOS) {
      isDenied("no answer yet", now);
    }
    return state == State.HELD;
  }

  private void answered(long asked, long now, boolean got, @Nullable Throwable failure) {
    if (asked != attempt || state != State.ACQUIRING) {
      return;
    }
    state = got ? State.HELD : State.RELEASED;
    if (got) {
      isOver();
      LOG.info("the cluster lock is held");
      changed.run();
    } else {
      isDenied(failure == null ? "contention" : String.valueOf(failure.getMessage()), now);
    }
  }

  private void isDenied(String reason, long now) {
    why = Optional.of(reason);
    if (denied.isNews(reason, now)) {
      complaint.accept("the cluster lock is not to be had: " + reason);
    }
  }

  private void isOver() {
    why = Optional.empty();
    denied.isOver();
  }

  /** Why nobody leads although this node would; asked by any thread. */
  Optional<String> whyDenied() {
    return why;
  }

  private void lost(long asked) {
    if (asked == attempt && state != State.RELEASED) {
      LOG.error("the cluster lock was lost");
      state = State.RELEASED;
      attempt++;
      changed.run();
    }
  }

  /** Somebody else leads, or nobody is to lead from here. */
  void release() {
    isOver();
    if (state != State.RELEASED) {
      state = State.RELEASED;
      attempt++;
      condition.release();
    }
  }
}
