package io.jctdb.daemon.lifecycle;

import io.jctdb.database.Epoch;
import io.jctdb.database.epoch.EpochListener;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Whether event scripts and smbd have anything to hear of an epoch. Not where the same lives go on
 * and only the lmasters have changed, which is how a node that has joined gets its share of the
 * keys: nobody has gone whose locks were to be cleared away, and the scripts of all nodes would run
 * a second time for one node that joins.
 *
 * <p>Owner thread.
 */
public final class EpochNews implements EpochListener {
  private SortedMap<Integer, Long> promised = Collections.emptySortedMap();
  private SortedMap<Integer, Long> lives = Collections.emptySortedMap();
  private @Nullable Epoch epoch;
  private boolean untold = true;

  @Override
  public void livesPromised(Epoch next, SortedMap<Integer, Long> ofNext) {
    promised = new TreeMap<>(ofNext);
  }

  @Override
  public void epochPromised(long next) {}

  @Override
  public void epochStarted(Epoch started) {
    Epoch before = epoch;
    boolean onlyLmasters =
        before != null
            && !lives.isEmpty()
            && lives.equals(promised)
            && !before.lmasters().equals(started.lmasters());
    untold |= !onlyLmasters;
    lives = promised;
    epoch = started;
  }

  @Override
  public void leftCluster() {
    epoch = null;
    untold = true;
  }

  /**
   * Whether there is something that has not been told; the caller tells it now. An epoch that is
   * not told of does not cover up an earlier one that nobody had time to tell of.
   */
  public boolean tell() {
    boolean tells = untold;
    untold = false;
    return tells;
  }
}
