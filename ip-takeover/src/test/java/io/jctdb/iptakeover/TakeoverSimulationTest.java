package io.jctdb.iptakeover;

import static io.jctdb.iptakeover.Addresses.ip;
import static io.jctdb.iptakeover.Addresses.line;
import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.protocol.Connection;
import io.jctdb.protocol.Control;
import io.jctdb.protocol.HostableAddresses;
import io.jctdb.protocol.NodeFlags;
import io.jctdb.protocol.NodeMap;
import io.jctdb.protocol.Payload;
import io.jctdb.protocol.RunState;
import io.jctdb.protocol.SockAddr;
import io.jctdb.protocol.Srvid;
import io.jctdb.protocol.SrvidMessage;
import io.jctdb.protocol.TickleList;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.function.IntConsumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Four nodes, six addresses, and everything that goes wrong: crashes, cut cables, sick and hung
 * nodes, scripts that fail or are slow, leaders that die in the middle of a run. At every moment
 * each address is on one node at most; when the trouble is over, on exactly one.
 *
 * <p>A failing seed replays exactly; {@code -Dtakeover.seeds} tries so many of them.
 */
class TakeoverSimulationTest {
  private static final int NODES = 4;
  private static final int SEEDS = Integer.getInteger("takeover.seeds", 250);
  private static final int COUP_SEEDS = Integer.getInteger("takeover.seeds", 150);
  private static final int STRETCHED_SEEDS = Integer.getInteger("takeover.seeds", 150);

  /** A cut-off node fences itself; what it or its kernel does is over by SAFE. */
  private static final Duration LEASE = Duration.ofMillis(1_500);

  private static final Duration DETECTION = Duration.ofSeconds(2);
  private static final Duration SAFE = Duration.ofSeconds(3);

  private final List<PublicAddress> lines =
      List.of(
          line("10.0.0.1", "eth0"),
          line("10.0.0.2", "eth0"),
          line("10.0.0.3", "eth0", "eth1"),
          line("10.0.1.1", "eth1"),
          line("10.0.1.2", "eth1"),
          line("fd00::1", "eth2"));

  private FakeScheduler scheduler = new FakeScheduler();
  private Random random = new Random(0);
  private List<Node> nodes = List.of();
  private boolean trouble;
  private boolean coups;

  /** The last node is far away. */
  private boolean stretched;

  private int epoch;

  /** Of the leader that was elected last. */
  private long term;

  @Test
  void neverTwiceAndInTheEndOnce() {
    simulateAll(SEEDS);
  }

  /** A leader that has been replaced goes on until it hears of that. */
  @Test
  void norWhenTwoBelieveThatTheyLead() {
    coups = true;
    simulateAll(COUP_SEEDS);
  }

  /**
   * The last node is at a remote site. It shares some addresses with the others and has some alone,
   * which changes; its line is long, and stands still now and then.
   */
  @Test
  void norWithANodeAtARemoteSite() {
    coups = true;
    stretched = true;
    simulateAll(STRETCHED_SEEDS);
  }

  private void simulateAll(int seeds) {
    for (long seed = 1; seed <= seeds; seed++) {
      try {
        simulate(seed);
      } catch (AssertionError e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
  }

  private void simulate(long seed) {
    random = new Random(seed);
    scheduler = new FakeScheduler();
    nodes = new ArrayList<>();
    trouble = true;
    epoch = 0;
    for (int pnn = 0; pnn < NODES; pnn++) {
      nodes.add(new Node(pnn));
    }
    nodes.forEach(Node::boot);
    newEpoch();
    elect();
    for (int step = 0; step < 60; step++) {
      disturb();
      pass(Duration.ofMillis(random.nextInt(1_500)));
    }
    trouble = false;
    nodes.forEach(Node::heal);
    if (stretched) {
      pass(Duration.ofSeconds(10));
      far().addresses.reload(farLines());
      leader().ifPresent(l -> l.runs.request("the list of the remote node"));
    }
    pass(Duration.ofSeconds(90));
    for (PublicAddress line : lines) {
      List<Integer> holders =
          nodes.stream().filter(n -> n.has(line.address())).map(n -> n.pnn).toList();
      assertThat(holders).as("holders of %s at the end", line.address()).hasSize(1);
      assertThat(nodes.get(holders.getFirst()).addresses.isHere(line.address())).isTrue();
    }
  }

  private void disturb() {
    Node node = nodes.get(random.nextInt(NODES));
    switch (random.nextInt(stretched ? 13 : coups ? 10 : 8)) {
      case 0 -> node.crash();
      case 1 -> node.cutOff();
      case 2, 3 -> node.heal();
      case 4 -> node.ownFlags ^= NodeFlags.UNHEALTHY;
      case 5 -> leader().ifPresent(l -> l.runs.request("disturbance"));
      case 6 -> node.runs.onMessage(Srvid.REBALANCE_NODE, Payload.ofU32(1));
      case 7 -> node.goDeaf();
      case 8, 9 -> replaceLeader(node);
      case 10, 11 -> far().addresses.reload(someLines());
      default -> far().hang();
    }
    leader().ifPresent(l -> l.runs.request("flags"));
  }

  /** Time passes in small steps; after each the invariant is checked. */
  private void pass(Duration time) {
    for (long millis = 0; millis < time.toMillis(); millis += 10) {
      scheduler.advance(Duration.ofMillis(10));
      lines.forEach(line -> assertNotTwice(line.address()));
    }
  }

  private void assertNotTwice(InetAddress address) {
    int holders = 0;
    for (Node node : nodes) {
      holders += node.has(address) ? 1 : 0;
    }
    if (holders > 1) {
      throw new AssertionError(address + " is on " + holders + " nodes");
    }
  }

  private Optional<Node> leader() {
    return nodes.stream().filter(n -> n.leading).findFirst();
  }

  private void elect() {
    if (leader().isPresent()) {
      return;
    }
    nodes.stream()
        .filter(n -> n.reachable && !n.thought(NodeFlags.DISCONNECTED) && !n.isFar())
        .findFirst()
        .ifPresent(Node::lead);
  }

  /** Another one is elected while the leader goes on for a moment. */
  private void replaceLeader(Node next) {
    leader()
        .filter(old -> next != old && old.reachable && next.reachable && !next.isFar())
        .ifPresent(
            old -> {
              old.leading = false;
              TakeoverRuns its = old.runs;
              scheduler.after(
                  somewhatLater(300),
                  () -> {
                    if (!old.leading) {
                      its.setLeader(OptionalInt.of(next.pnn));
                    }
                  });
              next.lead();
            });
  }

  private Node far() {
    return nodes.getLast();
  }

  private List<PublicAddress> farLines() {
    return lines.subList(2, lines.size());
  }

  private List<PublicAddress> someLines() {
    return lines.stream().filter(line -> random.nextBoolean()).toList();
  }

  /** Every member of the main site promises it before it begins; the remote one hears of it. */
  private void newEpoch() {
    if (!stretched) {
      return;
    }
    int number = ++epoch;
    Map<Integer, Long> lives = new HashMap<>();
    Set<Integer> mainSite = new HashSet<>();
    for (Node node : nodes) {
      if (!node.gone) {
        lives.put(node.pnn, (long) node.bootedAs);
        if (!node.isFar()) {
          mainSite.add(node.pnn);
        }
      }
    }
    nodes.stream()
        .filter(n -> n.reachable && !n.gone)
        .forEach(n -> n.runs.livesPromised(lives.keySet(), lives));
    Node remote = far();
    if (remote.reachable && !remote.gone && !mainSite.isEmpty()) {
      int life = remote.bootedAs;
      scheduler.after(
          somewhatLater(300),
          () -> {
            if (remote.bootedAs == life && remote.epoch < number) {
              remote.epoch = number;
              remote.addresses.published().begin(remote, life, mainSite);
            }
          });
    }
  }

  private NodeMap nodeMap() {
    List<NodeMap.Node> map = new ArrayList<>();
    for (Node node : nodes) {
      map.add(
          new NodeMap.Node(
              node.pnn,
              node.gone ? NodeFlags.DISCONNECTED | NodeFlags.UNHEALTHY : node.ownFlags,
              new SockAddr(ip("10.9.9." + (node.pnn + 1)), 4379)));
    }
    return new NodeMap(map);
  }

  private Duration somewhatLater(int millisMax) {
    return Duration.ofMillis(1 + random.nextInt(millisMax));
  }

  /** One node: its kernel, its scripts, its daemon. A new daemon has a new {@code life}. */
  private final class Node
      implements AddressListener, TakeoverListener, AddressKeeper, NodeControls {
    final int pnn;
    FakeKernel kernel = new FakeKernel();
    LocalAddresses addresses = daemon();
    TakeoverRuns runs = leaderSide();
    AddressControls controls = new AddressControls(addresses, Optional::empty);

    /** Messages pass. */
    boolean reachable = true;

    /** The others have noticed that it is not there. */
    boolean gone;

    /** Member, with a valid lease, but it answers no controls. */
    boolean deaf;

    /** Its lease is over: nothing is taken any more. */
    boolean fenced;

    boolean leading;

    /** Of its last leadership. */
    long ownTerm;

    int ownFlags;
    int life;
    int bootedAs;
    long safeAt;

    /** The newest that the remote node has heard of. */
    int epoch;

    /** Of the line to the remote node. */
    long hangsUntil;

    /** What is under way to each node, if one of the two is the remote one. */
    final List<Deque<Runnable>> sent =
        Stream.generate(() -> (Deque<Runnable>) new ArrayDeque<Runnable>()).limit(NODES).toList();

    Node(int pnn) {
      this.pnn = pnn;
    }

    boolean isFar() {
      return stretched && pnn == NODES - 1;
    }

    /** What is under way arrives when the line goes on. */
    void hang() {
      long until = scheduler.nowNanos() + somewhatLater(12_000).toNanos();
      hangsUntil = Math.max(hangsUntil, until);
    }

    void boot() {
      bootedAs = life;
      kernel = new FakeKernel();
      addresses = daemon();
      runs = leaderSide();
      controls = new AddressControls(addresses, Optional::empty);
      ownFlags = 0;
      fenced = false;
      addresses.startChecks();
    }

    void lead() {
      leading = true;
      ownTerm = ++term;
      runs.setLeader(OptionalInt.of(pnn));
      runs.request("elected");
    }

    boolean has(InetAddress address) {
      return kernel.addresses.containsKey(address);
    }

    boolean thought(int flag) {
      return gone && (flag & NodeFlags.DISCONNECTED) != 0;
    }

    /** The daemon is gone at once; the kernel keeps the addresses for a while. */
    void crash() {
      if (reachable) {
        life++;
        // Nothing that is still asked of it is heard.
        runs = leaderSide();
        lose();
        FakeKernel left = kernel;
        scheduler.after(SAFE.minusMillis(random.nextInt(1_000) + 1), left.addresses::clear);
      }
    }

    /** The daemon goes on, until its lease is over. */
    void cutOff() {
      if (reachable) {
        lose();
        int cut = life;
        scheduler.after(
            LEASE,
            () -> {
              if (life == cut) {
                // As the daemon does: drop all, and stay away until the cable is back.
                fenced = true;
                runs.setLeader(OptionalInt.empty());
                leading = false;
                addresses.dropAllNow();
              }
            });
      }
    }

    void goDeaf() {
      deaf = true;
      scheduler.after(Duration.ofSeconds(12), () -> deaf = false);
    }

    private void lose() {
      reachable = false;
      safeAt = scheduler.nowNanos() + SAFE.toNanos();
      int lost = life;
      scheduler.after(
          DETECTION,
          () -> {
            if (life == lost) {
              gone = true;
              leading = false;
              newEpoch();
              elect();
              leader().ifPresent(l -> l.runs.nodesChanged());
              leader().ifPresent(l -> l.runs.request("node " + pnn + " is lost"));
            }
          });
    }

    /** Healthy again; if it was away long enough to be sure, it comes back as new. */
    void heal() {
      ownFlags = 0;
      if (reachable) {
        return;
      }
      if (!gone || scheduler.nowNanos() < safeAt) {
        scheduler.after(Duration.ofMillis(500), this::heal);
        return;
      }
      life++;
      boot();
      reachable = true;
      gone = false;
      newEpoch();
      elect();
      leader().ifPresent(l -> l.runs.request("node " + pnn + " is back"));
    }

    private LocalAddresses daemon() {
      AddressPorts ports =
          new AddressPorts(
              kernel,
              this,
              this::runEvent,
              new NoAnnouncements(),
              lifeBound(),
              this,
              () -> new OwnState(RunState.RUNNING, ownFlags),
              () -> runs.isDisabled());
      List<PublicAddress> own = isFar() ? farLines() : stretched ? lines.subList(0, 4) : lines;
      return new LocalAddresses(pnn, ports, own);
    }

    private TakeoverRuns leaderSide() {
      return new TakeoverRuns(
          pnn,
          this,
          lifeBound(),
          other ->
              nodes.get(other).gone
                  ? Math.max(0, nodes.get(other).safeAt - scheduler.nowNanos())
                  : HandOverGate.UNKNOWN,
          TakeoverSimulationTest.this::nodeMap,
          () -> TakeoverSettings.DEFAULT,
          this);
    }

    /** Timers that die with the daemon. */
    private Scheduler lifeBound() {
      int bound = life;
      return new Scheduler() {
        @Override
        public long nowNanos() {
          return scheduler.nowNanos();
        }

        @Override
        public Timer after(Duration delay, Runnable task) {
          return scheduler.after(
              delay,
              () -> {
                if (life == bound) {
                  task.run();
                }
              });
        }
      };
    }

    private void runEvent(String event, List<String> arguments, IntConsumer status) {
      FakeKernel mine = kernel;
      lifeBound()
          .after(
              somewhatLater(300),
              () -> {
                boolean fails = trouble && random.nextInt(8) == 0;
                if (!fails && event.equals("takeip")) {
                  mine.add(ip(arguments.get(1)));
                } else if (!fails && event.equals("releaseip")) {
                  mine.addresses.remove(ip(arguments.get(1)));
                }
                status.accept(fails ? 1 : 0);
              });
    }

    @Override
    public void call(int to, Control control, int flags, byte[] data, Answer answer) {
      call(AddressControls.NO_TERM, to, control, flags, data, answer);
    }

    @Override
    public NodeControls ofPresentTerm() {
      long present = ownTerm;
      return (to, control, flags, data, answer) -> call(present, to, control, flags, data, answer);
    }

    private void call(long inTerm, int to, Control control, int flags, byte[] data, Answer answer) {
      Node target = nodes.get(to);
      Scheduler bound = lifeBound();
      int itsLife = target.life;
      travel(
          bound,
          target,
          () -> {
            boolean another = target.isFar() && target.life != itsLife;
            if (!connected(target) || another) {
              if (target.gone || another) {
                answer.take(-1, Payload.empty());
              } else if (control == Control.HOSTABLE_ADDRESSES) {
                bound.after(DETECTION, () -> answer.take(-1, Payload.empty()));
              }
              return;
            }
            target.receive(
                control,
                flags,
                data,
                inTerm,
                (status, reply) ->
                    target.travel(
                        bound,
                        this,
                        () -> {
                          if (connected(target)) {
                            answer.take(status, reply);
                          }
                        }));
          });
    }

    private void receive(
        Control control, int flags, byte[] data, long inTerm, AddressControls.Reply reply) {
      if (control == Control.HOSTABLE_ADDRESSES) {
        runs.hostableAddresses(
            HostableAddresses.decode(data), status -> reply.answer(status, Payload.empty()));
      } else {
        controls.handle(control, flags, data, 0, inTerm, reply);
      }
    }

    /** A message arrives, if the life that {@code bound} belongs to goes on. */
    private void travel(Scheduler bound, Node target, Runnable arrived) {
      if (!isFar() && !target.isFar()) {
        bound.after(somewhatLater(20), arrived);
        return;
      }
      Deque<Runnable> line = sent.get(target.pnn);
      line.add(() -> bound.after(Duration.ZERO, arrived));
      scheduler.after(somewhatLater(200), () -> arrive(line));
    }

    /** What is on one line arrives in its order. */
    private void arrive(Deque<Runnable> line) {
      long wait = far().hangsUntil - scheduler.nowNanos();
      if (wait > 0) {
        scheduler.after(Duration.ofNanos(wait), () -> arrive(line));
      } else {
        line.remove().run();
      }
    }

    private boolean connected(Node target) {
      return target == this || (reachable && target.reachable && !target.deaf);
    }

    @Override
    public boolean mayTake() {
      return !fenced;
    }

    @Override
    public void hold(InetAddress address) {}

    @Override
    public void letGo(InetAddress address) {}

    @Override
    public void releaseAllNow() {
      kernel.addresses.clear();
    }

    @Override
    public void taken(InetAddress address) {}

    @Override
    public void released(InetAddress address) {}

    @Override
    public void reallocationBegins() {}

    @Override
    public void reallocated() {}

    @Override
    public void takeoverRunWanted(String reason) {
      if (reachable) {
        leader().ifPresent(l -> l.runs.request(reason));
      }
    }

    @Override
    public void addressesGained() {}

    @Override
    public void connectionAdded(Connection connection) {}

    @Override
    public void connectionRemoved(Connection connection) {}

    @Override
    public void connectionsChanged(TickleList list) {}

    @Override
    public void reply(int toPnn, long srvid, int value) {}

    @Override
    public void handOn(int toLeader, SrvidMessage request) {}

    @Override
    public void disableElsewhere(int seconds) {}

    @Override
    public void keepsAddresses(int node, int count) {}

    @Override
    public void finished(TakeoverResult result) {}
  }

  private static final class NoAnnouncements implements AnnouncementSender {
    @Override
    public void announce(String interfaceName, InetAddress address) {}

    @Override
    public void tickle(Connection connection) {}
  }
}
