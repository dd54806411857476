package io.jctdb.tests.simulator;

import io.jctdb.protocol.Key;
import io.jctdb.protocol.RecordHeader;
import io.jctdb.store.StoredRecord;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What must be true, checked at every change of a record on any node.
 *
 * <p>It sees everything at once, so it knows for each key which node owns it and which values the
 * record may have. Normally that is one value, the last one written. When a node dies that owned the
 * record, the value may go back to that of the newest surviving copy, and to nothing else; when the
 * dead node had just handed it over, either may come, because the grant may have been on its way.
 */
final class Ledger {
  private static final class Entry {
    /** The node whose copy names itself, or null. */
    @Nullable Integer owner;

    /** What the next one who looks may find. */
    Set<Long> possible = Set.of(Value.EMPTY);

    /** Whether the record was empty at any time since its present owner got it. */
    boolean wasEmpty;
  }

  private final Map<Key, Entry> entries = new LinkedHashMap<>();
  private final History history;

  Ledger(History history) {
    this.history = history;
  }

  /** A daemon changes its node's copy. */
  void stored(int node, Key key, @Nullable StoredRecord old, @Nullable StoredRecord fresh) {
    Entry entry = entry(key);
    check(
        old == null || fresh == null || fresh.header().rsn() >= old.header().rsn(),
        key,
        "rsn goes back on node " + node + ": " + old + " -> " + fresh);
    boolean owned = isOwner(node, old);
    boolean owns = isOwner(node, fresh);
    if (owned) {
      check(entry.owner != null && entry.owner == node, key, "owner is " + entry.owner);
      entry.owner = null;
    }
    if (owns && fresh != null) {
      check(entry.owner == null, key, "nodes " + entry.owner + " and " + node + " both own it");
      entry.owner = node;
      entry.wasEmpty = fresh.isEmpty();
      found(node, key, Value.number(fresh));
    }
    if (fresh != null) {
      checkHeader(key, fresh.header());
    }
    if (owned && old != null && fresh == null) {
      check(Value.number(old) == Value.EMPTY, key, "deleted with data on node " + node);
    }
  }

  private void checkHeader(Key key, RecordHeader header) {
    int never = RecordHeader.AUTOMATIC | RecordHeader.VACUUM_MIGRATED;
    check((header.flags() & never) == 0, key, "flags " + Integer.toHexString(header.flags()));
    check(header.rsn() > 0, key, "rsn " + header.rsn());
  }

  /** Whoever sees the record as its owner has found this value. */
  void found(int node, Key key, long value) {
    Entry entry = entry(key);
    check(
        entry.possible.contains(value),
        key,
        "node " + node + " finds " + value + ", possible is only " + entry.possible);
    entry.possible = Set.of(value);
  }

  /** A client changes the value on the node that owns the record. */
  void written(int node, Key key, long value) {
    Entry entry = entry(key);
    check(entry.owner != null && entry.owner == node, key, "written on " + node + " by a stranger");
    entry.possible = Set.of(value);
    entry.wasEmpty |= value == Value.EMPTY;
  }

  /** The rsn at a new owner is higher than that of every other copy. */
  void checkNewest(int node, Key key, StoredRecord fresh, Collection<StoredRecord> others) {
    for (StoredRecord other : others) {
      check(
          other.header().rsn() < fresh.header().rsn(),
          key,
          "node " + node + " owns " + fresh.header() + " beside " + other.header());
    }
  }

  /** A node is gone with all its copies. */
  void lost(int node, Key key, @Nullable StoredRecord copy, Collection<StoredRecord> survivors) {
    Entry entry = entry(key);
    boolean owner = entry.owner != null && entry.owner == node;
    if (owner) {
      entry.owner = null;
    }
    if (copy == null || entry.owner != null) {
      return;
    }
    StoredRecord newest = null;
    for (StoredRecord survivor : survivors) {
      if (newest == null || survivor.header().rsn() > newest.header().rsn()) {
        newest = survivor;
      }
    }
    if (newest != null && newest.header().rsn() >= copy.header().rsn()) {
      return; // what died was not the newest copy
    }
    Set<Long> possible = new LinkedHashSet<>();
    possible.add(newest == null ? Value.EMPTY : Value.number(newest));
    if (!owner) {
      possible.addAll(entry.possible); // the grant may arrive, or not
    }
    if (entry.wasEmpty) {
      // Its older copies may be on the way to be removed, one by one: then the deletion stands.
      possible.add(Value.EMPTY);
      survivors.forEach(survivor -> possible.add(Value.number(survivor)));
    }
    entry.possible = possible;
    history.rolledBack(key, possible);
  }

  private static boolean isOwner(int node, @Nullable StoredRecord record) {
    return record != null && record.header().dmaster() == node;
  }

  private Entry entry(Key key) {
    return entries.computeIfAbsent(key, k -> new Entry());
  }

  private static void check(boolean condition, Key key, String broken) {
    if (!condition) {
      throw new Violation("key " + key + ": " + broken);
    }
  }
}
