package io.jctdb.recovery;

import io.jctdb.database.Epoch;

/** What the {@link LeaderMachine} wants done. */
sealed interface LeaderDecision {
  /** Write this number as reserved; answer Reserved or ChangeFailed. */
  record Reserve(long number, String why) implements LeaderDecision {}

  /** Ask the members to promise; answer Promised or ChangeFailed. */
  record Propose(Epoch epoch) implements LeaderDecision {}

  /** Write the epoch as committed; answer Committed or ChangeFailed. */
  record Commit(CommittedEpoch epoch) implements LeaderDecision {}

  /** Tell the members that the epoch is committed. */
  record Announce(Epoch epoch) implements LeaderDecision {}

  /** Delete the membership record of a node that does not answer; answer Expelled. */
  record Expel(Life life, String why) implements LeaderDecision {}

  /** Give up leadership. */
  record Yield(String why) implements LeaderDecision {}
}
