package io.jctdb.database;

import io.jctdb.database.record.SlotLayout;
import java.util.Collections;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * One period of stable membership: a number issued through ZooKeeper, the active members, those of
 * them that may be lmaster, and those that are at remote sites. Everything else about the layout
 * follows from these by a pure function ({@link SlotLayout}).
 *
 * <p>Invariants: numbers only grow; {@code lmasters} is a non-empty subset of {@code members};
 * {@code remote} is a subset of {@code members}.
 *
 * @param number ever-growing; clients see its low 32 bits as the generation (never 0 or 1)
 * @param remote members for which nobody of the main site waits: the epoch begins without their
 *     promise, and they are counted in no majority
 */
public record Epoch(
    long number,
    SortedSet<Integer> members,
    SortedSet<Integer> lmasters,
    SortedSet<Integer> remote) {
  /** Before the first epoch, and while this node is not a member. */
  public static final long NONE = 0;

  /** The generation that means "invalid" to clients. */
  public static final int INVALID_GENERATION = 1;

  public Epoch {
    members = Collections.unmodifiableSortedSet(new TreeSet<>(members));
    lmasters = Collections.unmodifiableSortedSet(new TreeSet<>(lmasters));
    remote = Collections.unmodifiableSortedSet(new TreeSet<>(remote));
    if (lmasters.isEmpty() || !members.containsAll(lmasters)) {
      throw new IllegalArgumentException(
          "epoch " + number + ": lmasters " + lmasters + " must be some of the members " + members);
    }
    if (!members.containsAll(remote)) {
      throw new IllegalArgumentException(
          "epoch " + number + ": remote " + remote + " must be some of the members " + members);
    }
  }

  /** All members are at the main site. */
  public Epoch(long number, SortedSet<Integer> members, SortedSet<Integer> lmasters) {
    this(number, members, lmasters, Collections.emptySortedSet());
  }

  public static Epoch of(long number, Set<Integer> members) {
    return new Epoch(number, new TreeSet<>(members), new TreeSet<>(members));
  }

  public boolean hasMember(int pnn) {
    return members.contains(pnn);
  }

  public boolean isRemote(int pnn) {
    return remote.contains(pnn);
  }

  /**
   * Who promises, counts and orders: the members of the main site; all members where there is none.
   */
  public SortedSet<Integer> voters() {
    SortedSet<Integer> voters = new TreeSet<>(members);
    voters.removeAll(remote);
    return voters.isEmpty() ? members : voters;
  }

  /** Who is told and not waited for: the members that are no {@link #voters}. */
  public SortedSet<Integer> followers() {
    SortedSet<Integer> followers = new TreeSet<>(members);
    followers.removeAll(voters());
    return followers;
  }

  /** The epoch as clients see it: the 32-bit generation of the vnn map. */
  public int generation() {
    int generation = (int) (number + 1); // numbers begin with 1: never the invalid generation
    return generation == 0 || generation == INVALID_GENERATION ? generation + 2 : generation;
  }
}
