package io.jctdb.recovery;

import io.jctdb.database.Epoch;
import io.jctdb.database.LeaseMessage;
import io.jctdb.protocol.NodeFlags;
import io.jctdb.protocol.RunState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.ZooDefs;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@link ClusterMembership} on ZooKeeper: the driver around {@link LeaderMachine}. Everything here
 * is owned by one thread; the fields that views return are volatile.
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

  private static final long ENROL_AGAIN_NANOS = Duration.ofMillis(200).toNanos();
  private static final int EARLIER_SESSIONS_MAX = 16;
  private static final Duration LEAVE_LIMIT = Duration.ofSeconds(3);
  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(5);
  private static final byte[] NOTHING = new byte[0];

  private final MembershipConfig config;
  private final Paths paths;
  private final MembershipListener listener;
  private final EpochChange epochChange;
  private final LeaseLinks links;
  private final OwnLease lease;
  private final SiteAgreement agreement;
  private final ScheduledExecutorService thread;
  private final Executor owner;
  private final OwnNode own;
  private final LeaderMachine machine;

  private @Nullable ZooKeeperSession session;
  private @Nullable ClusterView view;
  private @Nullable Enrolment enrolment;
  private @Nullable LeaderOffice office;

  /** Of a life that has ended, whose record stands until this node has let go. */
  private @Nullable ZooKeeperSession lingering;

  private boolean connected;
  private boolean quorumMissed;
  private boolean firstEnrolment = true;

  /** Sessions of lives that are over, newest last. */
  private final Set<Long> earlierSessions = new LinkedHashSet<>();

  private boolean readyWhenPossible;
  private long enrolAgainAt;
  private long rereadAt;
  private long toldEpoch;
  private boolean closed;
  private boolean left;
  private @Nullable CompletableFuture<Void> leaving;

  private final ClockGuard clocks = new ClockGuard(LATE);
  private final Candidacy candidacy;

  private volatile boolean failsafe;
  private volatile long expelled;

  private volatile long leaseUntil = NO_LEASE;
  private volatile Map<Integer, MemberInfo> nodes = Map.of();
  private volatile Map<Integer, Long> safeAfter = Map.of();
  private volatile OptionalInt leader = OptionalInt.empty();
  private volatile long term;
  private volatile Optional<Epoch> epoch = Optional.empty();
  private volatile int ownFlags;

  private ZooKeeperMembership(
      MembershipConfig config,
      MembershipListener listener,
      EpochChange epochChange,
      LeaseLinks links) {
    this.config = config;
    this.links = links;
    this.lease = new OwnLease(config.self(), config.timing());
    this.agreement = new SiteAgreement(config.self(), config.site());
    this.paths = new Paths(config.root());
    this.listener = listener;
    this.epochChange = epochChange;
    this.own = new OwnNode(config, System.currentTimeMillis() << 8);
    this.ownFlags = own.flags();
    this.machine = new LeaderMachine(config);
    this.thread =
        Executors.newSingleThreadScheduledExecutor(
            task ->
                Thread.ofPlatform().name("membership-" + config.self()).daemon().unstarted(task));
    this.owner = this::execute;
    this.candidacy =
        new Candidacy(new HeldCondition(config.condition(), owner, this::considerAgain));
  }

  static ZooKeeperMembership start(
      MembershipConfig config,
      MembershipListener listener,
      EpochChange epochChange,
      LeaseLinks links) {
    ZooKeeperMembership membership = new ZooKeeperMembership(config, listener, epochChange, links);
    membership.owner.execute(membership::openSession);
    membership.thread.scheduleWithFixedDelay(
        () -> membership.guarded(membership::tick),
        TICK.toMillis(),
        TICK.toMillis(),
        TimeUnit.MILLISECONDS);
    return membership;
  }

  private void execute(Runnable task) {
    try {
      thread.execute(() -> guarded(task));
    } catch (RejectedExecutionException e) {
      LOG.debug("membership has ended; not done any more: {}", task);
    }
  }

  /** An error in one task, or in the daemon's listener, must not silence the thread. */
  private void guarded(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException e) {
      LOG.error("membership of node {}", config.self(), e);
    }
  }

  private long now() {
    return config.bootNanos().getAsLong();
  }

  // A session begins.

  private void openSession() {
    if (closed) {
      return;
    }
    LOG.debug("node {}: connecting to ZooKeeper at {}", config.self(), config.connectString());
    session = ZooKeeperSession.open(config, owner, new Connection());
  }

  private final class Connection implements ZooKeeperSession.Watch {
    @Override
    public void connected(ZooKeeperSession of) {
      if (of == session) {
        isConnected(true);
        prepare(of);
      }
    }

    @Override
    public void suspended(ZooKeeperSession of) {
      if (of == session) {
        isConnected(false);
      }
    }

    @Override
    public void reconnected(ZooKeeperSession of) {
      if (of != session) {
        return;
      }
      isConnected(true);
      ClusterView current = view;
      if (current == null) {
        prepare(of);
      } else {
        current.refresh();
      }
      Enrolment enrolled = enrolment;
      if (enrolled != null) {
        enrolled.reconnected(now());
        enrolled.tick(now());
      }
    }

    @Override
    public void expired(ZooKeeperSession of) {
      if (of == session) {
        endLife("the ZooKeeper session has expired");
      }
    }
  }

  private void isConnected(boolean now) {
    connected = now;
    if (now && quorumMissed) {
      quorumMissed = false;
      LOG.info("node {}: ZooKeeper answers again", config.self());
      listener.quorumBack();
    } else if (!now && !quorumMissed) {
      quorumMissed = true;
      LOG.warn(
          "node {}: ZooKeeper does not answer; serving goes on for at most {} ms",
          config.self(),
          Math.max(0, leaseUntil == NO_LEASE ? 0 : (leaseUntil - now()) / 1_000_000));
      listener.quorumLost();
    }
  }

  private void prepare(ZooKeeperSession in) {
    List<CompletableFuture<?>> created = new ArrayList<>();
    for (String path : paths.permanent()) {
      Op create = Op.create(path, NOTHING, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
      created.add(in.write(List.of(create)).handle((done, failure) -> existsNow(path, failure)));
    }
    ClusterView candidate = new ClusterView(in, paths, new Reader());
    CompletableFuture.allOf(created.toArray(CompletableFuture[]::new))
        .thenCompose(done -> candidate.watch())
        .whenComplete(
            Guard.guarded(
                (done, failure) -> {
                  if (failure == null) {
                    prepared(in, candidate);
                  } else {
                    // Tried again on reconnection.
                    LOG.warn("node {}: preparing ZooKeeper: {}", config.self(), failure.toString());
                  }
                }));
  }

  private static boolean existsNow(String path, @Nullable Throwable failure) {
    if (failure != null
        && RefusedException.of(failure).filter(r -> r.code() == Code.NODEEXISTS).isEmpty()) {
      throw new IllegalStateException("cannot create " + path + ": " + failure, failure);
    }
    return true;
  }

  private void prepared(ZooKeeperSession in, ClusterView prepared) {
    if (in != session) {
      return;
    }
    view = prepared;
    enrolment =
        new Enrolment(
            in, paths, config, earlierSessions, firstEnrolment, this::answered, this::endLife);
    office =
        new LeaderOffice(in, paths, config.self(), prepared, event -> guarded(() -> step(event)));
    prepared.refresh();
    enrolIfFree();
  }

  private void enrolIfFree() {
    Enrolment current = enrolment;
    ZooKeeperSession in = session;
    if (current == null || in == null || !current.out() || own.ready() || !connected) {
      return;
    }
    enrolAgainAt = now() + ENROL_AGAIN_NANOS;
    own.beginLife();
    lease.beginIncarnation(own.incarnation(), now());
    current.register(ownInfo(in), this::enrolled);
  }

  private void enrolled() {
    firstEnrolment = false;
    LOG.info(
        "node {}: registered, lease {} ms, ZooKeeper session {} ms",
        config.self(),
        config.timing().lease().toMillis(),
        session == null ? 0 : session.timeoutMillis());
    listener.sessionEstablished(own.incarnation());
    becomeReadyIfPossible();
  }

  /** Ready while stopped or banned would say that this node does not let go. */
  private void becomeReadyIfPossible() {
    Enrolment current = enrolment;
    boolean inactive = (own.flags() & NodeFlags.INACTIVE) != 0;
    if (readyWhenPossible && current != null && current.in() && !inactive && !left) {
      readyWhenPossible = false;
      own.setReady(true);
      lease.beginIncarnation(own.incarnation(), now());
      listener.lifeBegins(own.incarnation());
      listener.readyChanged(true);
      publish();
    }
  }

  private MemberInfo ownInfo(ZooKeeperSession in) {
    MembershipTiming timing = config.timing();
    Duration granted = Duration.ofMillis(in.timeoutMillis());
    return own.info(
        Math.toIntExact(timing.lease().toMillis()),
        Math.toIntExact(timing.residue(granted).toMillis()));
  }

  private void publish() {
    Enrolment current = enrolment;
    ZooKeeperSession in = session;
    if (current != null && in != null && current.in()) {
      current.publish(ownInfo(in));
    }
  }

  private void answered(long sentAt) {
    lease.zooKeeperAnswered(sentAt, now());
    leaseMayHaveChanged();
  }

  private void leaseMayHaveChanged() {
    long until = lease.untilNanos();
    if (until != leaseUntil) {
      leaseUntil = until;
      listener.leaseRenewed(until);
    }
  }

  // Leases between members.

  @Override
  public void received(int pnn, LeaseMessage message) {
    owner.execute(() -> leaseMessage(pnn, message));
  }

  private void leaseMessage(int pnn, LeaseMessage message) {
    if (closed) {
      return;
    }
    if (message instanceof LeaseMessage.Silent silent) {
      step(new LeaderEvent.SilenceReported(pnn, silent));
    } else {
      List<PeerHeartbeat.Send> answers = lease.receive(pnn, message, now());
      leaseMayHaveChanged();
      answers.forEach(this::send);
    }
  }

  private void send(PeerHeartbeat.Send send) {
    if (send.pnn() == config.self()) {
      leaseMessage(send.pnn(), send.message());
    } else {
      links.send(send.pnn(), send.message());
    }
  }

  @Override
  public void promised(long base, Epoch next) {
    long at = now();
    owner.execute(
        () -> {
          lease.promised(base, next, at, now());
          leaseMayHaveChanged();
        });
  }

  private void noteFailsafe(long now) {
    boolean without = lease.failsafe(now);
    if (without != failsafe) {
      failsafe = without;
      if (without) {
        LOG.warn(
            "node {}: FAILSAFE: ZooKeeper has no quorum; every member of epoch {} confirms it, and"
                + " all go on serving. Membership is frozen: if one of them is lost, all stop",
            config.self(),
            epoch.map(Epoch::number).orElse(Epoch.NONE));
      } else {
        LOG.warn("node {}: failsafe is over", config.self());
      }
      listener.failsafeChanged(without);
    }
  }

  private void watchClocks(long now) {
    ClockGuard.Finding found = clocks.step(now, System.nanoTime());
    if (found.stalledNanos() > 0) {
      LOG.warn(
          "node {}: this process did not run for {} ms (paused, collecting garbage, or short of"
              + " processors)",
          config.self(),
          found.stalledNanos() / 1_000_000);
    }
    if (found.jumpedNanos() != 0) {
      LOG.warn(
          "node {}: the boot clock and the monotonic clock moved apart by {} ms: was this machine"
              + " suspended?",
          config.self(),
          found.jumpedNanos() / 1_000_000);
    }
  }

  private void committedIs(CommittedEpoch committed) {
    lease.committed(committed.lives(), now());
    leaseMayHaveChanged();
  }

  // A life ends.

  private void endLife(String reason) {
    ZooKeeperSession ended = session;
    LeaderOffice office = this.office;
    this.office = null;
    enrolment = null;
    view = null;
    session = null;
    connected = false;
    leaseUntil = NO_LEASE;
    own.beginLife();
    lease.endLife(own.incarnation(), now());
    if (own.ready()) {
      // What was asked of the life that ends now is to be asked again by the daemon.
      readyWhenPossible = false;
    }
    LOG.warn("node {}: {}; this node begins again as a new member", config.self(), reason);
    if (office != null && office.leading()) {
      step(new LeaderEvent.Deposed());
    }
    leaderIs(OptionalInt.empty());
    candidacy.withdraw();
    if (ended != null) {
      if (ended.begun()) {
        earlierSessions.add(ended.id());
        if (earlierSessions.size() > EARLIER_SESSIONS_MAX) {
          earlierSessions.remove(earlierSessions.iterator().next());
        }
      }
      if (own.ready()) {
        // The record must stand until this node has let go: when it goes, others take over at once.
        lingering = ended;
      } else {
        var _ = ended.close();
      }
    }
    openSession();
    if (own.ready()) {
      listener.leaseLost(reason);
    }
  }

  private void endLingering() {
    ZooKeeperSession ended = lingering;
    lingering = null;
    if (ended != null) {
      var _ = ended.close();
    }
  }

  // Time passes.

  private void tick() {
    if (closed) {
      return;
    }
    long now = now();
    watchClocks(now);
    noteFailsafe(now);
    if (own.banIsOver(now)) {
      LOG.info("node {}: the ban is over", config.self());
      changeFlags(OwnNode::unban);
    }
    Optional<String> overdue = lease.overdue(now);
    if (overdue.isPresent()) {
      endLife(overdue.get());
      return;
    }
    lease.tick(config.witness(), now).forEach(this::send);
    Enrolment enrolled = enrolment;
    ClusterView read = view;
    LeaderOffice leads = office;
    if (!connected || enrolled == null || read == null || leads == null) {
      return;
    }
    enrolled.tick(now);
    if (enrolled.out() && now >= enrolAgainAt) {
      enrolIfFree();
    }
    if (now >= rereadAt) {
      rereadAt = now + REREAD_NANOS;
      read.refresh();
    }
    leads.tick();
    contendOrYield(leads, read, now);
    step(new LeaderEvent.Tick());
    leaveIfDone();
  }

  private void contendOrYield(LeaderOffice leads, ClusterView read, long now) {
    Enrolment enrolled = enrolment;
    ZooKeeperSession in = session;
    MemberInfo published = enrolled == null ? null : enrolled.published();
    if (published == null || in == null || enrolled == null || !enrolled.in()) {
      return;
    }
    boolean may = published.mayLead() && ownInfo(in).mayLead();
    candidacy.consider(leads, read.leader(), in.id(), may, known -> isDead(read, known), now);
  }

  private void considerAgain() {
    LeaderOffice leads = office;
    ClusterView read = view;
    if (leads != null && read != null && connected) {
      contendOrYield(leads, read, now());
    }
  }

  private boolean isDead(ClusterView read, ClusterView.Leader leads) {
    return read.isOfAnEarlierLife(leads)
        || read.registeredIn(leads.session()).filter(machine.departures()::dead).isPresent();
  }

  // News from ZooKeeper.

  private final class Reader implements ClusterView.Reader {
    @Override
    public void members(Map<Integer, MemberInfo> members) {
      noteVanished(members);
      agreement.problems(members).forEach(LOG::error);
      nodes = Map.copyOf(members);
      step(new LeaderEvent.Nodes(nodes));
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
      step(new LeaderEvent.EpochSeen(now));
      own.sawEpoch(now.epoch().number());
      note(now.epoch());
      committedIs(now);
      if (toldEpoch < now.epoch().number()) {
        toldEpoch = now.epoch().number();
        listener.epochCommitted(now.epoch(), now.incarnations().getOrDefault(config.self(), 0L));
      }
      leaveIfDone();
    }
  }

  private void noteLeader() {
    ClusterView read = view;
    Optional<ClusterView.Leader> known = read == null ? null : read.leader();
    if (read != null && known != null) {
      leaderIs(
          known
              .filter(leads -> !read.isOfAnEarlierLife(leads))
              .map(leads -> OptionalInt.of(leads.pnn()))
              .orElse(OptionalInt.empty()));
      considerAgain();
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

  /** The leader knows of an epoch before its watch tells: it wrote it. */
  private void note(Epoch committed) {
    if (epoch.isEmpty() || epoch.get().number() < committed.number()) {
      epoch = Optional.of(committed);
    }
  }

  private void leaderIs(OptionalInt now) {
    if (!now.equals(leader)) {
      leader = now;
      candidacy.leaderChanged();
      step(new LeaderEvent.LeaderIs(now));
      listener.leaderChanged(now);
    }
  }

  // The leader's machine.

  private void step(LeaderEvent event) {
    LeaderOffice leads = office;
    if (leads != null && leads.leading()) {
      // Kept afterwards: whoever does not know yet that it leads no longer says so in this term.
      term = leads.term();
    }
    if (event instanceof LeaderEvent.Expelled expulsion && expulsion.done()) {
      expelled++;
    }
    if (event instanceof LeaderEvent.Elected elected) {
      elected
          .committed()
          .ifPresent(
              found -> {
                note(found.epoch());
                committedIs(found);
              });
    }
    List<LeaderDecision> decisions = machine.step(event, now());
    safeAfter = machine.departures().addressesSafeAfter();
    decisions.forEach(this::carryOut);
  }

  private void carryOut(LeaderDecision decision) {
    LeaderOffice leads = office;
    if (leads == null || leads.leading() == decision instanceof LeaderDecision.Usurp) {
      return;
    }
    switch (decision) {
      case LeaderDecision.Reserve d -> {
        LOG.info("epoch {} begins: {}", d.number(), d.why());
        leads.reserve(d.number());
      }
      case LeaderDecision.Propose d -> {
        lease.propose(d.lives(), now()).forEach(this::send);
        propose(d.lives(), d.epoch());
      }
      case LeaderDecision.Commit d -> leads.commit(d.epoch());
      case LeaderDecision.Announce d -> {
        LOG.info(
            "epoch {} is committed: members {}, lmasters {}",
            d.epoch().number(),
            d.epoch().members(),
            d.epoch().lmasters());
        note(d.epoch());
        epochChange.commit(d.epoch());
      }
      case LeaderDecision.Expel d -> {
        LOG.warn("node {} is expelled: {}", d.life().pnn(), d.why());
        lease.vanished(d.life());
        leads.expel(d.life());
      }
      case LeaderDecision.Usurp d -> {
        if (candidacy.mayUsurp(leads, now())) {
          LOG.warn("node {}, the leader, is expelled: {}", d.leader().pnn(), d.why());
          lease.vanished(d.leader());
          leads.usurp(d.leader(), d.epoch());
        }
      }
      case LeaderDecision.Yield d -> {
        candidacy.yield(leads, d.why(), now() + 2 * config.patience().toNanos());
      }
    }
  }

  private void propose(EpochLives lives, Epoch next) {
    LOG.debug("epoch {}: proposing members {}", next.number(), next.members());
    epochChange
        .propose(lives, next)
        .whenComplete(
            Guard.guarded(
                (silent, failure) ->
                    owner.execute(
                        () -> {
                          if (failure == null) {
                            step(new LeaderEvent.Promised(next.number(), silent));
                          } else {
                            LOG.warn("epoch {}: {}", next.number(), failure.toString());
                            step(new LeaderEvent.ChangeFailed(next.number()));
                          }
                        })));
  }

  // What the daemon says.

  @Override
  public void setUnhealthy(boolean unhealthy) {
    owner.execute(() -> changeFlags(node -> node.set(NodeFlags.UNHEALTHY, unhealthy)));
  }

  @Override
  public void setDisabled(boolean disabled) {
    owner.execute(() -> changeFlags(node -> node.set(NodeFlags.PERMANENTLY_DISABLED, disabled)));
  }

  @Override
  public void setStopped(boolean stopped) {
    owner.execute(() -> changeFlags(node -> node.set(NodeFlags.STOPPED, stopped)));
  }

  @Override
  public void ban(Duration time) {
    owner.execute(
        () -> {
          LOG.warn(
              "node {} is banned {}",
              config.self(),
              time.isZero() ? "until unbanned" : "for " + time.toSeconds() + " s");
          long end = time.isZero() ? Long.MAX_VALUE : now() + time.toNanos();
          changeFlags(node -> node.ban(end));
        });
  }

  @Override
  public void unban() {
    owner.execute(() -> changeFlags(OwnNode::unban));
  }

  private void changeFlags(Consumer<OwnNode> change) {
    int before = own.flags();
    change.accept(own);
    int after = own.flags();
    ownFlags = after;
    if (before != after) {
      LOG.info(
          "node {}: {} -> {}",
          config.self(),
          NodeFlags.toString(before),
          NodeFlags.toString(after));
      listener.ownFlagsChanged(before, after); // before others hear of it
      publish();
      becomeReadyIfPossible();
    }
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
    owner.execute(
        () -> {
          change.accept(own);
          publish();
        });
  }

  @Override
  public void setReady(boolean ready) {
    owner.execute(() -> readyIs(ready));
  }

  private void readyIs(boolean ready) {
    readyWhenPossible = ready;
    if (ready) {
      becomeReadyIfPossible();
    } else {
      if (own.setReady(false)) {
        lease.beginIncarnation(own.incarnation(), now());
      }
      endLingering();
      listener.readyChanged(false);
      publish();
      enrolIfFree();
    }
  }

  @Override
  public void linkChanged(int pnn, boolean up) {
    owner.execute(() -> step(new LeaderEvent.Link(pnn, up)));
  }

  @Override
  public void willTold(int pnn, byte[] secret) {
    String hash = LastWill.hashOf(secret);
    owner.execute(
        () -> {
          int before = machine.departures().willsTold();
          step(new LeaderEvent.WillTold(pnn, hash));
          if (machine.departures().willsTold() > before) {
            LOG.warn("node {}: its daemon has died and left nothing behind", pnn);
          }
          considerAgain();
        });
  }

  // Views.

  @Override
  public Map<Integer, MemberInfo> nodes() {
    return nodes;
  }

  @Override
  public int ownFlags() {
    return ownFlags;
  }

  @Override
  public OptionalInt leader() {
    return leader;
  }

  @Override
  public Optional<String> leadershipDenied() {
    return candidacy.whyDenied();
  }

  @Override
  public long term() {
    return term;
  }

  @Override
  public Optional<Epoch> epoch() {
    return epoch;
  }

  @Override
  public boolean failsafe() {
    return failsafe;
  }

  @Override
  public long expelled() {
    return expelled;
  }

  @Override
  public ClockGuard clocks() {
    return clocks;
  }

  @Override
  public long leaseUntilNanos() {
    return leaseUntil;
  }

  @Override
  public long safeAfterNanos(int pnn) {
    return safeAfter.getOrDefault(pnn, Long.MIN_VALUE);
  }

  // The end.

  @Override
  public CompletableFuture<Void> leave() {
    CompletableFuture<Void> done = new CompletableFuture<>();
    owner.execute(
        () -> {
          left = true;
          readyIs(false);
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
    Enrolment current = enrolment;
    MemberInfo published = current == null ? null : current.published();
    boolean said = published == null || !published.ready();
    boolean takenOver = epoch.isEmpty() || !epoch.get().hasMember(config.self());
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
    owner.execute(
        () -> {
          closed = true;
          candidacy.withdraw();
          ZooKeeperSession last = session;
          session = null;
          enrolment = null;
          view = null;
          office = null;
          leaseUntil = NO_LEASE;
          lease.close();
          if (lingering != null) {
            var _ = lingering.abandon();
          }
          CompletableFuture<Void> ended =
              last == null
                  ? CompletableFuture.completedFuture(null)
                  : abruptly || own.ready() ? last.abandon() : last.close();
          ended.whenComplete((done, failure) -> down.complete(null));
        });
    down.completeOnTimeout(null, CLOSE_LIMIT.toMillis(), TimeUnit.MILLISECONDS).join();
    thread.shutdownNow();
  }
}
