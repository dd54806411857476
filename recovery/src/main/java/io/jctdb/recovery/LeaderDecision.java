package io.jctdb.recovery;

import io.jctdb.database.Epoch;

/** What the {@link LeaderMachine} wants done. */
public sealed interface LeaderDecision {
  /** Write this number as reserved; answer Reserved or ChangeFailed. */
  record Reserve(long number, String why) implements LeaderDecision {}

  /**
   * Tell the members which lives the epoch is made of, and ask them to promise; answer Promised or
   * ChangeFailed.
   */
  record Propose(EpochLives lives, Epoch epoch) implements LeaderDecision {}

  /** Write the epoch as committed; answer Committed or ChangeFailed. */
  record Commit(CommittedEpoch epoch) implements LeaderDecision {}

  /** Tell the members that the epoch is committed. */
  record Announce(Epoch epoch) implements LeaderDecision {}

  /**
   * Delete the membership record of a node that does not answer, if the committed epoch is still
   * the one known here, and stop acknowledging it; answer Expelled.
   */
  record Expel(Life life, String why) implements LeaderDecision {}

  /**
   * The same to the leader, and take its place, in one write; for a node that does not lead. Answer
   * Elected, or nothing.
   *
   * @param epoch the committed epoch, whose members have promised silence
   */
  record Usurp(Life leader, long epoch, String why) implements LeaderDecision {}

  /** Give up leadership. */
  record Yield(String why) implements LeaderDecision {}
}
