package io.jctdb.database.record;

import io.jctdb.protocol.Key;
import java.util.Arrays;

/**
 * A set of records, each as a hash of 64 bits: 8 to 16 bytes a record, whatever the keys are. Two
 * records of one hash count as one: with a million records that happens once in 30 million sets.
 *
 * <p>Open addressing with linear probing; an entry that goes closes its gap. Full at {@link
 * #SLOTS_MAX} * 3/4 entries; what does not fit makes the set {@linkplain #overflowed incomplete}.
 */
final class Fingerprints {
  private static final int SLOTS_MIN = 64;
  private static final int SLOTS_MAX = 1 << 22;

  /** An empty slot; a record with that hash gets another one. */
  private static final long NONE = 0;

  /** Which bits of a fingerprint say where it is. */
  private final int shift;

  private long[] slots = new long[SLOTS_MIN];
  private int size;
  private boolean overflowed;

  Fingerprints() {
    this(false);
  }

  /**
   * @param foreign whether it will be filled from {@link #toArray} of a set that is not. The order
   *     of one set's slots must not be the order of the other's: while the other is smaller, all
   *     would go to the same part of it, and each search would be as long as that part
   */
  Fingerprints(boolean foreign) {
    shift = foreign ? 32 : 0;
  }

  static long of(int dbId, Key key) {
    long hash = mix(dbId ^ 0x9E3779B97F4A7C15L);
    byte[] bytes = key.bytes();
    for (byte b : bytes) {
      hash = (hash ^ (b & 0xFF)) * 0x100000001B3L;
      hash ^= hash >>> 29;
    }
    hash = mix(hash ^ ((long) bytes.length << 32));
    return hash == NONE ? 1 : hash;
  }

  private static long mix(long z) {
    long a = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    long b = (a ^ (a >>> 27)) * 0x94D049BB133111EBL;
    return b ^ (b >>> 31);
  }

  int size() {
    return size;
  }

  /** Whether something had no room: then the absence of an entry says nothing. */
  boolean overflowed() {
    return overflowed;
  }

  /** All of them, in no order. */
  long[] toArray() {
    long[] all = new long[size];
    int count = 0;
    for (long slot : slots) {
      if (slot != NONE) {
        all[count++] = slot;
      }
    }
    return all;
  }

  boolean contains(long fingerprint) {
    return slots[find(fingerprint)] != NONE;
  }

  void add(long fingerprint) {
    if (fingerprint == NONE || contains(fingerprint)) {
      return;
    }
    if (size >= slots.length / 4 * 3 && !grow()) {
      overflowed = true;
      return;
    }
    slots[find(fingerprint)] = fingerprint;
    size++;
  }

  void remove(long fingerprint) {
    int gap = find(fingerprint);
    if (fingerprint == NONE || slots[gap] == NONE) {
      return;
    }
    size--;
    int mask = slots.length - 1;
    for (int at = (gap + 1) & mask; slots[at] != NONE; at = (at + 1) & mask) {
      int home = home(slots[at]);
      // An entry may fill the gap unless its home lies behind the gap, up to where it is.
      if (((at - home) & mask) >= ((at - gap) & mask)) {
        slots[gap] = slots[at];
        gap = at;
      }
    }
    slots[gap] = NONE;
  }

  /** Where the entry is, or the empty slot where it would be. */
  private int find(long fingerprint) {
    int mask = slots.length - 1;
    int at = home(fingerprint);
    while (slots[at] != NONE && slots[at] != fingerprint) {
      at = (at + 1) & mask;
    }
    return at;
  }

  private int home(long fingerprint) {
    return (int) (fingerprint >>> shift) & (slots.length - 1);
  }

  /** How many slots have to be looked at for the entry that takes longest to find. */
  int longestSearch() {
    int mask = slots.length - 1;
    int longest = 0;
    for (int at = 0; at < slots.length; at++) {
      if (slots[at] != NONE) {
        longest = Math.max(longest, ((at - home(slots[at])) & mask) + 1);
      }
    }
    return longest;
  }

  private boolean grow() {
    if (slots.length == SLOTS_MAX) {
      return false;
    }
    long[] old = slots;
    slots = new long[2 * old.length];
    Arrays.stream(old).filter(f -> f != NONE).forEach(f -> slots[find(f)] = f);
    return true;
  }
}
