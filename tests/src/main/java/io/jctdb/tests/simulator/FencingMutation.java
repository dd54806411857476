package io.jctdb.tests.simulator;

/**
 * Protections against acting twice, taken away one at a time, to show that the simulator notices.
 */
public enum FencingMutation {
  /** Fencing as it is. */
  NONE,
  /** Members that acknowledge a node although they have promised not to. */
  NO_PROMISE,
  /** Leases counted from the arrival of an answer instead of from the sending of the question. */
  LEASE_FROM_THE_ANSWER,
  /** Nobody kills a daemon that stands still. */
  NO_DEAD_MAN,
  /** Leaders that give an address on as soon as its node is gone, while its kernel may have it. */
  NO_WAIT_FOR_THE_ADDRESS,
  /** Clocks run up to 15 % wrong, where 1 % is allowed for. */
  CLOCKS_TOO_WRONG,
  /** A launcher that tells the last will before smbds and addresses are gone. */
  WILL_BEFORE_THE_CLEANING,
  /** Nodes whose membership record vanishes while they still let go. */
  SESSION_CLOSED_AT_ONCE,
  /** Processes that promise an epoch made with the record of a dead one. */
  PROMISE_FOR_THE_DEAD,
  /** Leaders that regard a lost member as gone at once. */
  NO_WAIT_FOR_THE_LEASE,
  /** Members that ask for a majority of the epoch they know of, and not of one they promised. */
  NO_JOINT_MAJORITY
}
