package io.jctdb.recovery;

import io.jctdb.database.Epoch;
import java.util.Map;
import java.util.OptionalInt;

/**
 * What the daemon learns. Every method is called on the membership thread, in the order of events,
 * and must return at once: hand the news to the thread that owns the matter.
 */
public interface MembershipListener {

  /** The registered nodes by pnn have changed; a node that is not in the map is DISCONNECTED. */
  void nodesChanged(Map<Integer, MemberInfo> nodes);

  /** This node's own flags have changed, by a setter or because a ban ran out. */
  void ownFlagsChanged(int before, int after);

  /** Another leader, or none known. */
  void leaderChanged(OptionalInt leader);

  /**
   * The newest committed epoch, as ZooKeeper has it: on every node, whether or not a COMMIT from
   * the leader has arrived. Never called with an older number than before. A node that is not among
   * the members, but acted as one, must stop acting now.
   */
  void epochCommitted(Epoch epoch);

  /**
   * The same.
   *
   * @param ownIncarnation of this node, as the epoch names it; 0 if it is no member
   */
  default void epochCommitted(Epoch epoch, long ownIncarnation) {
    epochCommitted(epoch);
  }

  /**
   * The {@link LastWill} of a member of the committed epoch {@code epoch} was told: its process has
   * ended and nothing that it held is left, and until the next epoch nobody acts in its place. Told
   * once for each epoch that such a life is a member of; this node may not have begun it yet.
   */
  default void memberDied(long epoch, int pnn) {}

  /**
   * A session with ZooKeeper is there and this node is registered in it with {@code ready = false},
   * as {@code incarnation}. As soon as the node holds nothing from an earlier life (records,
   * clients, addresses) call {@link ClusterMembership#setReady}(true).
   */
  void sessionEstablished(long incarnation);

  /** From now on this node may become a member, as this incarnation. Before readyChanged(true). */
  default void lifeBegins(long incarnation) {}

  /**
   * The lease now lasts until {@code untilNanos} on the configured clock: re-arm the dead-man
   * timer. Earlier than said before, when an epoch with more members asks for a lease of theirs,
   * too. {@link #leaseLost} comes {@link PeerTiming#fencing} before that time, so that letting go
   * is done when the timer would fire.
   */
  void leaseRenewed(long untilNanos);

  /**
   * This node has become one that may act as a member (it counts as ready from now on), or has
   * ceased to be one. While it may act, something outside the process must end it when it fails to
   * renew its lease.
   */
  default void readyChanged(boolean ready) {}

  /**
   * The lease has run out, the session has expired, or the leader has expelled this node: give up
   * public addresses, close clients, stop answering, now. When all of that is done, call {@link
   * ClusterMembership#setReady}(false); only then does this node register again as a new
   * incarnation, and {@link #sessionEstablished} follows. Not called while the node is not ready.
   */
  void leaseLost(String reason);

  /**
   * This node goes on without ZooKeeper, because every member of its epoch confirms that it holds
   * on to the same epoch; or does so no longer.
   */
  default void failsafeChanged(boolean failsafe) {}

  /** ZooKeeper does not answer. The node goes on serving until its lease runs out. */
  void quorumLost();

  /** ZooKeeper answers again (the lease may have been lost in between). */
  void quorumBack();
}
