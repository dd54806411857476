package io.jctdb.tests.simulator;

import io.jctdb.database.Epoch;
import io.jctdb.database.epoch.EpochCoordinator;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/** What the recovery module does on a node while it leads, reduced to the change of epoch. */
final class Leader {
  private final SimulatedNode node;
  private final ControlPlane control;
  private final EpochCoordinator coordinator;
  private final Chance chance;
  private SortedMap<Integer, Integer> proposed = new TreeMap<>();
  private boolean writing;
  private boolean ticking;

  /** A proposal was given up; those who promised it wait for a higher number. */
  private boolean owing;

  Leader(SimulatedNode node, ControlPlane control, EpochCoordinator coordinator, Chance chance) {
    this.node = node;
    this.control = control;
    this.coordinator = coordinator;
    this.chance = chance;
  }

  /** Something may have changed. */
  void reconsider() {
    if (control.leader() != node.pnn()) {
      if (!writing) {
        coordinator.abandon();
      }
      return;
    }
    if (writing || !(control.isChangeDue() || owing)) {
      return;
    }
    tick();
    if (coordinator.isBusy() && proposed.equals(control.registered())) {
      return;
    }
    propose();
  }

  /** As long as a change is due, looks again now and then. */
  private void tick() {
    if (!ticking) {
      ticking = true;
      node.daemon(
          5 * Chance.MILLIS,
          () -> {
            ticking = false;
            reconsider();
          });
    }
  }

  private void propose() {
    owing = true;
    proposed = new TreeMap<>(control.registered());
    if (proposed.isEmpty() || !node.mayForm(proposed.keySet())) {
      return;
    }
    SortedSet<Integer> members = new TreeSet<>(proposed.keySet());
    long base = control.committedNumber();
    int term = control.term();
    SortedSet<Integer> remote = new TreeSet<>(members);
    remote.removeIf(pnn -> !node.isRemote(pnn));
    SortedSet<Integer> lmasters = new TreeSet<>(members);
    if (!remote.isEmpty() && !chance.oneIn(8)) {
      lmasters.removeAll(remote);
    }
    if (lmasters.isEmpty()) {
      return; // no epoch of remote members alone
    }
    Epoch next = new Epoch(control.nextNumber(), members, someOf(lmasters), remote);
    SortedMap<Integer, Long> lives = new TreeMap<>();
    remote.forEach(pnn -> lives.put(pnn, (long) proposed.getOrDefault(pnn, 0)));
    SortedMap<Integer, Integer> sessions = proposed;
    node.trace(() -> "proposes " + next);
    coordinator.propose(
        base,
        next,
        lives,
        new EpochCoordinator.Outcome() {
          @Override
          public void promised() {
            write(term, base, next, sessions);
          }

          @Override
          public void silent(SortedSet<Integer> pnns) {
            pnns.forEach(node::fence);
          }

          @Override
          public void refused(long promised) {
            coordinator.abandon();
            node.daemon(Chance.MILLIS, Leader.this::reconsider);
          }
        });
  }

  private SortedSet<Integer> someOf(SortedSet<Integer> members) {
    if (!chance.oneIn(3)) {
      return members;
    }
    List<Integer> some = new ArrayList<>(members);
    while (some.size() > 1 && chance.oneIn(2)) {
      some.remove(chance.below(some.size()));
    }
    return new TreeSet<>(some);
  }

  /** To ZooKeeper and back: the leader may die on either way. */
  private void write(int term, long base, Epoch next, SortedMap<Integer, Integer> sessions) {
    writing = true;
    int life = node.life();
    node.outside(
        chance.skewed(50 * Chance.MICROS, 2 * Chance.MILLIS),
        () -> {
          boolean written = control.write(term, base, next, sessions);
          if (written) {
            node.committed();
          }
          node.trace(() -> (written ? "committed " : "could not commit ") + next);
          node.daemonOf(
              life,
              chance.skewed(50 * Chance.MICROS, 2 * Chance.MILLIS),
              () -> {
                writing = false;
                if (written) {
                  owing = false;
                  coordinator.commit(next.number());
                } else {
                  coordinator.abandon();
                }
                reconsider();
              });
        });
  }
}
