package io.jctdb.database.record;

import io.jctdb.database.Epoch;
import io.jctdb.protocol.Key;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Which node is lmaster of a key: keys hash to slots, and each slot goes to the lmaster-capable
 * member with the highest weight for it (rendezvous hashing), so that a membership change moves
 * only the slots of nodes that left or joined. The same on every node, because it depends on
 * nothing but the member list.
 *
 * <p>One thread at a time: it is filled in as it is used.
 */
public final class SlotLayout {
  /** A power of two, large enough that 50 nodes share evenly within a few percent. */
  public static final int SLOTS = 4096;

  private final int[] lmasters;

  /** Filled as slots are asked for; 0 = not yet, otherwise pnn + 1. */
  private final int[] lmasterOfSlot = new int[SLOTS];

  public SlotLayout(Epoch epoch) {
    lmasters = epoch.lmasters().stream().mapToInt(Integer::intValue).toArray();
  }

  /**
   * The layout of the same epoch without one of its lmasters: only the slots of that one are
   * elsewhere. If it is the only lmaster, the other members take its place.
   */
  static SlotLayout without(Epoch epoch, int pnn) {
    SortedSet<Integer> rest = new TreeSet<>(epoch.lmasters());
    rest.remove(pnn);
    if (rest.isEmpty()) {
      rest.addAll(epoch.members());
      rest.remove(pnn);
    }
    return new SlotLayout(new Epoch(epoch.number(), epoch.members(), rest, epoch.remote()));
  }

  public static int slot(Key key) {
    int hash = key.jenkinsHash();
    return (hash ^ (hash >>> 16)) & (SLOTS - 1);
  }

  public int lmaster(Key key) {
    int slot = slot(key);
    if (lmasterOfSlot[slot] == 0) {
      lmasterOfSlot[slot] = heaviest(slot) + 1;
    }
    return lmasterOfSlot[slot] - 1;
  }

  private int heaviest(int slot) {
    int lmaster = lmasters[0];
    long best = Long.MIN_VALUE;
    for (int pnn : lmasters) {
      long weight = mix(((long) pnn << 32) ^ slot);
      if (weight > best) {
        best = weight;
        lmaster = pnn;
      }
    }
    return lmaster;
  }

  /** The finalizer of SplitMix64: every input bit reaches every output bit. */
  private static long mix(long z) {
    z += 0x9E3779B97F4A7C15L;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
