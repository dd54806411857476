package io.jctdb.recovery;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Something outside that a node must hold to be leader: the {@code cluster lock} of ctdb.conf
 * (cluster-and-failover 1.14).
 */
public interface LeadershipCondition {
  /**
   * Tries to get hold of it. Called on the membership thread; must return at once.
   *
   * @param lost called, on any thread, if what was got hold of is lost again without {@link
   *     #release}
   * @return true once it is held; false if somebody else holds it; failed, with a text that tells
   *     why, if it cannot be had for another reason
   */
  CompletionStage<Boolean> acquire(Runnable lost);

  /** Lets go; also called when nothing is held, and while {@link #acquire} has not answered yet. */
  void release();

  /** Nothing more is asked. */
  LeadershipCondition NONE =
      new LeadershipCondition() {
        @Override
        public CompletionStage<Boolean> acquire(Runnable lost) {
          return CompletableFuture.completedFuture(true);
        }

        @Override
        public void release() {}
      };
}
