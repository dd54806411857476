package io.jctdb.daemon.lifecycle;

import io.jctdb.daemon.cluster.ClusterView;
import io.jctdb.database.Epoch;
import io.jctdb.database.epoch.EpochCoordinator;
import io.jctdb.database.epoch.EpochListener;
import io.jctdb.database.epoch.EpochParticipant;
import io.jctdb.protocol.NodeFlags;
import io.jctdb.protocol.RunState;
import io.jctdb.recovery.ClusterMembership;
import io.jctdb.recovery.EpochChange;
import io.jctdb.recovery.EpochLives;
import io.jctdb.recovery.MemberInfo;
import io.jctdb.recovery.MembershipListener;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Between the cluster's control plane and this node's records: offers the node as a member when
 * nothing of an earlier life is left in it, takes it out of use when it must not act any more, and
 * passes epochs on. News arrive on the membership thread and are handled on the owner thread.
 */
public final class ClusterMember implements MembershipListener, EpochChange, EpochListener {
  private static final Logger log = LoggerFactory.getLogger(ClusterMember.class);

  /**
   * How long a node that could be a member waits for processes which hold chains of its databases.
   * After that the daemon begins anew, which gives it files of its own.
   */
  private static final long HELD_MAX = TimeUnit.SECONDS.toNanos(10);

  private final Executor owner;
  private final ClusterView cluster;
  private final EpochParticipant participant;
  private final EpochCoordinator coordinator;
  private final VolatileStores stores;
  private final LeaseGuard guard;
  private final FencingHistory history;
  private final Admission admission;
  private final Actions actions;
  private @Nullable ClusterMembership membership;
  private boolean offered;
  private boolean registered;
  private boolean clean = true;

  /** Errands of letting go that are under way: withdrawals, fencings, one during the other. */
  private int lettingGo;

  /** What the rest of the daemon does about the news. Owner thread. */
  public interface Actions {
    /** Nodes, flags or the leader have changed. */
    void clusterChanged();

    /** Nothing is left of that member of that epoch. */
    void memberDied(long epoch, int pnn);

    /** Delete the public addresses held here, at once and without scripts. */
    void dropAddresses();

    /** Move or release the public addresses held here in good order; then {@code done}. */
    void releaseAddresses(Runnable done);

    /** The local processes that served the released addresses are ending; then {@code done}. */
    void awaitClientsOfAddresses(Runnable done);

    /** Close every client's connection. */
    void closeClients();

    /** Record traffic of the old epoch has ended; the next is being agreed on. */
    void recoveryStarted();

    /**
     * End this process at once, as if it were killed, so that it is started anew with new files.
     */
    void endAtOnce(String why);
  }

  /** Whether this node may be a member at all. Owner thread. */
  public interface Admission {
    /** Asked before each life; if it is refused, {@link ClusterMember#reconsider} says when. */
    boolean admits();

    /** From now on this node may act as a member, or holds nothing as one any more. */
    void acting(boolean acting);
  }

  public ClusterMember(
      Executor owner,
      ClusterView cluster,
      EpochParticipant participant,
      EpochCoordinator coordinator,
      VolatileStores stores,
      LeaseGuard guard,
      FencingHistory history,
      Admission admission,
      Actions actions) {
    this.owner = owner;
    this.cluster = cluster;
    this.participant = participant;
    this.coordinator = coordinator;
    this.stores = stores;
    this.guard = guard;
    this.history = history;
    this.admission = admission;
    this.actions = actions;
    stores.onObstacle(this::recordsAreHeld);
  }

  public void joinThrough(ClusterMembership clusterMembership) {
    membership = clusterMembership;
  }

  private ClusterMembership membership() {
    if (membership == null) {
      throw new IllegalStateException("membership has not started");
    }
    return membership;
  }

  // --- being a member --------------------------------------------------------------------------

  /** From now on this node takes part whenever it can. */
  public void offer() {
    offered = true;
    joinIfPossible();
  }

  private void joinIfPossible() {
    if (offered
        && registered
        && clean
        && lettingGo == 0
        && !cluster.isInactive()
        && admission.admits()) {
      clean = false;
      admission.acting(true);
      participant.rejoin();
      membership().setReady(true);
    }
  }

  /**
   * Takes this node out of use, keeping its clients: addresses move away or are released with their
   * events, then {@code released} tells the cluster; those who served them take their open files
   * out of the databases; records are frozen and emptied, which may take as long as another process
   * holds a chain; membership ends, and {@code done}.
   */
  void withdraw(Runnable released, Runnable done) {
    lettingGo++;
    actions.releaseAddresses(
        () -> {
          released.run();
          actions.awaitClientsOfAddresses(
              () ->
                  emptyOut(
                      () -> {
                        done.run();
                        membership().setReady(false);
                      }));
        });
  }

  /** While everything else still works: public addresses go first. */
  void releaseAddresses(Runnable done) {
    actions.releaseAddresses(done);
  }

  /** It may be admitted now. */
  public void reconsider() {
    joinIfPossible();
  }

  /** This node must not be a member, for this reason, until it is admitted again. */
  public void standBack(String reason) {
    if (!clean && lettingGo == 0) {
      fence(reason);
    }
  }

  /** Out of use at once, because others may soon act in this node's place. */
  private void fence(String reason) {
    if (clean && participant.currentEpoch() == null) {
      guard.end();
      return;
    }
    log.error("this node is no member of the cluster any more: {}", reason);
    history.fenced(reason);
    actions.dropAddresses();
    actions.closeClients();
    lettingGo++;
    emptyOut(() -> membership().setReady(false));
    // Nothing is answered and served any more: this process may live on to begin anew.
    guard.end();
  }

  private void emptyOut(Runnable then) {
    actions.dropAddresses();
    participant.leave();
    cluster.setEpoch(null);
    actions.recoveryStarted();
    stores.freezeAndEmpty(
        () -> {
          lettingGo--;
          clean = true;
          admission.acting(false);
          then.run();
          joinIfPossible();
        });
  }

  /**
   * Some process has a chain of a volatile database and does not let go. Nobody is hurt: this node
   * acts no more. But it cannot be a member again either, unless it is not to be one anyway.
   */
  private void recordsAreHeld(long nanos, String who) {
    log.warn(
        "{} ms after this node was taken out of use, records are still held by others: {}",
        TimeUnit.NANOSECONDS.toMillis(nanos),
        who);
    if (nanos > HELD_MAX && !cluster.isInactive()) {
      actions.endAtOnce("others hold records that this node has to let go of");
    }
  }

  // --- epochs ----------------------------------------------------------------------------------

  @Override
  public CompletableFuture<Set<Integer>> propose(Epoch next) {
    return propose(next, Collections.emptySortedMap());
  }

  @Override
  public CompletableFuture<Set<Integer>> propose(EpochLives lives, Epoch next) {
    return propose(next, lives.incarnations());
  }

  private CompletableFuture<Set<Integer>> propose(Epoch next, SortedMap<Integer, Long> lives) {
    CompletableFuture<Set<Integer>> result = new CompletableFuture<>();
    long base = membership().epoch().map(Epoch::number).orElse(Epoch.NONE);
    owner.execute(
        () -> {
          try {
            coordinator.propose(base, next, lives, outcome(result));
          } catch (IllegalArgumentException e) {
            result.completeExceptionally(e);
          }
        });
    return result;
  }

  private static EpochCoordinator.Outcome outcome(CompletableFuture<Set<Integer>> result) {
    return new EpochCoordinator.Outcome() {
      @Override
      public void promised() {
        result.complete(Set.of());
      }

      @Override
      public void silent(SortedSet<Integer> pnns) {
        result.complete(pnns);
      }

      @Override
      public void refused(long promised) {
        result.completeExceptionally(
            new IllegalStateException("a member has promised epoch " + promised));
      }
    };
  }

  @Override
  public void commit(Epoch next) {
    owner.execute(
        () -> {
          if (!coordinator.commit(next.number())) {
            // Another proposal has taken its place; members read this epoch from ZooKeeper.
            log.info("epoch {} is committed while a later one is being prepared", next.number());
          }
        });
  }

  @Override
  public void epochPromised(long base, Epoch next) {
    membership().promised(base, next);
    epochPromised(next.number());
  }

  @Override
  public void epochPromised(long next) {
    actions.recoveryStarted();
  }

  @Override
  public void epochStarted(Epoch epoch) {
    log.info("epoch {} with members {}", epoch.number(), epoch.members());
    cluster.setEpoch(epoch);
    stores.open();
    actions.clusterChanged();
  }

  @Override
  public void leftCluster() {
    cluster.setEpoch(null);
  }

  /** The cluster went on without this node while it believed itself a member. */
  public void excluded(long base) {
    fence("epoch " + base + " began without it");
  }

  // --- news from ZooKeeper ---------------------------------------------------------------------

  @Override
  public void nodesChanged(Map<Integer, MemberInfo> nodes) {
    Map<Integer, Integer> flags = new HashMap<>();
    nodes.forEach((pnn, info) -> flags.put(pnn, flagsOf(info)));
    owner.execute(
        () -> {
          cluster.setPublishedFlags(flags);
          actions.clusterChanged();
        });
  }

  /** A node that does not run yet cannot be healthy, whatever its last monitor event said. */
  private static int flagsOf(MemberInfo info) {
    return info.runState() == RunState.RUNNING ? info.flags() : info.flags() | NodeFlags.UNHEALTHY;
  }

  @Override
  public void ownFlagsChanged(int before, int after) {
    owner.execute(
        () -> {
          log.info(
              "flags of this node: {}, were {}",
              NodeFlags.toString(after),
              NodeFlags.toString(before));
          cluster.setOwnFlags(after);
          joinIfPossible();
          actions.clusterChanged();
        });
  }

  @Override
  public void leaderChanged(OptionalInt leader) {
    owner.execute(
        () -> {
          cluster.setLeader(leader);
          actions.clusterChanged();
        });
  }

  @Override
  public void epochCommitted(Epoch epoch) {
    epochCommitted(epoch, 0);
  }

  @Override
  public void epochCommitted(Epoch epoch, long ownIncarnation) {
    owner.execute(
        () -> {
          Epoch current = participant.currentEpoch();
          if (epoch.hasMember(cluster.self())) {
            participant.adopt(epoch, ownIncarnation);
          } else if (current != null && current.number() < epoch.number()) {
            fence("epoch " + epoch.number() + " began without it");
          }
        });
  }

  @Override
  public void memberDied(long epoch, int pnn) {
    owner.execute(() -> actions.memberDied(epoch, pnn));
  }

  @Override
  public void sessionEstablished(long incarnation) {
    history.zooKeeperAnswers(true);
    owner.execute(
        () -> {
          registered = true;
          joinIfPossible();
        });
  }

  @Override
  public void leaseRenewed(long untilNanos) {
    // The address lease asks for the time itself when it renews.
    guard.renewed(untilNanos);
    history.leaseRenewed();
  }

  @Override
  public void lifeBegins(long incarnation) {
    owner.execute(() -> participant.livesAs(incarnation));
  }

  @Override
  public void readyChanged(boolean ready) {
    if (ready) {
      guard.begin();
    } else {
      guard.end();
    }
  }

  @Override
  public void leaseLost(String reason) {
    owner.execute(
        () -> {
          registered = false;
          fence(reason);
        });
  }

  @Override
  public void failsafeChanged(boolean failsafe) {
    history.failsafe(failsafe);
  }

  @Override
  public void quorumLost() {
    history.zooKeeperAnswers(false);
    log.error("ZooKeeper does not answer; this node serves until its lease runs out");
  }

  @Override
  public void quorumBack() {
    history.zooKeeperAnswers(true);
    log.warn("ZooKeeper answers again");
  }
}
