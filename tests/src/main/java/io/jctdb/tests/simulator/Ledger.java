package io.jctdb.tests.simulator;

import io.jctdb.protocol.Key;
import io.jctdb.protocol.RecordHeader;
import io.jctdb.store.StoredRecord;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What must be true, checked at every change of a record on any node.
 *
 * <p>It sees everything at once, so it knows for each key which node owns it and which values the
 * record may have. Normally that is one value, the last one written. When a node dies that owned
 * the record, the value may go back to that of the newest surviving copy, and to nothing else; when
 * the dead node had just handed it over, or given copies to read, either may come, because these
 * may have been on their way; and when copies older than a deletion survive, they may still be
 * removed on account of it.
 */
final class Ledger {
  private static final class Entry {
    /** The node whose copy names itself, or null. */
    @Nullable Integer owner;

    /** What the next one who looks may find. */
    Set<Long> possible = Set.of(Value.EMPTY);

    /** How often it was written, moved, lost or wiped. */
    long changes;

    Set<Long> beforeWipe = Set.of();

    /**
     * The highest rsn at which the record has been empty. Copies up to it may be on the way to be
     * removed, and vanish at any time.
     */
    long emptyRsn;
  }

  private final Map<Key, Entry> entries = new LinkedHashMap<>();
  private final History history;
  private final Consumer<Key> changed;

  /**
   * @param changed hears of every key that was written, moved, lost or wiped, and when its value
   *     became certain
   */
  Ledger(History history, Consumer<Key> changed) {
    this.history = history;
    this.changed = changed;
  }

  @Nullable Integer owner(Key key) {
    return entry(key).owner;
  }

  Set<Long> possible(Key key) {
    return entry(key).possible;
  }

  long changes(Key key) {
    return entry(key).changes;
  }

  private void change(Key key) {
    entry(key).changes++;
    changed.accept(key);
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
      if (fresh.isEmpty()) {
        entry.emptyRsn = Math.max(entry.emptyRsn, fresh.header().rsn());
      }
      found(node, key, Value.number(fresh));
    }
    if (owned != owns) {
      change(key);
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

  /** A copy that is not the owner's can be read on a node. */
  void readable(int node, Key key, StoredRecord copy) {
    check(
        entry(key).possible.contains(Value.number(copy)),
        key,
        "node " + node + " may read " + copy + ", possible is only " + entry(key).possible);
  }

  /** A client changes the value on the node that owns the record. */
  void written(int node, Key key, long rsn, long value) {
    Entry entry = entry(key);
    check(entry.owner != null && entry.owner == node, key, "written on " + node + " by a stranger");
    entry.possible = Set.of(value);
    change(key);
    if (value == Value.EMPTY) {
      entry.emptyRsn = Math.max(entry.emptyRsn, rsn);
    }
  }

  /** The rsn at a new owner is higher than that of every other copy. */
  void checkNewest(int node, Key key, StoredRecord fresh, Collection<StoredRecord> others) {
    if (others.isEmpty() && fresh.isEmpty()) {
      entry(key).emptyRsn = fresh.header().rsn(); // it begins afresh
    }
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
      change(key);
    }
    if (copy == null || entry.owner != null) {
      return;
    }
    List<StoredRecord> newestFirst = new ArrayList<>(survivors);
    newestFirst.sort(Comparator.comparingLong((StoredRecord r) -> r.header().rsn()).reversed());
    if (!newestFirst.isEmpty() && newestFirst.getFirst().header().rsn() >= copy.header().rsn()) {
      return; // what died was not the newest copy
    }
    Set<Long> possible = new LinkedHashSet<>();
    boolean delegated = (copy.header().flags() & RecordHeader.RO_HAVE_DELEGATIONS) != 0;
    if (!owner || delegated) {
      possible.addAll(entry.possible); // the grant, or a read-only copy, may arrive, or not
    }
    boolean lasting = false;
    for (StoredRecord survivor : newestFirst) {
      possible.add(Value.number(survivor));
      if (survivor.header().rsn() > entry.emptyRsn) {
        lasting = true;
        break;
      }
    }
    if (!lasting) {
      possible.add(Value.EMPTY); // a deletion that was under way stands
    }
    entry.possible = possible;
    change(key);
    history.rolledBack(key, possible);
  }

  /** All copies are about to be wiped; until that is done, anything may be found. */
  void wipeBegins(Key key, Collection<StoredRecord> copies) {
    Entry entry = entry(key);
    Set<Long> possible = new LinkedHashSet<>(entry.possible);
    copies.forEach(copy -> possible.add(Value.number(copy)));
    possible.add(Value.EMPTY);
    entry.possible = possible;
    entry.beforeWipe = possible;
    change(key);
    history.rolledBack(key, possible);
  }

  /** The wipe was given up in the middle: anything of before may still be found. */
  void wipeGivenUp(Key key) {
    Entry entry = entry(key);
    entry.possible = entry.beforeWipe;
    change(key);
    history.rolledBack(key, entry.possible);
  }

  void wipedOn(int node, Key key) {
    Entry entry = entry(key);
    if (entry.owner != null && entry.owner == node) {
      entry.owner = null;
    }
  }

  /** No copy is left, and nothing of before may come back. */
  void wipeEnds(Key key) {
    Entry entry = entry(key);
    check(entry.owner == null, key, "owned by " + entry.owner + " after the wipe");
    entry.possible = Set.of(Value.EMPTY);
    entry.emptyRsn = 0;
    change(key);
    history.rolledBack(key, entry.possible);
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
