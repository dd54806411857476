package io.jctdb.recovery;

import io.jctdb.database.Epoch;
import io.jctdb.database.message.LeaseMessage;
import io.jctdb.protocol.NodeFlags;
import io.jctdb.protocol.RunState;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@link ClusterMembership} on ZooKeeper. Here the parts meet:
 *
 * <ul>
 *   <li>{@link Sessions}: the sessions with ZooKeeper, one after the other
 *   <li>{@link OwnRegistration}: this node in the eyes of the others
 *   <li>{@link LeaseDriver}: until when this node may act
 *   <li>{@link LeaderDriver}: who leads, and what this node does as the leader
 * </ul>
 *
 * <p>Everything in them and here is owned by one {@link MembershipThread}: what is called by other
 * threads is handed to that, and the fields that views return are volatile. The parts do not know
 * this class, and among themselves only those that their constructors name: what comes from
 * ZooKeeper is handed on from here, in an order that matters.
 *
 * <p>A <em>life</em> of this node lasts as long as its lease. When that is lost, the session is
 * ended and the next one begun; the node registers there when the daemon has let go of what it
 * held.
 */
final class ZooKeeperMembership implements ClusterMembership {
  private static final Logger LOG = LoggerFactory.getLogger(ClusterMembership.class);

  /** How late a lease that has run out, a ban that is over or a heartbeat may be noticed. */
  private static final Duration TICK = Duration.ofMillis(25);

  /** A tick that is later, or a clock that moves by more, is told. */
  private static final Duration LATE = TICK.plusMillis(250);

  /** A watch that was lost would leave this node behind for at most so long. */
  private static final long REREAD_NANOS = Duration.ofSeconds(5).toNanos();

  private static final Duration LEAVE_LIMIT = Duration.ofSeconds(3);
  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(5);

  private final MembershipConfig config;
  private final MembershipListener listener;
  private final MembershipThread thread;
  private final SiteAgreement agreement;
  private final ClockGuard clocks = new ClockGuard(LATE);
  private final StandstillCauses standstills = new StandstillCauses();
  private final NewestEpoch epoch = new NewestEpoch();
  private final LeaseDriver lease;
  private final Sessions sessions;
  private final OwnRegistration own;
  private final LeaderDriver leading;

  private long rereadAt;
  private long toldEpoch;
  private boolean closed;
  private @Nullable CompletableFuture<Void> leaving;

  private volatile Map<Integer, MemberInfo> nodes = Map.of();

  private ZooKeeperMembership(
      MembershipConfig config,
      MembershipListener listener,
      EpochChange epochChange,
      LeaseLinks links) {
    this.config = config;
    this.listener = listener;
    this.thread = new MembershipThread(config.self());
    this.agreement = new SiteAgreement(config.self(), config.site());
    this.lease = new LeaseDriver(config, listener, links, this::silenceReported);
    this.sessions =
        new Sessions(
            config, thread, listener, lease::untilNanos, new Reader(), new PresentSession());
    this.own = new OwnRegistration(config, listener, lease, sessions, this::endLife);
    HeldCondition condition = new HeldCondition(config.condition(), thread, this::considerAgain);
    this.leading =
        new LeaderDriver(
            config, thread, listener, epochChange, lease, epoch, new Candidacy(condition));
  }

  static ZooKeeperMembership start(
      MembershipConfig config,
      MembershipListener listener,
      EpochChange epochChange,
      LeaseLinks links) {
    ZooKeeperMembership membership = new ZooKeeperMembership(config, listener, epochChange, links);
    membership.thread.execute(membership.sessions::open);
    membership.thread.repeat(membership::tick, TICK);
    return membership;
  }

  private long now() {
    return config.bootNanos().getAsLong();
  }

  // Lives begin and end.

  private final class PresentSession implements Sessions.User {
    @Override
    public void prepared(ZooKeeperSession session, ClusterView view) {
      own.begin(session);
      leading.begin(session, view);
      view.refresh();
      own.enrolIfFree();
    }

    @Override
    public void reconnected() {
      own.reconnected();
    }

    @Override
    public void expired() {
      endLife("the ZooKeeper session has expired");
    }
  }

  private void endLife(String reason) {
    own.endLife();
    LOG.warn("node {}: {}; this node begins again as a new member", config.self(), reason);
    leading.endLife();
    sessions.next(own.ready());
    if (own.ready()) {
      listener.leaseLost(reason);
    }
  }

  // Time passes.

  private void tick() {
    if (closed) {
      return;
    }
    long now = now();
    watchClocks(now);
    lease.noteFailsafe(epoch.get(), now);
    own.endBanInTime(now);
    Optional<String> overdue = lease.overdue(now);
    if (overdue.isPresent()) {
      endLife(overdue.get());
      return;
    }
    lease.tick(now);
    ClusterView read = sessions.view();
    if (!sessions.connected() || read == null) {
      return;
    }
    own.tick(now);
    if (now >= rereadAt) {
      rereadAt = now + REREAD_NANOS;
      read.refresh();
    }
    leading.tick();
    consider(read, now);
    leading.step(new LeaderEvent.Tick());
    leaveIfDone();
  }

  private void watchClocks(long now) {
    ClockGuard.Finding found = clocks.step(now, System.nanoTime());
    StandstillCauses.Waits waits = standstills.next();
    if (found.stalledNanos() > 0) {
      long millis = found.stalledNanos() / 1_000_000;
      LOG.warn(
          "node {}: this process did not run for {} ms ({})",
          config.self(),
          millis,
          waits.explain(millis));
    }
    if (found.jumpedNanos() != 0) {
      LOG.warn(
          "node {}: the boot clock and the monotonic clock moved apart by {} ms: was this machine"
              + " suspended?",
          config.self(),
          found.jumpedNanos() / 1_000_000);
    }
  }

  private void considerAgain() {
    ClusterView read = sessions.view();
    if (read != null && sessions.connected()) {
      consider(read, now());
    }
  }

  private void consider(ClusterView read, long now) {
    if (own.registered()) {
      leading.consider(read, own.mayLead(), now);
    }
  }

  // News from ZooKeeper.

  private final class Reader implements ClusterView.Reader {
    @Override
    public void members(Map<Integer, MemberInfo> members) {
      noteVanished(members);
      agreement.problems(members).forEach(LOG::error);
      nodes = Map.copyOf(members);
      leading.step(new LeaderEvent.Nodes(nodes));
      listener.nodesChanged(nodes);
      noteLeader();
      leaveIfDone();
    }

    @Override
    public void leader(Optional<ClusterView.Leader> now) {
      noteLeader();
    }

    @Override
    public void epoch(CommittedEpoch now) {
      leading.step(new LeaderEvent.EpochSeen(now));
      own.sawEpoch(now.epoch().number());
      epoch.note(now.epoch());
      lease.committed(now);
      if (toldEpoch < now.epoch().number()) {
        toldEpoch = now.epoch().number();
        listener.epochCommitted(now.epoch(), now.incarnations().getOrDefault(config.self(), 0L));
      }
      leaveIfDone();
    }
  }

  private void noteVanished(Map<Integer, MemberInfo> members) {
    for (MemberInfo before : nodes.values()) {
      MemberInfo after = members.get(before.pnn());
      if (after == null || after.incarnation() != before.incarnation()) {
        lease.ended(Life.of(before));
      }
    }
  }

  private void noteLeader() {
    ClusterView read = sessions.view();
    Optional<ClusterView.Leader> known = read == null ? null : read.leader();
    if (read != null && known != null) {
      leading.leaderIs(
          known
              .filter(leads -> !read.isOfAnEarlierLife(leads))
              .map(leads -> OptionalInt.of(leads.pnn()))
              .orElse(OptionalInt.empty()));
      considerAgain();
    }
  }

  // News from the other members.

  @Override
  public void received(int pnn, LeaseMessage message) {
    thread.execute(
        () -> {
          if (!closed) {
            lease.received(pnn, message);
          }
        });
  }

  private void silenceReported(int pnn, LeaseMessage.Silent said) {
    leading.step(new LeaderEvent.SilenceReported(pnn, said));
  }

  @Override
  public void linkChanged(int pnn, boolean up) {
    thread.execute(() -> leading.step(new LeaderEvent.Link(pnn, up)));
  }

  @Override
  public void willTold(int pnn, byte[] secret) {
    String hash = LastWill.hashOf(secret);
    thread.execute(
        () -> {
          leading.willTold(pnn, hash);
          considerAgain();
        });
  }

  // What the daemon says.

  @Override
  public void promised(long base, Epoch next) {
    long at = now();
    thread.execute(() -> lease.promised(base, next, at));
  }

  @Override
  public void setUnhealthy(boolean unhealthy) {
    changeFlags(node -> node.set(NodeFlags.UNHEALTHY, unhealthy));
  }

  @Override
  public void setDisabled(boolean disabled) {
    changeFlags(node -> node.set(NodeFlags.PERMANENTLY_DISABLED, disabled));
  }

  @Override
  public void setStopped(boolean stopped) {
    changeFlags(node -> node.set(NodeFlags.STOPPED, stopped));
  }

  @Override
  public void ban(Duration time) {
    thread.execute(
        () -> {
          LOG.warn(
              "node {} is banned {}",
              config.self(),
              time.isZero() ? "until unbanned" : "for " + time.toSeconds() + " s");
          long end = time.isZero() ? Long.MAX_VALUE : now() + time.toNanos();
          own.changeFlags(node -> node.ban(end));
        });
  }

  @Override
  public void unban() {
    changeFlags(OwnNode::unban);
  }

  private void changeFlags(Consumer<OwnNode> change) {
    thread.execute(() -> own.changeFlags(change));
  }

  @Override
  public void setCapabilities(int capabilities) {
    change(node -> node.setCapabilities(capabilities));
  }

  @Override
  public void setRunState(RunState runState) {
    change(node -> node.setRunState(runState));
  }

  @Override
  public void requestRecovery() {
    change(OwnNode::askForRecovery);
  }

  private void change(Consumer<OwnNode> change) {
    thread.execute(() -> own.change(change));
  }

  @Override
  public void setReady(boolean ready) {
    thread.execute(() -> own.setReady(ready));
  }

  // Views.

  @Override
  public Map<Integer, MemberInfo> nodes() {
    return nodes;
  }

  @Override
  public int ownFlags() {
    return own.flags();
  }

  @Override
  public OptionalInt leader() {
    return leading.leader();
  }

  @Override
  public Optional<String> leadershipDenied() {
    return leading.whyDenied();
  }

  @Override
  public long term() {
    return leading.term();
  }

  @Override
  public Optional<Epoch> epoch() {
    return epoch.get();
  }

  @Override
  public boolean failsafe() {
    return lease.failsafe();
  }

  @Override
  public long expelled() {
    return leading.expelled();
  }

  @Override
  public ClockGuard clocks() {
    return clocks;
  }

  @Override
  public long leaseUntilNanos() {
    return lease.untilNanos();
  }

  @Override
  public long safeAfterNanos(int pnn) {
    return leading.safeAfterNanos(pnn);
  }

  // The end.

  @Override
  public CompletableFuture<Void> leave() {
    CompletableFuture<Void> done = new CompletableFuture<>();
    thread.execute(
        () -> {
          own.leave();
          leaving = done;
          leaveIfDone();
        });
    return done.completeOnTimeout(null, LEAVE_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Done when it is published that this node holds nothing, and the others have taken over. */
  private void leaveIfDone() {
    CompletableFuture<Void> done = leaving;
    if (done == null) {
      return;
    }
    MemberInfo published = own.published();
    boolean said = published == null || !published.ready();
    boolean takenOver = epoch.get().filter(known -> known.hasMember(config.self())).isEmpty();
    boolean nobodyElse =
        nodes.values().stream().noneMatch(node -> node.mayLead() && node.pnn() != config.self());
    if (said && (takenOver || nobodyElse)) {
      leaving = null;
      done.complete(null);
    }
  }

  @Override
  public void close() {
    end(false);
  }

  /** Ends as a killed process would: the session is left to expire. */
  void abandon() {
    end(true);
  }

  private void end(boolean abruptly) {
    if (thread.isShutdown()) {
      return;
    }
    CompletableFuture<Void> down = new CompletableFuture<>();
    thread.execute(
        () -> {
          closed = true;
          leading.close();
          own.close();
          lease.close();
          sessions
              .close(abruptly || own.ready())
              .whenComplete((done, failure) -> down.complete(null));
        });
    down.completeOnTimeout(null, CLOSE_LIMIT.toMillis(), TimeUnit.MILLISECONDS).join();
    thread.shutdownNow();
  }
}
