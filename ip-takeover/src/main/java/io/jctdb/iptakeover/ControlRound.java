package io.jctdb.iptakeover;

import io.jctdb.protocol.Control;
import io.jctdb.protocol.Payload;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A group of controls with one common time limit. Each is answered exactly once: by the node, or
 * with {@link #TIMED_OUT} when the limit passes. Then, and when the last one has been answered, the
 * round is over. An answer may add further controls.
 *
 * <p>Threading: owner thread.
 */
final class ControlRound {
  static final int TIMED_OUT = -110;

  private final NodeControls controls;
  private final Set<Pending> pending = new LinkedHashSet<>();
  private final Runnable done;
  private final Scheduler.Timer limit;
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

  ControlRound(NodeControls controls, Scheduler scheduler, Duration limit, Runnable done) {
    this.controls = controls;
    this.done = done;
    this.limit = scheduler.after(limit, this::expire);
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

  private void answered(Pending call, int status, byte[] reply) {
    if (!over && pending.contains(call)) {
      // Removed only afterwards: the answer may add calls, and the round must not end before.
      call.answer.take(status, reply);
      pending.remove(call);
      endIfDone();
    }
  }

  private void expire() {
    if (over) {
      return;
    }
    over = true;
    List.copyOf(pending).forEach(call -> call.answer.take(TIMED_OUT, Payload.empty()));
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
