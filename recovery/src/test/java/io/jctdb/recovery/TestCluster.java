package io.jctdb.recovery;

import io.jctdb.database.Epoch;
import io.jctdb.database.message.LeaseMessage;
import io.jctdb.protocol.Capability;
import io.jctdb.protocol.NodeFlags;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.NullUnmarked;
import org.jspecify.annotations.Nullable;

/** Nodes on 127.0.0.1 and up, in this JVM, each with its member of the ensemble. */
@NullUnmarked // map look-ups that fail end the test as they should
final class TestCluster implements AutoCloseable {
  /** Everything is in one JVM, on a machine that may be busy. */
  private static final PeerTiming PATIENT =
      new PeerTiming(
          Duration.ofMillis(100),
          Duration.ofMillis(1600),
          Duration.ofMillis(2200),
          Duration.ofMillis(75),
          Duration.ofMillis(200));

  private final Ensemble ensemble;
  private final Path directory;
  private final Map<Integer, EmbeddedZooKeeper> servers = new ConcurrentHashMap<>();
  final Map<Integer, Node> nodes = new ConcurrentSkipListMap<>();

  /** Pairs of nodes that cannot speak to each other. */
  private final Set<Set<Integer>> cut = ConcurrentHashMap.newKeySet();

  /** Nodes that do not answer PREPARE. */
  final Set<Integer> silent = ConcurrentHashMap.newKeySet();

  /** Nodes at a remote site. */
  final Set<Integer> remote = ConcurrentHashMap.newKeySet();

  /** The cluster lock, as each node sees it. */
  IntFunction<LeadershipCondition> clusterLock = pnn -> LeadershipCondition.NONE;

  /** Short, because the tests wait for its end. */
  Duration remoteLease = Site.MAIN.remoteLease();

  private final MembershipTiming timing;
  private final boolean witnessed;

  TestCluster(int size, int port, Path directory) {
    this(size, port, directory, MembershipTiming.DEFAULT, false);
  }

  /**
   * @param witnessed the members know their servers, and hold on when ZooKeeper has no quorum
   */
  TestCluster(int size, int port, Path directory, MembershipTiming timing, boolean witnessed) {
    this.timing = timing.withPeer(PATIENT);
    this.witnessed = witnessed;
    SortedMap<Integer, InetAddress> addresses = new TreeMap<>();
    for (int pnn = 0; pnn < size; pnn++) {
      addresses.put(pnn, InetAddress.ofLiteral("127.0.0." + (pnn + 1)));
    }
    this.ensemble = Ensemble.of(addresses, new EnsemblePorts(port, port + 1, port + 2));
    this.directory = directory;
  }

  void startServer(int pnn) throws IOException {
    if (ensemble.hasMember(pnn)) {
      servers.put(pnn, EmbeddedZooKeeper.start(ensemble, pnn, directory.resolve("" + pnn)));
    }
  }

  /** The disk of a server that is not running is replaced by an empty one. */
  void loseDisk(int pnn) throws IOException {
    Path disk = directory.resolve("" + pnn);
    try (Stream<Path> files = Files.walk(disk)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  void stopServer(int pnn) {
    EmbeddedZooKeeper server = servers.remove(pnn);
    if (server != null) {
      server.close();
    }
  }

  private boolean inQuorum(int pnn) {
    EmbeddedZooKeeper server = servers.get(pnn);
    return server != null && server.witness().mayBeInQuorum();
  }

  Node startNode(int pnn) {
    Node node = new Node(pnn);
    nodes.put(pnn, node);
    node.start();
    return node;
  }

  /** The process dies: links break, nothing is said, nothing is closed. */
  void kill(int pnn) {
    Node node = nodes.remove(pnn);
    if (node != null) {
      node.membership().abandon();
      nodes.values().forEach(other -> other.membership().linkChanged(pnn, false));
    }
  }

  /** The cable between two nodes is cut; ZooKeeper is reached on another. */
  void cut(int one, int other) {
    cut.add(Set.of(one, other));
    linkChanged(one, other, false);
  }

  void mend() {
    Set<Set<Integer>> mended = Set.copyOf(cut);
    cut.clear();
    for (Set<Integer> pair : mended) {
      Integer[] ends = pair.toArray(Integer[]::new);
      linkChanged(ends[0], ends[1], true);
    }
  }

  private void linkChanged(int one, int other, boolean up) {
    if (nodes.containsKey(one) && nodes.containsKey(other)) {
      nodes.get(one).membership().linkChanged(other, up);
      nodes.get(other).membership().linkChanged(one, up);
    }
  }

  OptionalInt leader() {
    Set<Integer> leaders = new TreeSet<>();
    for (Node node : nodes.values()) {
      leaders.add(node.membership().leader().orElse(-1));
    }
    Integer only = leaders.iterator().next();
    return leaders.size() == 1 && only >= 0 ? OptionalInt.of(only) : OptionalInt.empty();
  }

  /** Whether these nodes know an epoch of exactly themselves. */
  boolean goOnWithout(int pnn) {
    Set<Integer> others = new TreeSet<>(nodes.keySet());
    others.remove(pnn);
    return others.stream()
        .map(other -> nodes.get(other).membership().epoch())
        .allMatch(epoch -> epoch.isPresent() && epoch.get().members().equals(others));
  }

  /** Whether every running node knows an epoch of exactly these. */
  boolean agreeOn(Integer... members) {
    return nodes.values().stream()
        .allMatch(
            node ->
                node.membership()
                    .epoch()
                    .filter(epoch -> epoch.members().equals(Set.of(members)))
                    .isPresent());
  }

  @Override
  public void close() {
    nodes.values().forEach(node -> node.membership().close());
    List.copyOf(servers.keySet()).forEach(this::stopServer);
  }

  /** A daemon that lets go at once when told to. */
  final class Node implements MembershipListener, EpochChange, LeaseLinks {
    private final int pnn;
    private @Nullable ZooKeeperMembership membership;
    final byte[] secret = LastWill.newSecret();
    private volatile @Nullable CountDownLatch still;
    final List<String> told = new CopyOnWriteArrayList<>();
    final List<Epoch> committed = new CopyOnWriteArrayList<>();

    Node(int pnn) {
      this.pnn = pnn;
    }

    private void start() {
      MembershipConfig config =
          MembershipConfig.of(pnn, "127.0.0." + (pnn + 1), ensemble.connectString(pnn))
              .withTiming(
                  remote.contains(pnn)
                      ? MembershipTiming.remote(remoteLease, MembershipTiming.TICK)
                      : timing)
              .withSite(new Site(remote.contains(pnn) ? "branch" : "main", "main", remoteLease))
              .withCapabilities(remote.contains(pnn) ? 0 : Capability.DEFAULT)
              .withPatience(Duration.ofMillis(1500))
              .withCondition(clusterLock.apply(pnn))
              .withWitness(
                  witnessed ? QuorumWitness.of(ensemble, () -> inQuorum(pnn)) : QuorumWitness.NONE)
              .withWill(LastWill.hashOf(secret));
      membership = ZooKeeperMembership.start(config, this, this, this);
      for (Node other : nodes.values()) {
        other.membership().linkChanged(pnn, true);
        membership.linkChanged(other.pnn, true);
      }
      membership.setReady(true);
    }

    ZooKeeperMembership membership() {
      if (membership == null) {
        throw new IllegalStateException("not started");
      }
      return membership;
    }

    @Override
    public void nodesChanged(Map<Integer, MemberInfo> all) {}

    @Override
    public void ownFlagsChanged(int before, int after) {
      CountDownLatch until = still;
      if (until != null) {
        try {
          until.await();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
      boolean inactive = (after & (8 | 0x20)) != 0;
      told.add("flags " + after);
      membership().setReady(!inactive);
    }

    @Override
    public void leaderChanged(OptionalInt leader) {}

    @Override
    public void epochCommitted(Epoch epoch) {
      committed.add(epoch);
    }

    @Override
    public void memberDied(long epoch, int of) {
      told.add("dead: " + of + " in " + epoch);
    }

    @Override
    public void sessionEstablished(long incarnation) {
      told.add("session");
    }

    @Override
    public void leaseRenewed(long untilNanos) {}

    /** Blocks the membership thread until {@link #thaw}. */
    void freeze() {
      still = new CountDownLatch(1);
      membership().setUnhealthy((membership().ownFlags() & NodeFlags.UNHEALTHY) == 0);
    }

    void thaw() {
      CountDownLatch until = still;
      still = null;
      if (until != null) {
        until.countDown();
      }
    }

    @Override
    public void leaseLost(String reason) {
      told.add("lease lost");
      membership().setReady(false);
      membership().setReady(true);
    }

    @Override
    public void quorumLost() {
      told.add("quorum lost");
    }

    @Override
    public void quorumBack() {
      told.add("quorum back");
    }

    @Override
    public void send(int to, LeaseMessage message) {
      Node other = nodes.get(to);
      if (other != null && nodes.get(pnn) == this && !cut.contains(Set.of(pnn, to))) {
        other.membership().received(pnn, message);
      }
    }

    @Override
    public CompletableFuture<Set<Integer>> propose(Epoch next) {
      long base = membership().epoch().map(Epoch::number).orElse(Epoch.NONE);
      for (int member : next.members()) {
        Node promising = nodes.get(member);
        if (promising != null && !silent.contains(member)) {
          promising.membership().promised(base, next);
        }
      }
      Set<Integer> missing = new TreeSet<>(next.voters());
      missing.removeIf(member -> nodes.containsKey(member) && !silent.contains(member));
      return CompletableFuture.completedFuture(missing);
    }

    @Override
    public void commit(Epoch next) {
      told.add("commit " + next.number());
    }
  }
}
