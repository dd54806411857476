package io.jctdb.database.record;

import io.jctdb.protocol.Key;
import io.jctdb.store.RecordStore;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The {@linkplain Fingerprints fingerprints} of all copies in this node's volatile databases, so
 * that no file need be read to tell them.
 *
 * <p>It can be kept because copies come and go by this engine alone: a file starts empty, and
 * clients write to copies that are there but neither add nor remove one (databases.md 5: a client
 * that finds no copy of its own asks; a deletion leaves an empty record). Where somebody else
 * replaces the content (a restore), {@link #forget} makes the database <em>unknown</em> until its
 * file has been read once.
 *
 * <p>It may hold too much, never too little. Owner thread only.
 */
final class CopyIndex {
  private final Map<Integer, Fingerprints> known = new HashMap<>();

  /** Databases of which {@link #known} need not hold all. */
  private final Set<Integer> unknown = new HashSet<>();

  /** A copy is about to be stored. */
  void stored(int dbId, Key key) {
    set(dbId).add(Fingerprints.of(dbId, key));
  }

  /** A copy was found in the file. */
  void found(int dbId, long fingerprint) {
    set(dbId).add(fingerprint);
  }

  /** The copy has been deleted. */
  void deleted(int dbId, Key key) {
    Fingerprints set = known.get(dbId);
    if (set != null) {
      set.remove(Fingerprints.of(dbId, key));
    }
  }

  private Fingerprints set(int dbId) {
    return known.computeIfAbsent(dbId, id -> new Fingerprints());
  }

  /** The content was replaced, or the database is gone. */
  void forget(int dbId) {
    known.remove(dbId);
    unknown.add(dbId);
  }

  /** All databases are emptied before this node joins again. */
  void leftCluster() {
    known.clear();
    unknown.clear();
  }

  /** Whether all is known without a look into the file. */
  boolean isKnown(int dbId) {
    return !unknown.contains(dbId);
  }

  /** {@link RecordStore#census} has shown all of them to {@link #found} since {@link #forget}. */
  void nowKnown(int dbId) {
    unknown.remove(dbId);
  }

  /** All of a database, or null if there are more than can be told. */
  long @Nullable [] all(int dbId) {
    Fingerprints set = known.get(dbId);
    if (set == null) {
      return new long[0];
    }
    return set.overflowed() ? null : set.toArray();
  }

  /** All of these databases, or null if not all is known, or there are more than can be told. */
  long @Nullable [] all(Collection<Integer> databases) {
    List<long[]> found = new ArrayList<>();
    for (int dbId : databases) {
      long[] all = isKnown(dbId) ? all(dbId) : null;
      if (all == null) {
        return null;
      }
      found.add(all);
    }
    return found.stream().flatMapToLong(Arrays::stream).toArray();
  }

  int size() {
    return known.values().stream().mapToInt(Fingerprints::size).sum();
  }
}
