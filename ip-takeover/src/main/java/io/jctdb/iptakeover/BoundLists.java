package io.jctdb.iptakeover;

import io.jctdb.protocol.HostableAddresses;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.IntConsumer;

/**
 * The lists of public addresses to which nodes at remote sites have bound themselves: such a node
 * takes an address only if it is in each list that a member of the main site may go by ({@link
 * PublishedList}). So whoever leads need not ask it about any other address, and need not wait for
 * it, even if it cannot be heard.
 *
 * <p>The rule that makes it safe: a node can have only what is in the list that is in force here,
 * as long as it {@link #bound() is bound}. A list is in force until the same life of the node sends
 * another, or an epoch is promised with another life of it. (A life that is lost keeps its list: it
 * has nothing else until it must have let go of everything.) A node that is not bound is asked and
 * waited for like any other.
 *
 * <p>Invariant: no address is placed by two kinds of runs at once ({@link RunPart}). So {@link
 * #shared} grows only while no run without bound nodes is under way, and until then the node that
 * sent the longer list is not told that it is in force; and it shrinks only while no far run is
 * under way.
 *
 * <p>Owner thread.
 */
final class BoundLists {
  private static final int OK = 0;
  private static final int REFUSED = -1;

  /** What one node is bound to. */
  private static final class Entry {
    long life;
    long version;
    Set<InetAddress> list = Set.of();

    /** The list, and what far runs under way have begun with. */
    Set<InetAddress> shared = new HashSet<>();

    /** False: another life of the node has begun. */
    boolean inForce;
  }

  private record Waiting(HostableAddresses list, IntConsumer status) {}

  private final Map<Integer, Entry> entries = new HashMap<>();
  private final Map<Integer, Waiting> waiting = new TreeMap<>();

  /** Of the newest epoch that this node has promised. */
  private Map<Integer, Long> lives = Map.of();

  /** An epoch is promised with these lives. To be told before the promise is given. */
  void livesPromised(Set<Integer> members, Map<Integer, Long> promised) {
    lives = Map.copyOf(promised);
    entries.forEach(
        (pnn, entry) -> {
          if (members.contains(pnn) && !isLife(pnn, entry.life)) {
            entry.inForce = false;
          }
        });
  }

  private boolean isLife(int pnn, long life) {
    Long promised = lives.get(pnn);
    return promised != null && promised == life;
  }

  /** This node is in no epoch: what others say meanwhile it does not hear. */
  void forget() {
    lives = Map.of();
    entries.values().forEach(entry -> entry.inForce = false);
    waiting.values().forEach(one -> one.status.accept(REFUSED));
    waiting.clear();
  }

  /**
   * A node binds itself to a list.
   *
   * @param status told when the list is in force
   */
  void received(HostableAddresses list, IntConsumer status) {
    Entry entry = entries.get(list.pnn());
    Waiting before = waiting.get(list.pnn());
    boolean old =
        (entry != null && entry.life == list.life() && entry.version > list.version())
            || (before != null
                && before.list.life() == list.life()
                && before.list.version() > list.version());
    if (old || !isLife(list.pnn(), list.life())) {
      status.accept(REFUSED);
      return;
    }
    if (before != null) {
      before.status.accept(REFUSED);
    }
    waiting.put(list.pnn(), new Waiting(list, status));
  }

  /**
   * Puts in force what can be.
   *
   * @param running a run that is not far is under way
   * @param farRunning a far one is
   * @return whether something has changed
   */
  boolean settle(boolean running, boolean farRunning) {
    Set<InetAddress> sharedBefore = shared();
    Set<Integer> boundBefore = bound();
    if (!running) {
      Map<Integer, Waiting> now = new TreeMap<>(waiting);
      waiting.clear();
      now.values().forEach(one -> one.status.accept(adopt(one.list)));
    }
    if (!farRunning) {
      entries.values().removeIf(entry -> !entry.inForce);
      entries.values().forEach(entry -> entry.shared = new HashSet<>(entry.list));
    }
    return !shared().equals(sharedBefore) || !bound().equals(boundBefore);
  }

  private int adopt(HostableAddresses list) {
    if (!isLife(list.pnn(), list.life())) {
      return REFUSED;
    }
    Entry entry = entries.computeIfAbsent(list.pnn(), pnn -> new Entry());
    entry.life = list.life();
    entry.version = list.version();
    entry.list = list.addresses();
    entry.shared.addAll(list.addresses());
    entry.inForce = true;
    return OK;
  }

  boolean isEmpty() {
    return entries.isEmpty();
  }

  boolean isBound(int pnn) {
    Entry entry = entries.get(pnn);
    return entry != null && entry.inForce;
  }

  /** The nodes that can have nothing but some of {@link #shared}. */
  Set<Integer> bound() {
    Set<Integer> bound = new HashSet<>();
    entries.forEach(
        (pnn, entry) -> {
          if (entry.inForce) {
            bound.add(pnn);
          }
        });
    return bound;
  }

  /** What far runs are about. */
  Set<InetAddress> shared() {
    Set<InetAddress> shared = new HashSet<>();
    entries.values().forEach(entry -> shared.addAll(entry.shared));
    return shared;
  }
}
