package io.jctdb.recovery;

import io.jctdb.database.Epoch;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * How the leader reaches the members' engines: PREPARE, PROMISE, COMMIT (DESIGN 5). The daemon
 * implements it over its links; both methods are called on the membership thread, only while this
 * node leads, and must not block.
 */
public interface EpochChange {

  /**
   * Asks every member of {@code next} (this node too) to promise it. A call with a higher number
   * replaces one that is still running; the older future is then no longer looked at.
   *
   * @return completes on any thread with the members that did not promise in time: empty when all
   *     have promised. The implementation sets the time limit (a second or two). Completed
   *     exceptionally: the change is dropped and begun again a little later
   */
  CompletableFuture<Set<Integer>> propose(Epoch next);

  /**
   * The same, and only these incarnations of the members may promise it: a record in ZooKeeper can
   * outlive its process, and the next process on that node must not promise in its place.
   */
  default CompletableFuture<Set<Integer>> propose(EpochLives lives, Epoch next) {
    return propose(next);
  }

  /** The epoch is committed in ZooKeeper: tell the members, this node too. */
  void commit(Epoch next);
}
