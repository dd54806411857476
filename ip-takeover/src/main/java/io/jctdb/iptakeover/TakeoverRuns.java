package io.jctdb.iptakeover;

import io.jctdb.protocol.DisableMessage;
import io.jctdb.protocol.MalformedPacketException;
import io.jctdb.protocol.NodeMap;
import io.jctdb.protocol.Payload;
import io.jctdb.protocol.SpecialPnn;
import io.jctdb.protocol.Srvid;
import io.jctdb.protocol.SrvidMessage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * When takeover runs take place: on request, one at a time, by the leader only, and again until
 * they succeed. Every node has one of these; while the node is not the leader it only keeps the
 * time for which runs and checks are disabled (client-protocol.md 5.3).
 *
 * <p>Threading: owner thread.
 */
public final class TakeoverRuns {
  private static final Logger LOG = LoggerFactory.getLogger(TakeoverRuns.class);

  /** The answer to DISABLE_TAKEOVER_RUNS while a run is under way (-EAGAIN). */
  private static final int BUSY = -11;

  /** For how long the others shall keep quiet; a run ends well before. */
  private static final int QUIET_SECONDS = 60;

  private static final Duration RETRY_PAUSE = Duration.ofSeconds(1);

  private final int self;
  private final NodeControls controls;
  private final Scheduler scheduler;
  private final HandOverGate gate;
  private final Supplier<NodeMap> nodes;
  private final Supplier<TakeoverSettings> settings;
  private final TakeoverListener listener;

  private final Set<Integer> rebalance = new HashSet<>();
  private List<SrvidMessage> waiting = new ArrayList<>();
  private boolean leader;
  private boolean wanted;
  private @Nullable TakeoverRun running;
  private Scheduler.@Nullable Timer later;

  /** Asked for by a tool: no runs, no checks. */
  private final Suspension disabled;

  /** Asked for by a leader during its run: no checks here; it does not bind the next leader. */
  private final Suspension quiet;

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
    this.controls = controls;
    this.scheduler = scheduler;
    this.gate = gate;
    this.nodes = nodes;
    this.settings = settings;
    this.listener = listener;
    this.disabled = new Suspension(scheduler);
    this.quiet = new Suspension(scheduler);
  }

  /**
   * Whether this node is the leader. One that stops leading abandons its run: the next leader
   * begins afresh. Becoming leader starts nothing: request a run when the epoch is in force.
   */
  public void setLeader(boolean isLeader) {
    if (leader && !isLeader) {
      rebalance.clear();
      waiting.clear();
      wanted = false;
      if (running != null) {
        running.cancel();
        running = null;
        listener.disableElsewhere(0);
      }
    }
    if (!leader && isLeader) {
      quiet.end();
    }
    leader = isLeader;
  }

  /** Asks for a run; nothing happens unless this node is the leader. */
  public void request(String reason) {
    if (leader) {
      LOG.info("Takeover run wanted: {}", reason);
      wanted = true;
      startIfPossible();
    }
  }

  /** True while runs or address checks are disabled: for {@link AddressPorts#checksSuspended}. */
  public boolean isDisabled() {
    return disabled.isInForce() || quiet.isInForce();
  }

  /** True while a run of this leader is under way. */
  public boolean isRunning() {
    return running != null;
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
        disableFor(Payload.u32(data));
      } else {
        return false;
      }
    } catch (MalformedPacketException e) {
      LOG.warn("Ignored message {}: {}", Long.toHexString(srvid), e.getMessage());
    }
    return true;
  }

  private void requested(SrvidMessage message) {
    if (!leader) {
      return;
    }
    if (message.srvid() != 0) {
      waiting.add(message);
    }
    request("by message from node " + message.pnn());
  }

  private void rebalance(int pnn) {
    if (leader) {
      rebalance.add(pnn);
    }
  }

  private void disable(DisableMessage message) {
    if (message.pnn() == SpecialPnn.UNKNOWN && message.srvid() == 0) {
      quiet.forSeconds(message.timeout());
      return;
    }
    int answer = self;
    if (running != null && message.timeout() != 0) {
      answer = BUSY;
    } else {
      disableFor(message.timeout());
    }
    if (message.srvid() != 0) {
      listener.reply(message.pnn(), message.srvid(), answer);
    }
  }

  private void disableFor(int seconds) {
    disabled.forSeconds(seconds);
    startIfPossible();
  }

  private void startIfPossible() {
    if (!leader || !wanted || running != null) {
      return;
    }
    if (disabled.isInForce()) {
      startLater(disabled.left());
      return;
    }
    cancelLater();
    wanted = false;
    List<SrvidMessage> answering = waiting;
    waiting = new ArrayList<>();
    Set<Integer> rebalanced = Set.copyOf(rebalance);
    listener.disableElsewhere(QUIET_SECONDS);
    TakeoverRun run =
        new TakeoverRun(
            controls,
            scheduler,
            gate,
            settings.get(),
            nodes.get(),
            rebalanced,
            result -> ended(result, answering, rebalanced));
    running = run;
    run.start();
  }

  private void ended(TakeoverResult result, List<SrvidMessage> answering, Set<Integer> rebalanced) {
    running = null;
    listener.disableElsewhere(0);
    if (result.isSuccess() && rebalance.equals(rebalanced)) {
      rebalance.clear();
    }
    int answer = result.isSuccess() ? self : -1;
    answering.forEach(message -> listener.reply(message.pnn(), message.srvid(), answer));
    boolean again = wanted;
    if (!result.isSuccess() || !result.deferred().isEmpty()) {
      LOG.warn(
          "Takeover run {}; {} addresses wait for a lost node's lease",
          result.isSuccess() ? "ended" : "failed on nodes " + result.failures().keySet(),
          result.deferred().size());
      wanted = true;
      startLater(result.isSuccess() ? result.retryAfter().orElse(RETRY_PAUSE) : RETRY_PAUSE);
    }
    listener.finished(result);
    if (again) {
      startIfPossible();
    }
  }

  private void startLater(Duration delay) {
    cancelLater();
    later = scheduler.after(delay, this::startIfPossible);
  }

  private void cancelLater() {
    if (later != null) {
      later.cancel();
      later = null;
    }
  }
}
