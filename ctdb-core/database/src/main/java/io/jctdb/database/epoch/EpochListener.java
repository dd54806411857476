package io.jctdb.database.epoch;

import io.jctdb.database.Epoch;
import java.util.SortedMap;

/**
 * Hears of the changes of epoch on this node, in this order for each change: promised, then (unless
 * a higher number is promised first) started. Owner thread.
 */
public interface EpochListener {
  /** From now on nothing of an epoch before {@code next} may be sent or accepted. */
  void epochPromised(long next);

  /**
   * The same, and more exactly; called before the promise is sent.
   *
   * @param base number of the committed epoch that {@code next} builds on
   */
  default void epochPromised(long base, Epoch next) {
    epochPromised(next.number());
  }

  /**
   * Called before a promise is sent, with the incarnations of the members of {@code next}; none if
   * the proposal names none.
   */
  default void livesPromised(Epoch next, SortedMap<Integer, Long> lives) {}

  /** All members have promised: the epoch is in force. {@code epoch} has this node as a member. */
  void epochStarted(Epoch epoch);

  /** This node is not a member any more. */
  void leftCluster();
}
