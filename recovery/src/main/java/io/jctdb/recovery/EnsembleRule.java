package io.jctdb.recovery;

import io.jctdb.protocol.EnsembleNotice;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Whether a daemon may take part in the cluster with the ZooKeeper servers that it was started
 * with.
 *
 * <p>Two sets of servers that have no majority in common can elect two leaders, and then two nodes
 * serve one address. So a set is agreed upon once, is kept on the disk of each node that has taken
 * part with it (it is <em>firm</em> there), and stays in force whatever the nodes file says later.
 * A node without one on its disk takes over what others have; where nobody has any, it begins when
 * all nodes have said the same, but for those that have not been there for a while. Who meets
 * another set that is in use stays out. The argument is in docs/fencing.md.
 *
 * <p>A pure function of what this node has and what it knows of the others.
 */
public final class EnsembleRule {
  private EnsembleRule() {}

  /** What is known of another node of the nodes file. */
  public sealed interface Peer {}

  /**
   * It has said what it works with.
   *
   * @param connected false if that was before its link went down
   */
  public record Says(EnsembleNotice notice, boolean connected) implements Peer {}

  /** Its link is up, and it has not answered yet. */
  public record Asked() implements Peer {}

  /** Its link is up; its version does not know the question. */
  public record Older() implements Peer {}

  /** Somebody listens there, but there is no link. */
  public record Listens() implements Peer {}

  /** Nobody listens there now, but somebody may have done so not long ago. */
  public record Unheard() implements Peer {}

  /** Nobody has listened there for a while, as far as this node can see. */
  public record Absent() implements Peer {}

  /** What is to be done. */
  public sealed interface Verdict {}

  /** May be a member. Before it is one for the first time, its set must be on disk. */
  public record Fit() implements Verdict {}

  /** Not yet: these nodes have not said what they work with. */
  public record Await(SortedSet<Integer> pnns) implements Verdict {
    public Await {
      pnns = new TreeSet<>(pnns);
    }
  }

  /** Take over what the cluster, seen at node {@code pnn}, works with. */
  public record Adopt(int pnn, String ensemble) implements Verdict {}

  /** No member with the own set, because node {@code pnn} works with another. */
  public record StandBack(int pnn, String ensemble) implements Verdict {}

  /**
   * Decides.
   *
   * @param own what this node works with
   * @param peers all other nodes of the nodes file
   */
  public static Verdict judge(EnsembleNotice own, SortedMap<Integer, Peer> peers) {
    if (own.acting()) {
      return ofMember(own, peers);
    }
    return own.firm() ? ofFormerMember(own, peers) : ofNewcomer(own, peers);
  }

  /** Two clusters have met: one of them ends, and all nodes agree which. */
  private static Verdict ofMember(EnsembleNotice own, SortedMap<Integer, Peer> peers) {
    for (int pnn : peers.keySet()) {
      if (peers.get(pnn) instanceof Says says
          && says.notice.acting()
          && differs(own, says)
          && outranks(says.notice.ensemble(), own.ensemble())) {
        return standBack(pnn, says);
      }
    }
    return new Fit();
  }

  private static Verdict ofFormerMember(EnsembleNotice own, SortedMap<Integer, Peer> peers) {
    boolean others = false;
    for (int pnn : peers.keySet()) {
      if (peers.get(pnn) instanceof Says says && differs(own, says) && says.notice.acting()) {
        return standBack(pnn, says);
      }
      others |=
          peers.get(pnn) instanceof Says says
              && says.connected
              && says.notice.acting()
              && !differs(own, says);
    }
    for (int pnn : peers.keySet()) {
      // Newcomers will adopt what is firm here. If it is firm there, too, those who act decide.
      if (peers.get(pnn) instanceof Says says
          && differs(own, says)
          && says.notice.firm()
          && !others) {
        return standBack(pnn, says);
      }
    }
    // A server that is alone has its quorum before it has met anybody.
    return awaiting(peers, servers(own.ensemble()) == 1, false);
  }

  private static Verdict ofNewcomer(EnsembleNotice own, SortedMap<Integer, Peer> peers) {
    SortedSet<String> firm =
        said(peers)
            .filter(says -> says.notice.firm())
            .map(says -> says.notice.ensemble())
            .collect(Collectors.toCollection(TreeSet::new));
    for (int pnn : peers.keySet()) {
      if (peers.get(pnn) instanceof Says says && differs(own, says)) {
        if (firm.size() == 1 && says.notice.firm()) {
          return new Adopt(pnn, says.notice.ensemble());
        }
        if (firm.isEmpty() || firm.size() > 1) {
          return standBack(pnn, says);
        }
      }
    }
    return awaiting(peers, firm.isEmpty(), firm.isEmpty());
  }

  private static Verdict awaiting(
      SortedMap<Integer, Peer> peers, boolean listening, boolean unheard) {
    SortedSet<Integer> awaited = new TreeSet<>();
    peers.forEach(
        (pnn, peer) -> {
          if (peer instanceof Asked
              || listening && peer instanceof Listens
              || unheard && peer instanceof Unheard) {
            awaited.add(pnn);
          }
        });
    return awaited.isEmpty() ? new Fit() : new Await(awaited);
  }

  private static Verdict standBack(int pnn, Says says) {
    return new StandBack(pnn, says.notice.ensemble());
  }

  private static Stream<Says> said(SortedMap<Integer, Peer> peers) {
    return peers.values().stream().filter(Says.class::isInstance).map(Says.class::cast);
  }

  private static boolean differs(EnsembleNotice own, Says says) {
    return !own.ensemble().equals(says.notice.ensemble());
  }

  /**
   * More servers stay before fewer: a server that is alone needs nobody to have a quorum, many need
   * several nodes. Otherwise any order will do that is the same everywhere.
   */
  private static boolean outranks(String one, String other) {
    int more = Integer.compare(servers(one), servers(other));
    return more > 0 || more == 0 && one.compareTo(other) < 0;
  }

  private static int servers(String ensemble) {
    return Ensemble.parse(ensemble).map(known -> known.members().size()).orElse(Integer.MAX_VALUE);
  }
}
