package io.jctdb.iptakeover;

import io.jctdb.protocol.Control;
import io.jctdb.protocol.Payload;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * A group of controls with one common time limit. Each is answered exactly once: by the node, or
 * with {@link #TIMED_OUT} when the limit passes, or with {@link #ABANDONED} when the node is lost.
 * Then, and when the last one has been answered, the round is over. An answer may add further
 * controls.
 *
 * <p>Threading: owner thread.
 */
final class ControlRound {
  static final int TIMED_OUT = -110;
  static final int ABANDONED = -103;

  private final NodeControls controls;
  private final Scheduler scheduler;
  private final Set<Pending> pending = new LinkedHashSet<>();
  private final Runnable done;
  private long endNanos;
  private Scheduler.Timer limit;
  private boolean sealed;
  private boolean over;

  private record Pending(int pnn, NodeControls.Answer answer) {
    @Override
    public boolean equals(@Nullable Object other) {
      return this == other;
    }

    @Override
    public int hashCode() {
      return System.identityHashCode(this);
    }
  }

  ControlRound(NodeControls controls, Scheduler scheduler, Duration time, Runnable done) {
    this.controls = controls;
    this.scheduler = scheduler;
    this.done = done;
    this.endNanos = scheduler.nowNanos() + time.toNanos();
    this.limit = scheduler.after(time, () -> expire(TIMED_OUT));
  }

  void call(int pnn, Control control, int flags, byte[] data, NodeControls.Answer answer) {
    if (over) {
      answer.take(TIMED_OUT, Payload.empty());
      return;
    }
    Pending call = new Pending(pnn, answer);
    pending.add(call);
    controls.call(pnn, control, flags, data, (status, reply) -> answered(call, status, reply));
  }

  /** No more calls but those that answers add: the round may end. */
  void seal() {
    sealed = true;
    endIfDone();
  }

  /** No further answer is delivered, and the round does not end. */
  void cancel() {
    over = true;
    pending.clear();
    limit.cancel();
  }

  /** Gives up on what lost nodes have not answered. */
  void abandon(IntPredicate lost) {
    for (Pending call : List.copyOf(pending)) {
      if (lost.test(call.pnn)) {
        answered(call, ABANDONED, Payload.empty());
      }
    }
  }

  /** The round ends by then at the latest, and what is unanswered is given up, not blamed. */
  void endWithin(Duration time) {
    long end = scheduler.nowNanos() + time.toNanos();
    if (over || end - endNanos >= 0) {
      return;
    }
    endNanos = end;
    limit.cancel();
    limit = scheduler.after(time, () -> expire(ABANDONED));
  }

  private void answered(Pending call, int status, byte[] reply) {
    if (!over && pending.contains(call)) {
      // Removed only afterwards: the answer may add calls, and the round must not end before.
      call.answer.take(status, reply);
      pending.remove(call);
      endIfDone();
    }
  }

  private void expire(int status) {
    if (over) {
      return;
    }
    over = true;
    List.copyOf(pending).forEach(call -> call.answer.take(status, Payload.empty()));
    pending.clear();
    done.run();
  }

  private void endIfDone() {
    if (sealed && !over && pending.isEmpty()) {
      over = true;
      limit.cancel();
      done.run();
    }
  }
}
