package io.jctdb.recovery;

import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The lives that an epoch is made of.
 *
 * @param number of the epoch
 * @param incarnations incarnation by pnn
 */
public record EpochLives(long number, SortedMap<Integer, Long> incarnations) {
  /** With fewer members a member and a cut cable cannot be told from each other by counting. */
  static final int COUNTABLE = 3;

  public EpochLives {
    incarnations = Collections.unmodifiableSortedMap(new TreeMap<>(incarnations));
  }

  public boolean has(Life life) {
    Long member = incarnations.get(life.pnn());
    return member != null && member == life.incarnation();
  }

  /** More than half of the members. */
  public int majority() {
    return incarnations.size() / 2 + 1;
  }

  /** Whether some majority goes without any given member. */
  public boolean countable() {
    return incarnations.size() >= COUNTABLE;
  }
}
