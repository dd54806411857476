package io.jctdb.iptakeover;

import io.jctdb.protocol.AddressStory;
import io.jctdb.protocol.DisableMessage;
import io.jctdb.protocol.HostableAddresses;
import io.jctdb.protocol.MalformedPacketException;
import io.jctdb.protocol.NodeFlags;
import io.jctdb.protocol.NodeMap;
import io.jctdb.protocol.Payload;
import io.jctdb.protocol.SpecialPnn;
import io.jctdb.protocol.Srvid;
import io.jctdb.protocol.SrvidMessage;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * When takeover runs take place: on request, by the leader only, and again until they succeed.
 * Every node has one of these; while the node is not the leader it only keeps the time for which
 * runs and checks are disabled (client-protocol.md 5.3), and, while there is no leader at all, who
 * has asked for a run: nobody is left without an answer because the last node that could lead has
 * been stopped.
 *
 * <p>Tools suspend runs, or the checks, for longer than they need (20 s). A change of the cluster's
 * state does not wait for that: it starts a run that touches only the addresses whose holder is
 * lost or must not have them any more. While {@code ctdb moveip} may be moving one, nothing else
 * does.
 *
 * <p>Addresses that nodes at remote sites could host have runs of their own, beside the others,
 * which wait for no remote node ({@link RunPart}). Who asks from a remote node is answered when the
 * former are over, everybody else after the latter.
 *
 * <p>Threading: owner thread.
 */
public final class TakeoverRuns {
  private static final Logger LOG = LoggerFactory.getLogger(TakeoverRuns.class);

  /** The answer to DISABLE_TAKEOVER_RUNS while a run is under way (-EAGAIN). */
  private static final int BUSY = -11;

  /** How long a leader is waited for before a request is answered without one. */
  private static final Duration LEADERLESS = Duration.ofSeconds(1);

  private final int self;
  private final Scheduler scheduler;
  private final Supplier<NodeMap> nodes;
  private final TakeoverListener listener;
  private final AddressHistory history;

  /** What remote nodes could host. */
  private final BoundLists lists = new BoundLists();

  /** The runs about addresses that remote nodes could host. */
  private final RunQueue far;

  /** Those about all other addresses. */
  private final RunQueue near;

  private OptionalInt leader = OptionalInt.empty();
  private Scheduler.@Nullable Timer leaderless;

  /** Asked for by a tool: no runs, no checks. */
  private final Suspension disabled;

  /** Asked for by a leader during its run: no checks here; it does not bind the next leader. */
  private final Suspension quiet;

  /** A tool is moving an address by itself. */
  private final Suspension moving;

  /**
   * @param nodes the node map as the leader sees it, asked at the beginning of each run
   * @param settings asked at the beginning of each run
   */
  public TakeoverRuns(
      int self,
      NodeControls controls,
      Scheduler scheduler,
      HandOverGate gate,
      Supplier<NodeMap> nodes,
      Supplier<TakeoverSettings> settings,
      TakeoverListener listener) {
    this.self = self;
    this.scheduler = scheduler;
    this.nodes = nodes;
    this.listener = listener;
    this.disabled = new Suspension(scheduler);
    this.quiet = new Suspension(scheduler);
    this.moving = new Suspension(scheduler);
    this.history = new AddressHistory(scheduler, true);
    RunOffice office =
        new RunOffice(
            self,
            controls,
            scheduler,
            gate,
            nodes,
            settings,
            listener,
            history,
            lists,
            disabled,
            moving,
            this::isLeader,
            this::settleLists,
            this::request);
    LastHolders holders = new LastHolders();
    this.near = new RunQueue(false, office, holders);
    this.far = new RunQueue(true, office, holders);
  }

  // What remote nodes could host.

  /** A remote node has told what it could host; {@code status} when that is heeded. */
  public void hostableAddresses(HostableAddresses list, IntConsumer status) {
    lists.received(list, status);
    settle();
  }

  /**
   * This node is about to promise an epoch.
   *
   * @param lives incarnations of its members
   */
  public void livesPromised(Set<Integer> members, Map<Integer, Long> lives) {
    lists.livesPromised(members, lives);
    settle();
  }

  /** This node is in no epoch any more. */
  public void leftCluster() {
    lists.forget();
    settle();
  }

  private void settle() {
    if (settleLists()) {
      request(RunQueue.LISTS_CHANGED);
    }
  }

  /** Returns whether that has changed something. */
  private boolean settleLists() {
    return lists.settle(near.isRunning(), far.isRunning());
  }

  // Who leads.

  /**
   * Who is the leader. A node that stops leading abandons its run: the next leader begins afresh.
   * Becoming leader starts nothing: request a run when the epoch is in force.
   */
  public void setLeader(OptionalInt newLeader) {
    boolean before = isLeader();
    leader = newLeader;
    if (leader.isPresent() && leaderless != null) {
      leaderless.cancel();
      leaderless = null;
    }
    if (before && !isLeader()) {
      far.stepDown();
      near.stepDown();
    }
    if (!before && isLeader()) {
      quiet.end();
      if (isAwaited()) {
        request("asked for while there was no leader");
      }
    } else if (leader.isPresent() && !isLeader()) {
      far.handOn(leader.getAsInt());
      near.handOn(leader.getAsInt());
    } else if (leader.isEmpty() && isAwaited()) {
      waitForLeader();
    }
    settle();
  }

  private boolean isLeader() {
    return leader.isPresent() && leader.getAsInt() == self;
  }

  private boolean isAwaited() {
    return near.isAwaited() || far.isAwaited();
  }

  private void waitForLeader() {
    if (leaderless == null) {
      leaderless = scheduler.after(LEADERLESS, this::answerWithoutLeader);
    }
  }

  /**
   * No leader, and no node that could be one: no address can be anywhere, and that is what a run
   * would have seen to. One node says so; the others keep quiet.
   */
  private void answerWithoutLeader() {
    leaderless = null;
    int connected = NodeFlags.DISCONNECTED | NodeFlags.DELETED;
    boolean anyActive = false;
    int spokesman = self;
    for (NodeMap.Node node : nodes.get().nodes()) {
      anyActive |= !node.has(NodeFlags.INACTIVE);
      if (!node.has(connected)) {
        spokesman = Math.min(spokesman, node.pnn());
      }
    }
    if (anyActive) {
      waitForLeader();
    } else {
      near.answerWithoutARun(spokesman == self);
      far.answerWithoutARun(spokesman == self);
    }
  }

  // What is wanted.

  /** Asks for a run; nothing happens unless this node is the leader. */
  public void request(String reason) {
    if (isLeader()) {
      LOG.info("Takeover run wanted: {}", reason);
    }
    near.request(reason);
    far.request(reason);
  }

  /** The same, because a node has changed: not to be held up by a tool that suspends runs. */
  public void requestUrgently(String reason) {
    near.hasten();
    far.hasten();
    request(reason);
  }

  /** Nodes may have come, or have been lost: what a run asked of those is not waited for. */
  public void nodesChanged() {
    near.nodesChanged();
    far.nodesChanged();
  }

  /** True while runs or address checks are disabled: for {@link AddressPorts#checksSuspended}. */
  public boolean isDisabled() {
    return disabled.isInForce() || quiet.isInForce();
  }

  /** True while a run of this leader is under way. */
  public boolean isRunning() {
    return near.isRunning() || far.isRunning();
  }

  /**
   * Handles TAKEOVER_RUN, REBALANCE_NODE, DISABLE_TAKEOVER_RUNS and DISABLE_IP_CHECK. A wrong size
   * is ignored.
   *
   * @return false if the message is for somebody else
   */
  public boolean onMessage(long srvid, byte[] data) {
    try {
      if (srvid == Srvid.TAKEOVER_RUN) {
        requested(SrvidMessage.decode(data));
      } else if (srvid == Srvid.REBALANCE_NODE) {
        rebalance(Payload.u32(data));
      } else if (srvid == Srvid.DISABLE_TAKEOVER_RUNS) {
        disable(DisableMessage.decode(data));
      } else if (srvid == Srvid.DISABLE_IP_CHECK) {
        // It says for how long the checks shall be off; the move itself takes a moment only.
        int seconds = Payload.u32(data);
        quiet.forSeconds(seconds);
        moving.forSeconds(seconds == 0 ? 0 : (int) RunQueue.SUSPENDED_MAX.toSeconds());
      } else {
        return false;
      }
    } catch (MalformedPacketException e) {
      LOG.warn("Ignored message {}: {}", Long.toHexString(srvid), e.getMessage());
    }
    return true;
  }

  private void requested(SrvidMessage message) {
    if (leader.isPresent() && !isLeader()) {
      return;
    }
    if (message.srvid() != 0) {
      boolean fromAfar = isLeader() && lists.isBound(message.pnn());
      (fromAfar ? far : near).await(message);
    }
    if (isLeader()) {
      request("by message from node " + message.pnn());
    } else if (isAwaited()) {
      waitForLeader();
    }
  }

  private void rebalance(int pnn) {
    if (isLeader()) {
      near.rebalance(pnn);
      far.rebalance(pnn);
    }
  }

  private void disable(DisableMessage message) {
    if (message.pnn() == SpecialPnn.UNKNOWN && message.srvid() == 0) {
      quiet.forSeconds(message.timeout());
      return;
    }
    int answer = self;
    if (isRunning() && message.timeout() != 0) {
      answer = BUSY;
    } else {
      disabled.forSeconds(message.timeout());
      near.startIfPossible();
      far.startIfPossible();
    }
    if (message.srvid() != 0) {
      listener.reply(message.pnn(), message.srvid(), answer);
    }
  }

  // For people.

  /** What this node has done while it led. */
  public LeaderFigures figures() {
    return near.figures().plus(far.figures());
  }

  /** Goes on with the history that an earlier life of this daemon has left. */
  public void continueHistory(AddressDiary diary) {
    history.continueIn(diary);
  }

  /** What this node has decided about an address while it led, the oldest first. */
  public List<AddressStory.Event> decisions(InetAddress address) {
    return history.of(address);
  }
}
