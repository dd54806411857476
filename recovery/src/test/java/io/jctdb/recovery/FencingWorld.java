package io.jctdb.recovery;

import io.jctdb.database.Epoch;
import io.jctdb.database.message.LeaseMessage;
import io.jctdb.protocol.Capability;
import io.jctdb.protocol.RunState;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.NullUnmarked;
import org.jspecify.annotations.Nullable;

/**
 * A cluster in virtual time. True time is in milliseconds; every node has its own idea of it. The
 * nodes do with the machines what {@link ZooKeeperMembership} does.
 */
@NullUnmarked // a model: what is missing where it should be ends the test
final class FencingWorld {
  private static final long MS = 1_000_000;
  private static final MembershipTiming TIMING = MembershipTiming.DEFAULT;
  private static final Site BRANCH = new Site("branch", "main", Duration.ofSeconds(10));
  private static final MembershipTiming REMOTE_TIMING =
      MembershipTiming.remote(BRANCH.remoteLease(), MembershipTiming.TICK);

  private record Event(long at, long order, Runnable task) {}

  private final long seed;
  private final Random random;
  private final PriorityQueue<Event> events =
      new PriorityQueue<>(Comparator.comparingLong(Event::at).thenComparingLong(Event::order));
  private final List<Node> nodes = new ArrayList<>();
  private final Set<List<Integer>> cut = new HashSet<>();
  private final Keeper keeper = new Keeper();
  private long order;
  private long now = 10_000;
  private long nextSession = 1;
  private long nextIncarnation = 1;
  private int exclusions;

  /** What has happened lately, for whoever reads a failure. */
  private final Deque<String> story = new ArrayDeque<>();

  private void note(String what) {
    story.add(now + " " + what);
    if (story.size() > 150) {
      story.remove();
    }
  }

  private AssertionError broken(String what) {
    return new AssertionError(
        "seed " + seed + " at " + now + ": " + what + "\n" + String.join("\n", story));
  }

  FencingWorld(int size, long seed) {
    this(size, 0, seed);
  }

  /** The nodes after the first {@code mainSize} are at a remote site. */
  FencingWorld(int mainSize, int remoteSize, long seed) {
    this.seed = seed;
    this.random = new Random(seed);
    for (int pnn = 0; pnn < mainSize + remoteSize; pnn++) {
      nodes.add(new Node(pnn, pnn >= mainSize));
    }
    nodes.forEach(Node::start);
    run(4_000);
  }

  int exclusions() {
    return exclusions;
  }

  private void at(long time, Runnable task) {
    events.add(new Event(time, order++, task));
  }

  private void run(long millis) {
    long end = now + millis;
    while (!events.isEmpty() && events.peek().at() <= end) {
      Event next = events.poll();
      now = next.at();
      next.task().run();
      check();
    }
    now = end;
  }

  private void check() {
    for (Node node : nodes) {
      CommittedEpoch believed = node.seen;
      CommittedEpoch committed = keeper.epoch;
      if (believed != null
          && node.mayAct()
          && believed.has(node.pnn, node.incarnation)
          && !committed.has(node.pnn, node.incarnation)) {
        throw broken(
            "node "
                + node.pnn
                + " acts in epoch "
                + believed.epoch().number()
                + " for another "
                + (node.leaseUntil - node.clock()) / MS
                + " ms, but committed is "
                + committed);
      }
    }
  }

  /** Faults for a while. */
  void suffer(long millis) {
    long end = now + millis;
    while (now < end) {
      run(200 + random.nextInt(3_000));
      Node victim = nodes.get(random.nextInt(nodes.size()));
      if (random.nextInt(4) == 0) {
        victim = nodes.getLast(); // the one at a remote site, if there is one
      }
      int outage = victim.remote ? 3 : 1;
      switch (random.nextInt(8)) {
        case 0, 1 -> victim.freeze(300 + random.nextInt(4_000));
        case 2 -> victim.restart();
        case 3 -> victim.cutFromKeeper(outage * (500 + random.nextInt(9_000)));
        case 4 -> cutFor(victim, outage * (500 + random.nextInt(8_000)), true);
        case 5 -> cutFor(victim, outage * (500 + random.nextInt(8_000)), false);
        case 6 -> {
          Node other = nodes.get(random.nextInt(nodes.size()));
          int time = 500 + random.nextInt(6_000);
          cut(victim.pnn, other.pnn, time);
          if (random.nextBoolean()) {
            cut(other.pnn, victim.pnn, time);
          }
        }
        default -> keeper.loseQuorum(500 + random.nextInt(3_000));
      }
    }
  }

  private void cutFor(Node victim, int millis, boolean everything) {
    for (Node other : nodes) {
      cut(victim.pnn, other.pnn, millis);
      cut(other.pnn, victim.pnn, millis);
    }
    if (everything) {
      victim.cutFromKeeper(millis);
    }
  }

  private void cut(int from, int to, int millis) {
    if (from != to && cut.add(List.of(from, to))) {
      note("cut " + from + " -> " + to + " for " + millis);
      linksChanged(from, to);
      at(
          now + millis,
          () -> {
            cut.remove(List.of(from, to));
            linksChanged(from, to);
          });
    }
  }

  private void linksChanged(int one, int other) {
    // Links notice a silence late; here at once or seconds later.
    int delay = random.nextBoolean() ? 1 : 3_000;
    nodes.get(one).later(delay, () -> nodes.get(one).link(other));
    nodes.get(other).later(delay, () -> nodes.get(other).link(one));
  }

  /** No more faults, and everybody is to be a member in the end. */
  void heal(long millis) {
    run(millis);
    for (Node node : nodes) {
      if (keeper.epoch == null || !keeper.epoch.has(node.pnn, node.incarnation)) {
        throw broken("node " + node.pnn + " is no member again: " + keeper.epoch);
      }
    }
  }

  /** ZooKeeper: everything at once, or nothing. */
  private final class Keeper {
    final Map<Integer, MemberInfo> members = new TreeMap<>();
    final Map<Integer, Long> sessionOf = new HashMap<>();
    final Map<Long, Long> heardOf = new HashMap<>();
    final Map<Long, Long> lengths = new HashMap<>();
    int leader = -1;
    long leaderSession;
    int term;
    long reserved;
    @Nullable CommittedEpoch epoch;
    final Set<Life> expelled = new HashSet<>();
    long quorumAt;

    /** And nobody's session expires meanwhile. */
    void loseQuorum(int millis) {
      note("no quorum for " + millis);
      quorumAt = Math.max(quorumAt, now + millis);
      at(quorumAt, () -> heardOf.replaceAll((session, heard) -> now));
    }

    boolean quorum() {
      return now >= quorumAt;
    }

    void heard(long session) {
      if (heardOf.putIfAbsent(session, now) == null) {
        watchSession(session);
      }
      heardOf.put(session, now);
    }

    private void watchSession(long session) {
      at(
          now + 250,
          () -> {
            if (!heardOf.containsKey(session)) {
              return;
            }
            if (quorum() && now - heardOf.get(session) > lengths.getOrDefault(session, 6_000L)) {
              end(session);
            } else {
              watchSession(session);
            }
          });
    }

    void end(long session) {
      note("session " + session + " ends");
      heardOf.remove(session);
      sessionOf
          .entrySet()
          .removeIf(
              entry -> {
                if (entry.getValue() == session) {
                  members.remove(entry.getKey());
                }
                return entry.getValue() == session;
              });
      if (leaderSession == session) {
        leader = -1;
        leaderSession = 0;
      }
      changed();
    }

    boolean alive(long session) {
      return heardOf.containsKey(session);
    }

    void changed() {
      nodes.forEach(Node::news);
    }

    boolean commit(CommittedEpoch next) {
      CommittedEpoch before = epoch;
      epoch = next;
      note("committed " + next.epoch().number() + " of " + next.incarnations());
      if (before != null) {
        exclusions +=
            (int)
                before.incarnations().entrySet().stream()
                    .filter(member -> !next.has(member.getKey(), member.getValue()))
                    .count();
      }
      return true;
    }
  }

  /** One node: a process that can stand still, end, and begin anew. */
  private final class Node {
    final int pnn;
    final boolean remote;
    final MembershipTiming timing;
    final double rate = 0.99 + random.nextDouble() * 0.02;
    final long offset = random.nextInt(1_000_000) * MS;
    final Deque<Runnable> backlog = new ArrayDeque<>();
    long process;
    boolean frozen;
    long keeperBackAt;

    PeerHeartbeat heartbeat;
    LeaderMachine machine;
    long session;
    long incarnation;
    boolean registered;
    long zooKeeperUntil;
    long leaseUntil;
    long lastBeat;
    boolean leading;
    int term;
    boolean contending;
    CommittedEpoch seen;
    EpochLives proposed;
    long promised;
    long committed;

    /** Number of the epoch on which this node, as the leader, builds. */
    long knownEpoch;

    final Set<Long> promisedSince = new HashSet<>();
    Map<Integer, MemberInfo> known = Map.of();
    OptionalInt leader = OptionalInt.empty();
    Set<Integer> answers = new TreeSet<>();

    Node(int pnn, boolean remote) {
      this.pnn = pnn;
      this.remote = remote;
      this.timing = remote ? REMOTE_TIMING : TIMING;
    }

    Site site() {
      return remote ? BRANCH : Site.MAIN;
    }

    /** Of a message between two nodes. */
    long delay(Node to) {
      return remote || to.remote ? 50 + random.nextInt(350) : 1 + random.nextInt(20);
    }

    long clock() {
      return offset + (long) (now * MS * rate);
    }

    boolean mayAct() {
      return registered && leaseUntil != ClusterMembership.NO_LEASE && clock() < leaseUntil;
    }

    void start() {
      process++;
      backlog.clear();
      frozen = false;
      heartbeat = new PeerHeartbeat(pnn, timing.peer(), timing.remotePeer());
      machine =
          new LeaderMachine(
              MembershipConfig.of(pnn, "10.0.0." + (pnn + 1), "none")
                  .withPatience(Duration.ofSeconds(5))
                  .withTiming(timing)
                  .withSite(site()));
      promised = 0;
      seen = null;
      known = Map.of();
      endLife();
      for (Node other : nodes) {
        if (other != this) {
          machine.step(
              new LeaderEvent.Link(
                  other.pnn,
                  !cut.contains(List.of(pnn, other.pnn)) && !cut.contains(List.of(other.pnn, pnn))),
              clock());
        }
      }
      tick(process);
    }

    /** Runs on this node's thread: not while it stands still, and not in another process. */
    void later(long delay, Runnable task) {
      long of = process;
      at(now + delay, () -> deliver(of, task));
    }

    private void deliver(long of, Runnable task) {
      if (of == process) {
        if (frozen) {
          backlog.add(() -> deliver(of, task));
        } else {
          task.run();
        }
      }
    }

    private void tick(long of) {
      later(
          20 + random.nextInt(10),
          () -> {
            work();
            tick(of);
          });
    }

    void freeze(int millis) {
      if (!frozen) {
        note("node " + pnn + " stands still for " + millis);
        frozen = true;
        long of = process;
        at(
            now + millis,
            () -> {
              if (of == process) {
                frozen = false;
                List<Runnable> tasks = new ArrayList<>(backlog);
                backlog.clear();
                tasks.forEach(Runnable::run);
              }
            });
      }
    }

    /** Killed, and started again a little later. */
    void restart() {
      note("node " + pnn + " is killed");
      process++;
      registered = false;
      leaseUntil = ClusterMembership.NO_LEASE;
      long dead = process;
      at(
          now + 100 + random.nextInt(4_000),
          () -> {
            if (process == dead) {
              start();
            }
          });
    }

    void link(int other) {
      boolean up = !cut.contains(List.of(pnn, other)) && !cut.contains(List.of(other, pnn));
      step(new LeaderEvent.Link(other, up));
    }

    void cutFromKeeper(int millis) {
      note("node " + pnn + " is cut from ZooKeeper for " + millis);
      keeperBackAt = Math.max(keeperBackAt, now + millis);
    }

    // ZooKeeper.

    private boolean reachesKeeper() {
      return now >= keeperBackAt && keeper.quorum();
    }

    /** A write: done or not, and its answer may be lost. */
    private void write(BooleanSupplier operation, Consumer<Boolean> answer) {
      long of = session;
      at(
          now + 1 + random.nextInt(15),
          () -> {
            boolean done =
                reachesKeeper() && (keeper.alive(of) || of == session) && operation.getAsBoolean();
            if (done) {
              keeper.heard(of);
              keeper.changed();
            }
            later(
                1 + random.nextInt(15),
                () -> {
                  if (of == session) {
                    answer.accept(done && reachesKeeper());
                  }
                });
          });
    }

    void news() {
      later(
          1 + random.nextInt(30),
          () -> {
            if (reachesKeeper() && registered) {
              look();
            }
          });
    }

    private void look() {
      if (!keeper.alive(session)) {
        endLife();
        return;
      }
      Map<Integer, MemberInfo> all = Map.copyOf(keeper.members);
      known.forEach(
          (other, info) -> {
            MemberInfo after = all.get(other);
            if (after == null || after.incarnation() != info.incarnation()) {
              heartbeat.ended(Life.of(info));
            }
          });
      known = all;
      step(new LeaderEvent.Nodes(all));
      OptionalInt leads = keeper.leader < 0 ? OptionalInt.empty() : OptionalInt.of(keeper.leader);
      if (!leads.equals(leader)) {
        leader = leads;
        step(new LeaderEvent.LeaderIs(leads));
      }
      if (keeper.epoch != null) {
        epochSeen(keeper.epoch);
      }
      if (!leading && !contending && keeper.leader < 0 && !remote) {
        contend();
      } else if (!leading && !contending && keeper.leaderSession == session) {
        dropLeadership();
      }
    }

    private void epochSeen(CommittedEpoch now) {
      step(new LeaderEvent.EpochSeen(now));
      heartbeat.committed(now.lives(), clock());
      if (seen == null || seen.epoch().number() < now.epoch().number()) {
        boolean was = seen != null && seen.has(pnn, incarnation);
        seen = now;
        if (now.has(pnn, incarnation) && remote && promised < now.epoch().number()) {
          promised = now.epoch().number(); // begun without having been asked
          heartbeat.promised(promised, now.epoch(), clock());
        }
        if (now.has(pnn, incarnation)) {
          committed = now.epoch().number();
          promisedSince.removeIf(number -> number <= committed);
        } else if (was) {
          endLife();
        }
      }
      reckon();
    }

    // A life.

    private void endLife() {
      note("node " + pnn + " ends life " + incarnation);
      incarnation = nextIncarnation++;
      heartbeat.beginLife(incarnation, clock());
      long ended = session;
      if (ended != 0 && reachesKeeper()) {
        at(
            now + 5,
            () -> {
              if (keeper.alive(ended)) {
                keeper.end(ended);
              }
            });
      }
      session = nextSession++;
      keeper.lengths.put(session, timing.session().toMillis());
      registered = false;
      zooKeeperUntil = ClusterMembership.NO_LEASE;
      leaseUntil = ClusterMembership.NO_LEASE;
      if (leading) {
        leading = false;
        step(new LeaderEvent.Deposed());
      }
      leader = OptionalInt.empty();
      contending = false;
      registering = false;
      proposed = null;
      committed = 0;
      promisedSince.clear();
    }

    private boolean registering;

    private void register() {
      if (registering) {
        return;
      }
      registering = true;
      long sent = clock();
      long life = incarnation;
      write(
          () -> {
            Long holder = keeper.sessionOf.get(pnn);
            if (holder != null && holder != session) {
              keeper.end(holder);
            }
            note("node " + pnn + " registers as " + life + " in session " + session);
            keeper.sessionOf.put(pnn, session);
            keeper.members.put(pnn, info(life));
            return true;
          },
          done -> {
            registering = false;
            if (done && life == incarnation) {
              registered = true;
              answered(sent);
              look();
            }
          });
      later(500, () -> registering = false);
    }

    private MemberInfo info(long life) {
      return new MemberInfo(
          pnn,
          life,
          0,
          remote ? 0 : Capability.DEFAULT,
          RunState.RUNNING,
          true,
          "10.0.0." + (pnn + 1),
          promised,
          0,
          Math.toIntExact(timing.lease().toMillis()),
          0,
          LastWill.NONE,
          site());
    }

    private void answered(long sent) {
      zooKeeperUntil = Math.max(zooKeeperUntil, sent + timing.lease().toNanos());
      reckon();
    }

    private void reckon() {
      boolean over = leaseUntil != ClusterMembership.NO_LEASE && clock() >= leaseUntil;
      if (!over && zooKeeperUntil != ClusterMembership.NO_LEASE) {
        leaseUntil = Math.min(zooKeeperUntil, heartbeat.peerLeaseUntil());
      }
    }

    private void work() {
      long time = clock();
      if (leaseUntil != ClusterMembership.NO_LEASE
          && time >= leaseUntil - TIMING.peer().fencing().toNanos()) {
        endLife();
      }
      heartbeat.ownLeaseUntil(leaseUntil);
      heartbeat.tick(time).forEach(this::send);
      if (proposed != null && random.nextInt(4) == 0) {
        sendLives();
      }
      if (!registered) {
        register();
        return;
      }
      if (time - lastBeat >= timing.heartbeat().toNanos()) {
        lastBeat = time;
        Life life = new Life(pnn, incarnation);
        write(
            () -> keeper.members.containsKey(pnn) && Life.of(keeper.members.get(pnn)).equals(life),
            done -> {
              if (done) {
                answered(time);
                look();
              } else if (reachesKeeper()
                  && registered
                  && !life.equals(
                      Optional.ofNullable(keeper.members.get(pnn)).map(Life::of).orElse(null))) {
                endLife();
              }
            });
      }
      step(new LeaderEvent.Tick());
    }

    // Leases between members.

    private void send(PeerHeartbeat.Send send) {
      Node to = nodes.get(send.pnn());
      if (to == this) {
        receive(pnn, send.message());
      } else if (!cut.contains(List.of(pnn, to.pnn))) {
        int from = pnn;
        to.later(delay(to), () -> to.receive(from, send.message()));
      }
    }

    private void receive(int from, LeaseMessage message) {
      if (message instanceof LeaseMessage.Silent silent) {
        step(new LeaderEvent.SilenceReported(from, silent));
      } else {
        heartbeat.ownLeaseUntil(leaseUntil);
        heartbeat.receive(from, message, clock()).forEach(this::send);
        reckon();
      }
    }

    private void sendLives() {
      LeaseMessage message =
          new LeaseMessage.Lives(proposed.number(), new TreeMap<>(proposed.incarnations()));
      proposed.incarnations().keySet().forEach(to -> send(new PeerHeartbeat.Send(to, message)));
    }

    // The leader.

    private void contend() {
      contending = true;
      write(
          () -> {
            boolean free = keeper.leader < 0;
            if (free) {
              keeper.leader = pnn;
              keeper.leaderSession = session;
              keeper.term++;
              note("node " + pnn + " leads, term " + keeper.term);
            }
            return free;
          },
          this::elected);
      later(1_000, () -> contending = false);
    }

    private void elected(boolean done) {
      contending = false;
      if (done && keeper.leaderSession == session) {
        leading = true;
        term = keeper.term;
        knownEpoch = number(keeper.epoch);
        // The same answer to reading what the predecessor left, which the term protects.
        if (keeper.epoch != null) {
          heartbeat.committed(keeper.epoch.lives(), clock());
        }
        step(
            new LeaderEvent.Elected(
                term,
                Optional.ofNullable(keeper.epoch),
                keeper.reserved,
                Set.copyOf(keeper.expelled)));
      }
    }

    void step(LeaderEvent event) {
      List<LeaderDecision> decisions = machine.step(event, clock());
      decisions.forEach(decision -> note("node " + pnn + ": " + decision));
      decisions.forEach(this::carryOut);
    }

    private boolean holds(int of) {
      return keeper.term == of && keeper.leaderSession == session;
    }

    private void asLeader(BooleanSupplier operation, LeaderEvent done, LeaderEvent failed) {
      int of = term;
      write(
          () -> keeper.term == of && operation.getAsBoolean(),
          success -> {
            if (success) {
              step(done);
            } else if (leading && reachesKeeper() && !holds(of)) {
              leading = false;
              step(new LeaderEvent.Deposed());
            } else if (leading && reachesKeeper()) {
              step(failed);
              elected(true);
            } else {
              step(failed);
            }
          });
    }

    private void carryOut(LeaderDecision decision) {
      if (leading == decision instanceof LeaderDecision.Usurp) {
        return;
      }
      switch (decision) {
        case LeaderDecision.Reserve d ->
            asLeader(
                () -> {
                  boolean fresh = d.number() > keeper.reserved;
                  keeper.reserved = Math.max(keeper.reserved, d.number());
                  return fresh;
                },
                new LeaderEvent.Reserved(d.number()),
                new LeaderEvent.ChangeFailed(d.number()));
        case LeaderDecision.Propose d -> {
          proposed = d.lives();
          sendLives();
          propose(d.lives(), d.epoch());
        }
        case LeaderDecision.Commit d ->
            asLeader(
                () ->
                    keeper.reserved == d.epoch().epoch().number()
                        && number(keeper.epoch) == knownEpoch
                        && keeper.commit(d.epoch()),
                new LeaderEvent.Committed(d.epoch().epoch().number()),
                new LeaderEvent.ChangeFailed(d.epoch().epoch().number()));
        case LeaderDecision.Announce d -> {
          proposed = null;
          knownEpoch = d.epoch().number();
        }
        case LeaderDecision.Expel d -> {
          heartbeat.vanished(d.life());
          long number = knownEpoch;
          asLeader(
              () -> isCommitted(number) && keeperExpels(d.life()),
              new LeaderEvent.Expelled(d.life(), true),
              new LeaderEvent.Expelled(d.life(), false));
        }
        case LeaderDecision.Usurp d -> usurp(d);
        case LeaderDecision.Yield d -> {
          leading = false;
          dropLeadership();
          step(new LeaderEvent.Deposed());
        }
      }
    }

    private void dropLeadership() {
      contending = true;
      long of = session;
      write(
          () -> {
            if (keeper.leaderSession == of) {
              keeper.leader = -1;
              keeper.leaderSession = 0;
            }
            return true;
          },
          done -> contending = false);
      later(1_000, () -> contending = false);
    }

    private boolean isCommitted(long number) {
      return number(keeper.epoch) == number;
    }

    private long number(@Nullable CommittedEpoch epoch) {
      return epoch == null ? Epoch.NONE : epoch.epoch().number();
    }

    private boolean keeperExpels(Life life) {
      MemberInfo record = keeper.members.get(life.pnn());
      if (record == null || !Life.of(record).equals(life)) {
        return false;
      }
      note("node " + pnn + " expels " + life + ", term " + keeper.term);
      keeper.members.remove(life.pnn());
      keeper.sessionOf.remove(life.pnn());
      keeper.expelled.add(life);
      return true;
    }

    private void usurp(LeaderDecision.Usurp d) {
      if (contending) {
        return;
      }
      contending = true;
      heartbeat.vanished(d.leader());
      int of = keeper.term;
      write(
          () -> {
            boolean same =
                keeper.term == of
                    && keeper.leader == d.leader().pnn()
                    && isCommitted(d.epoch())
                    && keeper.sessionOf.getOrDefault(d.leader().pnn(), -1L) == keeper.leaderSession
                    && keeperExpels(d.leader());
            if (same) {
              keeper.term++;
              note("node " + pnn + " usurps, term " + keeper.term);
              keeper.leader = pnn;
              keeper.leaderSession = session;
            }
            return same;
          },
          this::elected);
      later(1_000, () -> contending = false);
    }

    private void propose(EpochLives lives, Epoch next) {
      long base = keeper.epoch == null || !holds(term) ? 0 : keeper.epoch.epoch().number();
      Set<Integer> missing = new TreeSet<>(next.voters());
      answers = missing;
      for (int member : next.members()) {
        Node other = nodes.get(member);
        if (member == pnn || !cut.contains(List.of(pnn, member))) {
          other.later(delay(other), () -> other.prepare(this, base, lives, next, missing));
        }
      }
      later(
          1_000,
          () -> {
            if (answers == missing && !missing.isEmpty()) {
              step(new LeaderEvent.Promised(next.number(), Set.copyOf(missing)));
            }
          });
    }

    private void prepare(Node from, long base, EpochLives lives, Epoch next, Set<Integer> missing) {
      if (!registered || next.number() <= promised) {
        return;
      }
      if (remote && !lives.has(new Life(pnn, incarnation))) {
        return;
      }
      if (!remote && committed != 0 && base != committed && !promisedSince.contains(base)) {
        if (base > committed) {
          endLife();
        }
        return;
      }
      if (promisedSince.contains(base)) {
        committed = base;
      }
      promised = next.number();
      promisedSince.add(promised);
      heartbeat.promised(base, next, clock());
      reckon();
      if (!cut.contains(List.of(pnn, from.pnn)) || from == this) {
        from.later(
            1 + random.nextInt(20),
            () -> {
              if (from.answers == missing && missing.remove(pnn) && missing.isEmpty()) {
                from.step(new LeaderEvent.Promised(next.number(), Set.of()));
              }
            });
      }
    }
  }
}
