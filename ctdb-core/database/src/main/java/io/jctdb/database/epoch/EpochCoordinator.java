package io.jctdb.database.epoch;

import io.jctdb.database.Epoch;
import io.jctdb.database.message.EpochMessage;
import io.jctdb.database.message.NodePort;
import java.util.Collections;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The leader's side of the change of epoch: one proposal at a time.
 *
 * <pre>
 * propose ─▶ PREPARE to all ─▶ all promised ─▶ Outcome.promised ─▶ (caller writes ZooKeeper) ─▶ commit
 *                          └─▶ some silent ──▶ Outcome.silent ──▶ (caller decides) ─▶ abandon, propose
 * </pre>
 *
 * <p>It decides nothing: numbers, members and the versioned write are the caller's, and a leader
 * that has lost its place does no harm here, because members refuse numbers below what they have
 * promised and ZooKeeper refuses its write. Messages are sent again every {@code resendNanos} to
 * those that have not answered, because links break and come back.
 *
 * <p>Only the members of the main site are waited for ({@link Epoch#voters}). Those at remote sites
 * are told at the same time; once the epoch is committed, both messages are repeated to those that
 * have not begun it, until the next proposal.
 *
 * <p>Owner thread only.
 */
public final class EpochCoordinator {
  /** What becomes of a proposal. At most one call of each kind for each proposal. */
  public interface Outcome {
    /**
     * Every member that is waited for has promised: write the epoch to ZooKeeper, then {@link
     * #commit}.
     */
    void promised();

    /**
     * These have not answered in time. PREPARE goes on being sent, and {@link #promised} may still
     * follow, until the proposal is abandoned.
     */
    void silent(SortedSet<Integer> pnns);

    /** A member has promised {@code promised}, a higher number: this proposal cannot succeed. */
    void refused(long promised);
  }

  private final NodePort port;
  private final long resendNanos;
  private final long silentAfterNanos;
  private @Nullable Proposal proposal;

  /**
   * @param resendNanos pause before an unanswered message is sent again; longer than a round trip
   * @param silentAfterNanos how long after {@link #propose} the silent ones are reported; several
   *     times {@code resendNanos}, so that one lost message does not make a node silent
   */
  public EpochCoordinator(NodePort port, long resendNanos, long silentAfterNanos) {
    this.port = port;
    this.resendNanos = resendNanos;
    this.silentAfterNanos = silentAfterNanos;
  }

  /**
   * Starts the change to {@code next}; one that is under way is abandoned.
   *
   * @param base number of the committed epoch in ZooKeeper that {@code next} is to replace
   */
  public void propose(long base, Epoch next, Outcome outcome) {
    propose(base, next, Collections.emptySortedMap(), outcome);
  }

  /**
   * The same, for these incarnations of the members only.
   *
   * @param lives incarnation by pnn
   */
  public void propose(long base, Epoch next, SortedMap<Integer, Long> lives, Outcome outcome) {
    if (next.number() <= base) {
      throw new IllegalArgumentException("epoch " + next.number() + " cannot follow " + base);
    }
    abandon();
    Proposal fresh = new Proposal(base, next, lives, outcome);
    proposal = fresh;
    fresh.send();
    fresh.silence = port.after(silentAfterNanos, fresh::reportSilent);
  }

  /** The epoch is in ZooKeeper: tells the members, until each has begun. */
  public void commit() {
    Proposal promised = proposal;
    if (promised == null || !commit(promised.next.number())) {
      throw new IllegalStateException("nothing that all have promised");
    }
  }

  /**
   * Epoch {@code number} is in ZooKeeper: tells the members, until each has begun.
   *
   * @return false, and nothing happens, if that is not the present proposal or not all have
   *     promised it; then a later proposal, or what members read in ZooKeeper, brings them on
   */
  public boolean commit(long number) {
    Proposal open = proposal;
    if (open == null
        || open.next.number() != number
        || !open.awaited.isEmpty()
        || open.committing) {
      return false;
    }
    open.committing = true;
    open.awaited.addAll(open.next.voters());
    open.send();
    return true;
  }

  /** Forgets the proposal, or stops repeating COMMIT. Members that promised stay promised. */
  public void abandon() {
    if (proposal != null) {
      proposal.stop();
      proposal = null;
    }
  }

  /** True while a proposal or the repetition of its COMMIT is under way. */
  public boolean isBusy() {
    return proposal != null;
  }

  /**
   * Takes PROMISE, REFUSE and STARTED; other messages are the participant's and are passed over.
   */
  public void receive(int fromPnn, EpochMessage message) {
    Proposal open = proposal;
    if (open == null || message.number() != open.next.number()) {
      return;
    }
    switch (message) {
      case EpochMessage.Promise m -> open.answered(fromPnn, false);
      case EpochMessage.Started m -> open.answered(fromPnn, true);
      case EpochMessage.Refuse m -> open.refused(fromPnn, m.promised());
      case EpochMessage.Prepare m -> {}
      case EpochMessage.Commit m -> {}
    }
  }

  private final class Proposal {
    private final long base;
    private final Epoch next;
    private final SortedMap<Integer, Long> lives;
    private final Outcome outcome;

    /** Who has not promised yet; while committing, who has not begun yet. */
    private final SortedSet<Integer> awaited;

    /** Who has not begun yet, among those that nobody waits for. */
    private final SortedSet<Integer> told = new TreeSet<>();

    private boolean committing;
    private boolean refusalReported;
    private NodePort.@Nullable Timer resend;
    private NodePort.@Nullable Timer silence;

    Proposal(long base, Epoch next, SortedMap<Integer, Long> lives, Outcome outcome) {
      this.base = base;
      this.next = next;
      this.lives = lives;
      this.outcome = outcome;
      this.awaited = new TreeSet<>(next.voters());
      told.addAll(next.members());
      told.removeAll(awaited);
    }

    void send() {
      EpochMessage prepare = new EpochMessage.Prepare(base, next, lives);
      EpochMessage commit = new EpochMessage.Commit(next.number());
      awaited.forEach(pnn -> port.send(pnn, committing ? commit : prepare));
      told.forEach(pnn -> port.send(pnn, prepare));
      if (committing) {
        told.forEach(pnn -> port.send(pnn, commit));
      }
      cancel(resend);
      resend = port.after(resendNanos, this::send);
    }

    void answered(int pnn, boolean begun) {
      if (told.contains(pnn)) {
        if (begun && committing) {
          told.remove(pnn);
          abandonIfDone();
        }
        return;
      }
      if (begun != committing || !awaited.remove(pnn) || !awaited.isEmpty()) {
        return;
      }
      if (committing) {
        abandonIfDone();
      } else {
        stop();
        outcome.promised();
      }
    }

    private void abandonIfDone() {
      if (awaited.isEmpty() && told.isEmpty()) {
        abandon();
      }
    }

    void refused(int pnn, long promised) {
      if (told.contains(pnn)) {
        if (promised > next.number()) {
          told.remove(pnn);
          abandonIfDone();
        }
      } else if (committing) {
        answered(pnn, true); // it has gone on to a later epoch
      } else if (!refusalReported && !awaited.isEmpty()) {
        refusalReported = true;
        outcome.refused(promised);
      }
    }

    void reportSilent() {
      if (!committing && !awaited.isEmpty()) {
        outcome.silent(new TreeSet<>(awaited));
      }
    }

    void stop() {
      cancel(resend);
      cancel(silence);
    }

    private static void cancel(NodePort.@Nullable Timer timer) {
      if (timer != null) {
        timer.cancel();
      }
    }
  }
}
