package io.jctdb.database.record;

import io.jctdb.database.Epoch;
import io.jctdb.database.message.TraverseMessage;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * In which databases members at remote sites may own records, so that a traverse at the main site
 * asks none of them for nothing: that would be one round trip of a long line.
 *
 * <p>Whatever a remote node gets, an lmaster has let it have. So each lmaster notes the database
 * before it does, and all of them together know every one. What a member of the main site has noted
 * is lost with it. Then, and whenever this node cannot tell whether that has happened, a remote
 * node may own records of any database, until it has said itself in which it has acquired some.
 *
 * <p>Invariant: if a remote node owns a record of a database, then at least one of the voters
 * either has that noted or does not know. What is noted is kept as long as that node is a member:
 * it errs on the side of asking.
 *
 * <p>Shared by the record engine and the traverses of a node. Owner thread only.
 */
public final class RemoteOwners {
  /** By remote node: databases of which this node, as lmaster, has let it have a record. */
  private final Map<Integer, Set<Integer>> noted = new HashMap<>();

  /** Remote nodes that may own records which nobody has noted. */
  private final Set<Integer> unknown = new HashSet<>();

  /** What remote nodes have said of an epoch that has not begun here. */
  private final Map<Integer, TraverseMessage.Owns> early = new HashMap<>();

  /** Databases of which this node has acquired a record since it joined. */
  private final Set<Integer> acquired = new HashSet<>();

  private @Nullable Epoch epoch;

  /** This node as lmaster is about to let {@code pnn} have a record. */
  public void grants(int pnn, int dbId) {
    Epoch current = epoch;
    if (current == null || current.isRemote(pnn) || !current.hasMember(pnn)) {
      note(pnn, Set.of(dbId));
    }
  }

  private void note(int pnn, Set<Integer> databases) {
    noted.computeIfAbsent(pnn, node -> new HashSet<>()).addAll(databases);
  }

  /** This node has become owner of a record. */
  public void acquires(int dbId) {
    acquired.add(dbId);
  }

  /** The local copies are not what they were: records may have any owner. */
  void rewritten(int dbId) {
    acquires(dbId);
    Epoch current = epoch;
    if (current != null) {
      current.followers().forEach(pnn -> note(pnn, Set.of(dbId)));
    }
  }

  /** What this node, at a remote site, tells the others. Null outside the cluster. */
  public TraverseMessage.@Nullable Owns report() {
    Epoch current = epoch;
    return current == null ? null : new TraverseMessage.Owns(current.number(), acquired);
  }

  public void reported(int pnn, TraverseMessage.Owns report) {
    Epoch current = epoch;
    if (current == null || report.epoch() > current.number()) {
      early.put(pnn, report);
    } else if (report.epoch() == current.number() && unknown.remove(pnn)) {
      note(pnn, report.databases());
    }
  }

  /**
   * The remote nodes that may own records of this database, as far as this node can tell; {@link
   * TraverseMessage#ANYBODY} if it cannot.
   */
  public SortedSet<Integer> mayOwn(int dbId) {
    SortedSet<Integer> pnns = new TreeSet<>();
    Epoch current = epoch;
    if (current == null) {
      pnns.add(TraverseMessage.ANYBODY);
    } else {
      for (int pnn : current.followers()) {
        if (unknown.contains(pnn)
            || noted.getOrDefault(pnn, Set.of()).contains(dbId)
            || hasRemoteLmaster(current)) {
          pnns.add(pnn);
        }
      }
    }
    return pnns;
  }

  /** One that has been asked for by configuration. What it lets others have, it does not tell. */
  private static boolean hasRemoteLmaster(Epoch of) {
    return !Collections.disjoint(of.lmasters(), of.followers());
  }

  public void epochStarted(Epoch started) {
    boolean whole = isAllKnown(epoch, started);
    epoch = started;
    SortedSet<Integer> followers = started.followers();
    noted.keySet().retainAll(followers);
    unknown.retainAll(followers);
    if (!whole) {
      unknown.addAll(followers);
    }
    Map<Integer, TraverseMessage.Owns> waiting = Map.copyOf(early);
    early.clear();
    waiting.forEach(this::reported);
  }

  /** Whether everybody who may have noted something is still here, and was asked to. */
  private static boolean isAllKnown(@Nullable Epoch before, Epoch started) {
    return before != null
        && started.number() == before.number() + 1
        && started.members().containsAll(before.voters())
        && !hasRemoteLmaster(before);
  }

  public void leftCluster() {
    epoch = null;
    noted.clear();
    unknown.clear();
    early.clear();
    acquired.clear();
  }
}
