package io.jctdb.recovery;

import io.jctdb.database.message.LeaseMessage;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** What the {@link LeaderMachine} is told. */
public sealed interface LeaderEvent {
  /** The registered nodes; told whether or not this node leads. */
  record Nodes(Map<Integer, MemberInfo> nodes) implements LeaderEvent {}

  /** Whether messages can be exchanged with a node. */
  record Link(int pnn, boolean up) implements LeaderEvent {}

  /** The newest committed epoch, read from ZooKeeper. */
  record EpochSeen(CommittedEpoch epoch) implements LeaderEvent {}

  /**
   * This node leads, and has read what its predecessor left; told again after an answer to a write
   * was lost.
   *
   * @param reserved the highest epoch number ever reserved
   * @param expelled nodes that a leader has expelled at some time
   */
  record Elected(int term, Optional<CommittedEpoch> committed, long reserved, Set<Life> expelled)
      implements LeaderEvent {}

  /** This node leads no longer. */
  record Deposed() implements LeaderEvent {}

  /** The number is this leader's. */
  record Reserved(long number) implements LeaderEvent {}

  /** The members have answered PREPARE, but for these. */
  record Promised(long number, Set<Integer> silent) implements LeaderEvent {}

  /** ZooKeeper has the epoch. */
  record Committed(long number) implements LeaderEvent {}

  /** A step of the change with this number has failed and may be tried again. */
  record ChangeFailed(long number) implements LeaderEvent {}

  /** ZooKeeper has expelled the node, or (when {@code done} is false) has not. */
  record Expelled(Life life, boolean done) implements LeaderEvent {}

  /**
   * The supervisor of node {@code pnn} told a secret with this hash; told whether or not this node
   * leads. See {@link LastWill}.
   */
  record WillTold(int pnn, String hash) implements LeaderEvent {}

  /** A member, this node too, has promised silence; told whether or not this node leads. */
  record SilenceReported(int from, LeaseMessage.Silent said) implements LeaderEvent {}

  /** ZooKeeper names this leader, or none; told whether or not this node leads. */
  record LeaderIs(OptionalInt pnn) implements LeaderEvent {}

  /** Time has passed; told whether or not this node leads. */
  record Tick() implements LeaderEvent {}
}
