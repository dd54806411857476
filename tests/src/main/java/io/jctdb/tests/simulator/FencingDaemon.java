package io.jctdb.tests.simulator;

import io.jctdb.database.Epoch;
import io.jctdb.database.epoch.EpochCoordinator;
import io.jctdb.database.epoch.EpochListener;
import io.jctdb.database.epoch.EpochParticipant;
import io.jctdb.database.message.EpochMessage;
import io.jctdb.database.message.LeaseMessage;
import io.jctdb.database.message.NodeMessage;
import io.jctdb.database.message.NodePort;
import io.jctdb.iptakeover.AddressLease;
import io.jctdb.protocol.NodeFlags;
import io.jctdb.recovery.ClusterMembership;
import io.jctdb.recovery.CommittedEpoch;
import io.jctdb.recovery.EpochLives;
import io.jctdb.recovery.LeaderDecision;
import io.jctdb.recovery.LeaderEvent;
import io.jctdb.recovery.LeaderMachine;
import io.jctdb.recovery.Life;
import io.jctdb.recovery.MemberInfo;
import io.jctdb.recovery.MembershipConfig;
import io.jctdb.recovery.MembershipTiming;
import io.jctdb.recovery.OwnLease;
import io.jctdb.recovery.PeerHeartbeat;
import io.jctdb.recovery.QuorumWitness;
import io.jctdb.tests.simulator.FencingZooKeeper.Outcome;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SortedSet;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One process: the real machines of membership, leases, leadership and epochs, driven as {@code
 * ZooKeeperMembership} and the daemon drive them, over a simulated ZooKeeper and simulated links.
 */
final class FencingDaemon {
  /** As whom records are owned and addresses held: one life of the node in the cluster. */
  record Membership(FencingDaemon daemon, Life life) {}

  private static final long NO_LEASE = ClusterMembership.NO_LEASE;
  private static final long TICK = 25 * Chance.MILLIS;
  private static final long RETRY = 200 * Chance.MILLIS;
  private static final long REREAD = 5_000 * Chance.MILLIS;

  private final FencingHost host;
  private final FencingSimulation world;
  private final Chance chance;
  private final int self;
  private final String will;
  private final MembershipConfig config;
  private final MembershipTiming timing;
  private final ArrayDeque<Runnable> backlog = new ArrayDeque<>();
  private final OwnLease lease;
  private final LeaderMachine machine;
  private final EpochParticipant participant;
  private final EpochCoordinator coordinator;

  // What the node says of itself.
  private long incarnation;
  private boolean ready;
  private boolean inactive;
  private long lastEpoch;

  /** Let go of everything, and not become a member again since. */
  private boolean clean = true;

  private boolean stopping;

  /** Who is told when this node has let go of its records. */
  private final List<Runnable> emptied = new ArrayList<>();

  // ZooKeeper.
  private long session;

  /** Of a life that has ended, whose record stands until this node has let go; 0 = none. */
  private long lingering;

  private boolean enrolled;
  private boolean firstEnrolment = true;
  private final Set<Long> earlierSessions = new HashSet<>();
  private long leaseUntil = NO_LEASE;
  private long beatAt;
  private long enrolAgainAt;
  private long rereadAt;
  private Map<Integer, MemberInfo> nodes = Map.of();
  private FencingZooKeeper.@Nullable View view;
  private OptionalInt leader = OptionalInt.empty();
  private @Nullable Membership acting;
  private int timerSettings;
  private boolean timerArmed;

  // The leader's office.
  private boolean leading;
  private boolean contending;
  private int term;
  private long contendAfter;
  private long officeEpoch;
  private boolean loading;

  /** What became of the last write is not known. */
  private boolean stale;

  /** By a mutation: what the lease is told of a promise only when that epoch is committed. */
  private Runnable withheld = () -> {};

  FencingDaemon(FencingHost host, FencingSimulation world, int process) {
    this.host = host;
    this.world = world;
    this.chance = world.chance();
    this.self = host.pnn();
    this.will = "will of " + self + "." + process;
    this.incarnation = (long) process << 20;
    this.config = configOf(host, world, will);
    this.timing = config.timing();
    this.lease = new OwnLease(self, timing);
    this.machine = new LeaderMachine(config);
    Port port = new Port();
    this.participant = new EpochParticipant(port, base -> excluded());
    this.participant.addListener(new Member());
    this.coordinator = new EpochCoordinator(port, 100 * Chance.MILLIS, 1_500 * Chance.MILLIS);
  }

  private static MembershipConfig configOf(FencingHost host, FencingSimulation world, String will) {
    return MembershipConfig.of(host.pnn(), "10.0.0." + host.pnn(), "zookeeper")
        .withTiming(world.timing())
        .withClock(host::now)
        .withWill(will);
  }

  FencingHost host() {
    return host;
  }

  String will() {
    return will;
  }

  boolean leads() {
    return leading;
  }

  int term() {
    return term;
  }

  EpochParticipant participant() {
    return participant;
  }

  boolean isReady() {
    return ready && enrolled;
  }

  // ---- time ----

  private long now() {
    return host.now();
  }

  /**
   * Something this process does, that long from now on its own clock; not while it stands still.
   */
  void later(long localNanos, Runnable task) {
    world.events().after(host.truly(localNanos), () -> run(task));
  }

  private void run(Runnable task) {
    if (!host.has(this)) {
      return;
    }
    if (host.isPaused()) {
      backlog.add(task);
    } else {
      task.run();
    }
  }

  void resumed() {
    while (host.has(this) && !host.isPaused() && !backlog.isEmpty()) {
      backlog.poll().run();
    }
  }

  private void trace(String what) {
    world.trace("node " + self, () -> what);
  }

  // ---- life of the process ----

  void start() {
    later(chance.skewed(Chance.MILLIS, 300 * Chance.MILLIS), this::openSession);
    later(TICK, this::tick);
    renewAddresses();
  }

  /** {@code ctdb shutdown}: lets go, says so, ends. */
  void stop(Runnable ended) {
    stopping = true;
    withdraw(
        () -> {
          long of = session;
          later(
              chance.nanos(50 * Chance.MILLIS, 1_000 * Chance.MILLIS),
              () -> {
                world.zooKeeper().close(this, of);
                ended.run();
              });
        });
  }

  /** Stopped or banned, or not any more. */
  void inactive(boolean now) {
    trace(now ? "is stopped" : "is to go on");
    inactive = now;
    publish();
    if (now && !clean) {
      withdraw(() -> {});
    } else if (!now) {
      joinIfPossible();
    }
  }

  // ---- session and record ----

  private void openSession() {
    world
        .zooKeeper()
        .open(
            this,
            id -> {
              if (id == 0) {
                later(RETRY, this::openSession);
              } else {
                session = id;
                world.zooKeeper().tell(id, this);
                enrol();
              }
            });
  }

  private void submit(BooleanSupplier operation, Consumer<Outcome> done) {
    long in = session;
    world
        .zooKeeper()
        .submit(
            this,
            in,
            operation,
            outcome -> {
              if (in == session) {
                done.accept(outcome);
              }
            });
  }

  void sessionExpired() {
    endLife("the session has expired");
  }

  private void enrol() {
    if (session == 0 || enrolled || ready) {
      return;
    }
    enrolAgainAt = now() + RETRY;
    incarnation++;
    trace("registers as " + incarnation);
    lease.beginIncarnation(incarnation, now());
    long sentAt = now();
    MemberInfo info = info();
    long in = session;
    Set<Long> replaceable = Set.copyOf(earlierSessions);
    boolean any = firstEnrolment;
    submit(
        () -> {
          FencingZooKeeper.Record there = world.zooKeeper().records().get(self);
          boolean free =
              there == null
                  || any
                  || there.session() == in
                  || replaceable.contains(there.session());
          return free && world.zooKeeper().register(info, in);
        },
        outcome -> {
          if (outcome == Outcome.DONE && !enrolled) {
            enrolled = true;
            firstEnrolment = false;
            beatAt = sentAt;
            answered(sentAt);
            joinIfPossible();
          }
        });
  }

  private void joinIfPossible() {
    if (enrolled && clean && !inactive && !stopping && !ready) {
      clean = false;
      participant.rejoin();
      ready = true;
      incarnation++;
      trace("is ready as " + incarnation);
      if (world.mutation() != FencingMutation.PROMISE_FOR_THE_DEAD) {
        participant.livesAs(incarnation);
      }
      lease.beginIncarnation(incarnation, now());
      beginActing();
      publish();
    }
  }

  private void hasLetGo() {
    if (ready) {
      ready = false;
      incarnation++;
      lease.beginIncarnation(incarnation, now());
    }
    if (lingering != 0) {
      world.zooKeeper().close(this, lingering);
      lingering = 0;
    }
    endActing();
    publish();
    enrol();
    joinIfPossible();
  }

  private void publish() {
    if (!enrolled) {
      return;
    }
    MemberInfo info = info();
    long in = session;
    submit(
        () -> world.zooKeeper().publish(info, in),
        outcome -> {
          if (outcome == Outcome.REFUSED) {
            endLife("expelled");
          } else if (outcome == Outcome.LOST) {
            later(RETRY, this::publish);
          }
        });
  }

  private MemberInfo info() {
    return FencingSimulation.memberInfo(
        world.mutation(),
        new Life(self, incarnation),
        inactive ? NodeFlags.STOPPED : 0,
        ready,
        lastEpoch,
        timing,
        will);
  }

  private void beat(long now) {
    if (enrolled && now - beatAt >= timing.heartbeat().toNanos()) {
      beatAt = now;
      long in = session;
      submit(
          () -> world.zooKeeper().isOf(self, in),
          outcome -> {
            if (!enrolled || session != in) {
              return; // of an earlier life
            }
            if (outcome == Outcome.DONE) {
              answered(world.mutation() == FencingMutation.LEASE_FROM_THE_ANSWER ? now() : now);
            } else if (outcome == Outcome.REFUSED) {
              endLife("expelled");
            }
          });
    }
  }

  // ---- lease ----

  private void answered(long sentAt) {
    lease.zooKeeperAnswered(sentAt, now());
    leaseMayHaveChanged();
  }

  private void leaseMayHaveChanged() {
    long until = lease.untilNanos();
    if (until != leaseUntil) {
      leaseUntil = until;
      if (timerArmed) {
        setTimer();
      }
    }
  }

  private void setTimer() {
    host.deadMan(this, ++timerSettings, leaseUntil);
  }

  boolean isTimerSet(int setting) {
    return timerArmed && timerSettings == setting;
  }

  private void beginActing() {
    timerArmed = true;
    if (leaseUntil != NO_LEASE && now() < leaseUntil) {
      setTimer();
    }
  }

  private void endActing() {
    timerArmed = false;
    timerSettings++;
  }

  /** Mirrors {@code ZooKeeperMembership.endLife}. */
  private void endLife(String why) {
    trace("ends its life: " + why);
    long ended = session;
    boolean wasReady = ready;
    enrolled = false;
    session = 0;
    view = null;
    leaseUntil = NO_LEASE;
    incarnation++;
    lease.endLife(incarnation, now());
    if (leading) {
      leading = false;
      step(new LeaderEvent.Deposed());
    }
    contending = false;
    leaderIs(OptionalInt.empty());
    if (ended != 0) {
      earlierSessions.add(ended);
      if (wasReady && world.mutation() != FencingMutation.SESSION_CLOSED_AT_ONCE) {
        lingering = ended;
      } else {
        world.zooKeeper().close(this, ended);
      }
    }
    openSession();
    if (wasReady) {
      // Another thread of the daemon does it, when it comes to it.
      later(chance.nanos(0, world.options().letGoNanos()), this::fence);
    }
  }

  /**
   * Out of use at once, because others may soon act in this node's place: addresses are dropped,
   * smbds lose their connections and go. Mirrors {@code ClusterMember.fence}.
   */
  private void fence() {
    if (clean) {
      endActing();
      return;
    }
    Membership held = acting;
    acting = null;
    host.dropAddresses();
    host.closeClients(held);
    empty(held, () -> {});
    endActing();
  }

  /** Records are frozen and emptied; smbds keep their connections. */
  private void withdraw(Runnable done) {
    Membership held = acting;
    acting = null;
    host.dropAddresses();
    empty(held, done);
  }

  /**
   * With every chain locked nobody writes any more; who asks meanwhile waits for the same. Mirrors
   * {@code VolatileStores}.
   */
  private void empty(@Nullable Membership held, Runnable done) {
    participant.leave();
    emptied.add(done);
    if (emptied.size() > 1) {
      return;
    }
    later(
        chance.skewed(Chance.MILLIS, 50 * Chance.MILLIS),
        () -> {
          host.stopActing(held);
          trace("has let go of its records");
          clean = true;
          List<Runnable> told = List.copyOf(emptied);
          emptied.clear();
          told.forEach(Runnable::run);
          hasLetGo();
        });
  }

  private void excluded() {
    if (!clean) {
      trace("was left out");
      fence();
    }
  }

  /** Begins to act, and stops to. */
  private final class Member implements EpochListener {
    @Override
    public void epochPromised(long next) {}

    @Override
    public void epochStarted(Epoch epoch) {
      trace("begins " + epoch);
      if (acting == null && ready) {
        Membership as = new Membership(FencingDaemon.this, new Life(self, incarnation));
        acting = as;
        host.startActing(as);
      }
    }

    @Override
    public void leftCluster() {}
  }

  // ---- ticks ----

  private void tick() {
    later(TICK, this::tick);
    long now = now();
    Optional<String> overdue = lease.overdue(now);
    if (overdue.isPresent()) {
      endLife(overdue.get());
      return;
    }
    lease.tick(QuorumWitness.NONE, now).forEach(this::send);
    if (session == 0) {
      return;
    }
    beat(now);
    if (!enrolled && now >= enrolAgainAt) {
      enrol();
    }
    if (now >= rereadAt) {
      rereadAt = now + REREAD;
      world.zooKeeper().tell(session, this);
    }
    if (enrolled) {
      if (leading && stale && !loading) {
        load();
      }
      contendOrYield(now);
      step(new LeaderEvent.Tick());
      handOutAddresses();
    }
  }

  // ---- news ----

  void news(long of, FencingZooKeeper.View now) {
    if (of != session) {
      return;
    }
    view = now;
    Map<Integer, MemberInfo> infos = world.zooKeeper().infos(now.records());
    for (MemberInfo before : nodes.values()) {
      MemberInfo after = infos.get(before.pnn());
      if (after == null || after.incarnation() != before.incarnation()) {
        lease.ended(new Life(before.pnn(), before.incarnation()));
      }
    }
    nodes = infos;
    step(new LeaderEvent.Nodes(infos));
    now.epoch().ifPresent(this::epochSeen);
    FencingZooKeeper.Leadership leads = now.leader();
    leaderIs(
        leads == null || isOfAnEarlierLife(now, leads)
            ? OptionalInt.empty()
            : OptionalInt.of(leads.pnn()));
  }

  private void epochSeen(CommittedEpoch seen) {
    step(new LeaderEvent.EpochSeen(seen));
    lastEpoch = Math.max(lastEpoch, seen.epoch().number());
    committedIs(seen);
    if (seen.has(self, incarnation)) {
      participant.adopt(seen.epoch());
    }
  }

  private void committedIs(CommittedEpoch committed) {
    if (committed.epoch().number() >= participant.promisedNumber()) {
      withheld.run();
      withheld = () -> {};
    }
    lease.committed(committed.lives(), now());
    leaseMayHaveChanged();
  }

  private void leaderIs(OptionalInt now) {
    if (!now.equals(leader)) {
      leader = now;
      step(new LeaderEvent.LeaderIs(now));
    }
  }

  void willTold(int of, String secret) {
    step(new LeaderEvent.WillTold(of, secret));
  }

  void linkIs(int other, boolean up) {
    step(new LeaderEvent.Link(other, up));
  }

  // ---- messages ----

  private void send(PeerHeartbeat.Send send) {
    if (send.pnn() == self) {
      leaseMessage(self, send.message());
    } else {
      world.network().send(self, send.pnn(), send.message());
    }
  }

  void receive(int from, NodeMessage message) {
    run(
        () -> {
          switch (message) {
            case LeaseMessage m -> leaseMessage(from, m);
            case EpochMessage m -> {
              if (m instanceof EpochMessage.Prepare prepare) {
                promising(prepare);
              }
              participant.receive(from, m);
              coordinator.receive(from, m);
            }
            default -> throw new Violation("unexpected " + message);
          }
        });
  }

  /** Before the promise is sent. */
  private void promising(EpochMessage.Prepare prepare) {
    if (prepare.next().number() > participant.promisedNumber()) {
      if (world.mutation() == FencingMutation.NO_JOINT_MAJORITY) {
        long now = now();
        withheld = () -> lease.promised(prepare.base(), prepare.next(), now, now());
        return;
      }
      lease.promised(prepare.base(), prepare.next(), now(), now());
      leaseMayHaveChanged();
    }
  }

  private void leaseMessage(int from, LeaseMessage message) {
    if (message instanceof LeaseMessage.Silent silent) {
      step(new LeaderEvent.SilenceReported(from, silent));
      return;
    }
    var answers = lease.receive(from, answerNow(message), now());
    leaseMayHaveChanged();
    if (answers.isEmpty()
        && world.mutation() == FencingMutation.NO_PROMISE
        && message instanceof LeaseMessage.Ping ping
        && from != self) {
      world
          .network()
          .send(
              self,
              from,
              new LeaseMessage.Ack(incarnation, ping.incarnation(), ping.sentNanos(), 0, 0));
    }
    answers.forEach(this::send);
  }

  private LeaseMessage answerNow(LeaseMessage message) {
    return message instanceof LeaseMessage.Ack ack
            && world.mutation() == FencingMutation.LEASE_FROM_THE_ANSWER
        ? new LeaseMessage.Ack(
            ack.incarnation(), ack.pingIncarnation(), now(), ack.frozenEpoch(), ack.promised())
        : message;
  }

  private final class Port implements NodePort {
    @Override
    public int self() {
      return self;
    }

    @Override
    public void send(int to, NodeMessage message) {
      world.network().send(self, to, message);
      world.said(self, to, message);
    }

    @Override
    public long nowNanos() {
      return now();
    }

    @Override
    public Timer after(long delayNanos, Runnable task) {
      boolean[] cancelled = {false};
      later(
          delayNanos,
          () -> {
            if (!cancelled[0]) {
              task.run();
            }
          });
      return () -> cancelled[0] = true;
    }
  }

  // ---- leading: mirrors LeaderOffice ----

  private void contendOrYield(long now) {
    FencingZooKeeper.View known = view;
    if (contending || known == null) {
      return;
    }
    boolean may = info().mayLead();
    FencingZooKeeper.Leadership leads = known.leader();
    if (leading) {
      if (!may) {
        resign();
      }
    } else if (leads == null && may && now >= contendAfter) {
      contending = true;
      long in = session;
      submit(() -> elect(world.zooKeeper().contend(self, in)), this::elected);
    } else if (leads != null && may && leads.session() == session) {
      int unconfirmed = world.zooKeeper().term();
      contending = true;
      submit(() -> world.zooKeeper().resign(unconfirmed), outcome -> contending = false);
    } else if (leads != null && may && isDead(known, leads)) {
      contending = true;
      long in = session;
      submit(() -> elect(world.zooKeeper().succeed(self, in, leads.session())), this::elected);
    }
  }

  private boolean isDead(FencingZooKeeper.View known, FencingZooKeeper.Leadership leads) {
    return isOfAnEarlierLife(known, leads)
        || known.records().values().stream()
            .anyMatch(r -> r.session() == leads.session() && machine.departures().dead(r.info()));
  }

  private static boolean isOfAnEarlierLife(
      FencingZooKeeper.View known, FencingZooKeeper.Leadership leads) {
    FencingZooKeeper.Record record = known.records().get(leads.pnn());
    return record != null && record.session() != leads.session();
  }

  private int electedTerm;

  private boolean elect(boolean won) {
    if (won) {
      electedTerm = world.zooKeeper().term();
    }
    return won;
  }

  private void elected(Outcome outcome) {
    contending = false;
    if (outcome == Outcome.DONE) {
      leading = true;
      term = electedTerm;
      trace("leads, term " + term);
      load();
    }
  }

  private void load() {
    stale = false;
    loading = true;
    int of = term;
    Object[] read = new Object[3];
    submit(
        () -> {
          read[0] = Optional.ofNullable(world.zooKeeper().epoch());
          read[1] = world.zooKeeper().reserved();
          read[2] = world.zooKeeper().expelled();
          return true;
        },
        outcome -> {
          if (!leading || term != of) {
            return;
          }
          loading = false;
          if (outcome != Outcome.DONE) {
            stale = true;
            return;
          }
          @SuppressWarnings("unchecked")
          Optional<CommittedEpoch> epoch = (Optional<CommittedEpoch>) read[0];
          @SuppressWarnings("unchecked")
          Set<Life> expelled = (Set<Life>) read[2];
          officeEpoch = epoch.map(e -> e.epoch().number()).orElse(0L);
          epoch.ifPresent(this::committedIs);
          step(new LeaderEvent.Elected(term, epoch, (Long) read[1], expelled));
        });
  }

  private void resign() {
    int of = term;
    leading = false;
    contending = true;
    submit(() -> world.zooKeeper().resign(of), outcome -> contending = false);
    step(new LeaderEvent.Deposed());
  }

  /** A write of the leader; the reading beforehand and the check of the term are in it. */
  private void write(BooleanSupplier operation, Runnable done, Runnable notDone) {
    if (stale || loading) {
      // What became of an earlier write is not known yet.
      notDone.run();
      return;
    }
    int of = term;
    boolean[] deposed = {false};
    submit(
        () -> {
          deposed[0] = world.zooKeeper().term() != of;
          return operation.getAsBoolean();
        },
        outcome -> {
          if (outcome == Outcome.DONE) {
            done.run();
          } else if (deposed[0] && leading && term == of) {
            trace("leads no longer");
            leading = false;
            step(new LeaderEvent.Deposed());
          } else {
            stale = leading;
            notDone.run();
          }
        });
  }

  private void step(LeaderEvent event) {
    List<LeaderDecision> decisions = machine.step(event, now());
    machine.departures().deaths().lives().forEach(world::checkHasEnded);
    decisions.forEach(this::carryOut);
  }

  /** Whether this process has lived, or lives, as that. */
  boolean isProcessOf(Life life) {
    return life.pnn() == self && life.incarnation() >> 20 == incarnation >> 20;
  }

  private void carryOut(LeaderDecision decision) {
    if (session == 0 || leading == decision instanceof LeaderDecision.Usurp) {
      return;
    }
    int of = term;
    switch (decision) {
      case LeaderDecision.Reserve d ->
          write(
              () -> world.zooKeeper().reserve(of, d.number()),
              () -> step(new LeaderEvent.Reserved(d.number())),
              () -> step(new LeaderEvent.ChangeFailed(d.number())));
      case LeaderDecision.Propose d -> {
        trace("proposes " + d.epoch().number() + " of " + d.lives().incarnations());
        lease.propose(d.lives(), now()).forEach(this::send);
        propose(d.lives(), d.epoch());
      }
      case LeaderDecision.Commit d -> {
        long known = officeEpoch;
        write(
            () ->
                world.zooKeeper().mayCommit(of, known, d.epoch())
                    && world.committing(this, d.epoch())
                    && world.zooKeeper().commit(d.epoch()),
            () -> {
              officeEpoch = d.epoch().epoch().number();
              step(new LeaderEvent.Committed(d.epoch().epoch().number()));
            },
            () -> step(new LeaderEvent.ChangeFailed(d.epoch().epoch().number())));
      }
      case LeaderDecision.Announce d -> {
        trace("announces " + d.epoch());
        if (!coordinator.commit(d.epoch().number())) {
          participant.adopt(d.epoch());
        }
      }
      case LeaderDecision.Expel d -> {
        trace("expels " + d.life() + ": " + d.why());
        lease.vanished(d.life());
        long epoch = officeEpoch;
        write(
            () -> world.zooKeeper().expel(of, d.life(), epoch),
            () -> step(new LeaderEvent.Expelled(d.life(), true)),
            () -> step(new LeaderEvent.Expelled(d.life(), false)));
      }
      case LeaderDecision.Usurp d -> {
        if (!contending) {
          trace("usurps the place of " + d.leader());
          lease.vanished(d.leader());
          contending = true;
          long in = session;
          submit(
              () -> elect(world.zooKeeper().usurp(self, in, d.leader(), d.epoch())), this::elected);
        }
      }
      case LeaderDecision.Yield d -> {
        contendAfter = now() + 2 * config.patience().toNanos();
        resign();
      }
    }
  }

  private void propose(EpochLives lives, Epoch next) {
    boolean unnamed = world.mutation() == FencingMutation.PROMISE_FOR_THE_DEAD;
    coordinator.propose(
        officeEpoch,
        next,
        unnamed ? Collections.emptySortedMap() : lives.incarnations(),
        new EpochCoordinator.Outcome() {
          @Override
          public void promised() {
            step(new LeaderEvent.Promised(next.number(), Set.of()));
          }

          @Override
          public void silent(SortedSet<Integer> pnns) {
            step(new LeaderEvent.Promised(next.number(), pnns));
          }

          @Override
          public void refused(long promised) {
            lastEpoch = Math.max(lastEpoch, promised);
            step(new LeaderEvent.ChangeFailed(next.number()));
          }
        });
  }

  // ---- addresses ----

  private void renewAddresses() {
    later(
        AddressLease.RENEWAL_INTERVAL.toNanos(),
        () -> {
          renewAddresses();
          long seconds = addressSeconds();
          if (seconds > 0 && acting != null) {
            host.addresses().forEach(address -> host.renewAddress(address, seconds));
          }
        });
  }

  private long addressSeconds() {
    return AddressLease.DEFAULT.validSeconds(leaseUntil == NO_LEASE ? 0 : leaseUntil - now());
  }

  /** The leader gives addresses whose holder is out to members, once they must have gone. */
  private void handOutAddresses() {
    Epoch epoch = participant.currentEpoch();
    if (!leading || epoch == null || officeEpoch != epoch.number()) {
      return;
    }
    for (int address = 0; address < world.options().addresses(); address++) {
      int holder = world.assignment(address);
      if (holder == FencingSimulation.NOBODY || isSafe(holder)) {
        int taker = chance.below(epoch.members().size());
        int to = epoch.members().stream().skip(taker).findFirst().orElseThrow();
        trace("gives address " + address + " of node " + holder + " to node " + to);
        world.assign(address, to);
      }
      int given = world.assignment(address);
      if (given != FencingSimulation.NOBODY && epoch.hasMember(given) && chance.oneIn(8)) {
        world.take(self, given, address);
      }
    }
  }

  /** As {@code HandOverGate} asks; of itself a leader asks nothing, it lets go. */
  private boolean isSafe(int pnn) {
    if (pnn == self) {
      return false;
    }
    long after = machine.departures().addressesSafeAfter(pnn);
    boolean waited = now() >= after || world.mutation() == FencingMutation.NO_WAIT_FOR_THE_ADDRESS;
    return after != Long.MAX_VALUE && waited;
  }

  /** The leader has told this node to take an address. */
  void take(int address) {
    run(
        () -> {
          long seconds = addressSeconds();
          if (acting != null && seconds > 0 && world.assignment(address) == self) {
            host.addAddress(address, seconds);
          }
        });
  }
}
