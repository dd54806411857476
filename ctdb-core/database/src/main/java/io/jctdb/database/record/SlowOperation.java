package io.jctdb.database.record;

import io.jctdb.protocol.Key;

/**
 * What took longer for one record than the administrator wants unsaid, as the node saw it that
 * tells. Of one long wait several nodes may tell: who wanted the record, the lmaster that moved it,
 * and whoever had to wait for a chain lock.
 */
public sealed interface SlowOperation {
  int dbId();

  Key key();

  long nanos();

  /**
   * Clients of this node wanted the record, and have it now.
   *
   * @param nanos since the first of them asked
   * @param askedNanos how much of it the record was being asked for; the rest was the chain lock
   *     here, the end of read-only copies, or the cluster was not to be had
   * @param lmaster who was asked last, {@link io.jctdb.database.message.KeeperMessage#NOBODY} if
   *     nobody
   * @param repeats how often it was asked again because no answer came
   */
  record Call(int dbId, Key key, long nanos, int clients, long askedNanos, int lmaster, int repeats)
      implements SlowOperation {}

  /**
   * This node is the record's lmaster and has seen it go to another one, or come here.
   *
   * @param nanos since it was its turn
   * @param searched whether all members that may have it were asked
   * @param last who answered last when they were asked; if the record was known to be with somebody
   *     or was found there, who had to hand it over
   */
  record Move(int dbId, Key key, long nanos, int requester, boolean searched, int last)
      implements SlowOperation {}

  /**
   * This node is the record's lmaster and has seen an empty one removed everywhere; who wanted it
   * meanwhile had to wait.
   */
  record Removal(int dbId, Key key, long nanos, int owner) implements SlowOperation {}

  /** The chain of the local copy was locked by other processes of this node. */
  record LockWait(int dbId, Key key, long nanos) implements SlowOperation {}
}
