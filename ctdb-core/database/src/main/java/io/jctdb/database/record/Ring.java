package io.jctdb.database.record;

import java.util.SortedSet;

/**
 * The members of an epoch that may be keepers, in the order of their numbers, the first after the
 * last.
 */
final class Ring {
  private Ring() {}

  /** The same member, if it is alone. */
  static int after(SortedSet<Integer> members, int pnn) {
    SortedSet<Integer> rest = members.tailSet(pnn + 1);
    return rest.isEmpty() ? members.first() : rest.first();
  }

  static int before(SortedSet<Integer> members, int pnn) {
    SortedSet<Integer> rest = members.headSet(pnn);
    return rest.isEmpty() ? members.last() : rest.last();
  }
}
