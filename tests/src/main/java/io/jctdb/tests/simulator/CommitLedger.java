package io.jctdb.tests.simulator;

import io.jctdb.database.DatabaseType;
import io.jctdb.database.Databases.DurableDatabase;
import io.jctdb.database.commit.CommitEngine;
import io.jctdb.protocol.Key;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * What must be true of the persistent database, checked at every write to any disk.
 *
 * <p>Every transaction replaces two records by one new value, whose predecessor it has read. So a
 * copy is whole when both are the same, and what was acknowledged must be among the ancestors of
 * what is there. A sequence number, together with its stamp, names one content in the whole history
 * of the cluster, and no copy ever goes back to an earlier one.
 */
final class CommitLedger implements CommitEngine.CopyWatch {
  static final DurableDatabase DATABASE =
      new DurableDatabase(0x6CF2837D, "registry.tdb", DatabaseType.PERSISTENT);
  static final Key LEFT = SimulatedDisk.key("left");
  static final Key RIGHT = SimulatedDisk.key("right");

  private record Version(long number, long stamp) {}

  private final Map<Long, Long> parents = new HashMap<>();
  private final Set<Long> acknowledged = new HashSet<>();
  private final Map<Version, String> contents = new HashMap<>();

  /** Whose copies lack what others have written. */
  private final Set<Integer> behind = new TreeSet<>();

  /** The highest sequence number that was on all participants of an epoch, or was served there. */
  private long completed;

  private long refused;
  private long writes;

  /**
   * Whether this copy has all that was acknowledged, and has seen the last sequence number that
   * clients may have seen everywhere. A cluster without any such copy would begin anew from an old
   * one, in ctdb as here, so none is made.
   */
  boolean knowsAll(SimulatedDisk disk) {
    return disk.sequenceNumber() >= completed
        && ancestors(disk.value(LEFT)).containsAll(acknowledged);
  }

  /** What was acknowledged and is in this copy. */
  Set<Long> acknowledgedOn(SimulatedDisk disk) {
    Set<Long> there = ancestors(disk.value(LEFT));
    there.retainAll(acknowledged);
    return there;
  }

  long acknowledgements() {
    return acknowledged.size();
  }

  long refusals() {
    return refused;
  }

  long writes() {
    return writes;
  }

  @Override
  public void behind(int pnn, DurableDatabase database, String why) {
    behind.add(pnn);
  }

  @Override
  public void level(int pnn, DurableDatabase database) {
    behind.remove(pnn);
  }

  /** A client of a node makes {@code value} out of {@code parent}. */
  void begun(long value, long parent) {
    parents.put(value, parent);
  }

  void refused() {
    refused++;
  }

  /** A client has learned that its transaction is done, in an epoch of these members. */
  void acknowledged(long value, Set<Integer> members, Map<Integer, SimulatedDisk> disks) {
    acknowledged.add(value);
    for (int pnn : members) {
      SimulatedDisk disk = disks.get(pnn);
      if (disk != null && !behind.contains(pnn) && !ancestors(disk.value(LEFT)).contains(value)) {
        throw new Violation("transaction " + value + " was acknowledged and is not on node " + pnn);
      }
    }
  }

  /** A node has written its copy. */
  void written(
      int pnn,
      SimulatedDisk disk,
      long oldNumber,
      long oldStamp,
      Set<Integer> members,
      Map<Integer, SimulatedDisk> disks) {
    writes++;
    if (disk.value(LEFT) != disk.value(RIGHT)) {
      throw new Violation("half a transaction on node " + pnn + ": " + disk.content());
    }
    long number = disk.sequenceNumber();
    long stamp = disk.stamp();
    if (number < oldNumber || (number == oldNumber && stamp < oldStamp)) {
      throw new Violation(
          "the sequence number goes back on node " + pnn + ": " + oldNumber + " -> " + number);
    }
    if (members.contains(pnn) && !behind.contains(pnn)) {
      completes(members, disks);
    }
    String content = disk.content();
    String known = contents.putIfAbsent(new Version(number, stamp), content);
    if (known != null && !known.equals(content)) {
      throw new Violation(
          "two contents with sequence number " + number + ": " + known + " and " + content);
    }
  }

  /**
   * Clients of a member are served from its copy, which is level with the others. What an earlier
   * epoch wrote on some of its members only is on all participants now, without any further write.
   */
  void served(int pnn, Set<Integer> members, Map<Integer, SimulatedDisk> disks) {
    if (members.contains(pnn) && !behind.contains(pnn)) {
      completes(members, disks);
    }
  }

  /**
   * Followers are told what all participants have written, and show it to their clients. Who could
   * not write it is no participant any more.
   */
  void followed(long number) {
    completed = Math.max(completed, number);
  }

  private void completes(Set<Integer> members, Map<Integer, SimulatedDisk> disks) {
    disks.entrySet().stream()
        .filter(disk -> members.contains(disk.getKey()) && !behind.contains(disk.getKey()))
        .mapToLong(disk -> disk.getValue().sequenceNumber())
        .min()
        .ifPresent(everywhere -> completed = Math.max(completed, everywhere));
  }

  /** When all is quiet: everything that was acknowledged is on all of these. */
  void checkEnd(Map<Integer, SimulatedDisk> disks) {
    disks.forEach(
        (pnn, disk) -> {
          if (!knowsAll(disk)) {
            throw new Violation("an acknowledged transaction is lost on " + pnn);
          }
        });
  }

  private Set<Long> ancestors(long value) {
    Set<Long> ancestors = new HashSet<>();
    for (long at = value; at != Value.EMPTY; at = parents.getOrDefault(at, Value.EMPTY)) {
      if (!ancestors.add(at)) {
        throw new Violation("transaction " + at + " is its own ancestor");
      }
    }
    return ancestors;
  }
}
