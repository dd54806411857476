package io.jctdb.tests.simulator;

import io.jctdb.database.Epoch;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * What ZooKeeper is for the cluster, as one small truth-teller: who is registered (and in which
 * session), who leads, the epoch that was committed last, and numbers that are never issued twice.
 */
final class ControlPlane {
  static final int NO_LEADER = -1;

  private final Chance chance;
  private final IntPredicate mayLead;
  private final Runnable changed;
  private final SortedMap<Integer, Integer> registered = new TreeMap<>();
  private SortedMap<Integer, Integer> committedSessions = new TreeMap<>();
  private @Nullable Epoch committed;
  private long numbers;
  private int leader = NO_LEADER;
  private int term;
  private boolean wanted;

  ControlPlane(Chance chance, IntPredicate mayLead, Runnable changed) {
    this.chance = chance;
    this.mayLead = mayLead;
    this.changed = changed;
  }

  int leader() {
    return leader;
  }

  /** Grows with each election, also when the same node wins again. */
  int term() {
    return term;
  }

  SortedMap<Integer, Integer> registered() {
    return registered;
  }

  @Nullable Epoch committed() {
    return committed;
  }

  /** As which life this node is a member, or 0. */
  int committedSession(int pnn) {
    return committedSessions.getOrDefault(pnn, 0);
  }

  long committedNumber() {
    return committed == null ? Epoch.NONE : committed.number();
  }

  long nextNumber() {
    numbers += chance.between(1, 3);
    return numbers;
  }

  void register(int pnn, int session) {
    registered.put(pnn, session);
    if (leader == NO_LEADER) {
      elect();
    }
    changed.run();
  }

  void unregister(int pnn, int session) {
    if (registered.remove(pnn, session)) {
      if (leader == pnn) {
        elect();
      }
      changed.run();
    }
  }

  /** A new leader; the old one may not know yet. */
  void elect() {
    List<Integer> candidates = new ArrayList<>(registered.keySet());
    candidates.removeIf(pnn -> !mayLead.test(pnn));
    leader = candidates.isEmpty() ? NO_LEADER : candidates.get(chance.below(candidates.size()));
    term++;
    wanted = true; // it cannot know what its predecessor has begun
  }

  /** A change of epoch without a change of members. */
  void wantChange() {
    wanted = true;
    changed.run();
  }

  boolean isChangeDue() {
    return wanted || !registered.equals(committedSessions);
  }

  /** The versioned write: only by the leader of this term, and only on top of what it knew. */
  boolean write(int writerTerm, long base, Epoch epoch, SortedMap<Integer, Integer> sessions) {
    if (writerTerm != term || base != committedNumber()) {
      return false;
    }
    committed = epoch;
    committedSessions = sessions;
    wanted = false;
    return true;
  }
}
