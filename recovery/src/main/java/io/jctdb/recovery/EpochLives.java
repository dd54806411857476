package io.jctdb.recovery;

import java.util.Collections;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The lives that an epoch is made of.
 *
 * @param number of the epoch
 * @param incarnations incarnation by pnn
 * @param remote those of them at remote sites, which are never counted
 */
public record EpochLives(
    long number, SortedMap<Integer, Long> incarnations, SortedSet<Integer> remote) {
  /** With fewer members a member and a cut cable cannot be told from each other by counting. */
  static final int COUNTABLE = 3;

  public EpochLives {
    incarnations = Collections.unmodifiableSortedMap(new TreeMap<>(incarnations));
    remote = Collections.unmodifiableSortedSet(new TreeSet<>(remote));
  }

  /** All at the main site. */
  public EpochLives(long number, SortedMap<Integer, Long> incarnations) {
    this(number, incarnations, Collections.emptySortedSet());
  }

  public boolean has(Life life) {
    Long member = incarnations.get(life.pnn());
    return member != null && member == life.incarnation();
  }

  public boolean isRemote(int pnn) {
    return remote.contains(pnn);
  }

  /** Who is counted: a member of the main site. */
  public boolean counts(Life life) {
    return has(life) && !isRemote(life.pnn());
  }

  /** The members of the main site. */
  public SortedSet<Integer> counted() {
    SortedSet<Integer> counted = new TreeSet<>(incarnations.keySet());
    counted.removeAll(remote);
    return counted;
  }

  /** More than half of the members of the main site. */
  public int majority() {
    return counted().size() / 2 + 1;
  }

  /** Whether some majority goes without any given member of the main site. */
  public boolean countable() {
    return counted().size() >= COUNTABLE;
  }
}
