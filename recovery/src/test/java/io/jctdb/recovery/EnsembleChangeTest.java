package io.jctdb.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.protocol.EnsembleNotice;
import io.jctdb.recovery.EnsembleRule.Adopt;
import io.jctdb.recovery.EnsembleRule.Fit;
import io.jctdb.recovery.EnsembleRule.Peer;
import io.jctdb.recovery.EnsembleRule.StandBack;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Administrators change nodes files and restart daemons in any order, networks break: at no moment
 * do two nodes act with different ZooKeeper servers. A model of nodes around the real rule: links
 * exist between nodes whose files are equal, and a set of servers works when a majority of it runs
 * with it and is connected.
 *
 * <p>Assumed, as docs/fencing.md says: a node that has a record is not away for as long as one
 * without a record waits for it.
 */
class EnsembleChangeTest {
  private static final int NODES = 6;
  private static final int STEPS = 120;
  private static final Map<String, Set<Integer>> SERVERS = new HashMap<>();

  private final Random random;
  private final List<Node> nodes = new ArrayList<>();
  private final List<String> story = new ArrayList<>();
  private boolean guarded = true;
  private int changes;
  private long seed;

  EnsembleChangeTest() {
    random = new Random();
    for (int pnn = 0; pnn < NODES; pnn++) {
      nodes.add(new Node(pnn));
    }
  }

  private static final class Node {
    final int pnn;
    Set<Integer> file = Set.of();
    Set<Integer> loaded = Set.of();
    @Nullable String disk;
    @Nullable EnsembleNotice own;
    final Map<Integer, EnsembleNotice> heard = new HashMap<>();
    int side;

    Node(int pnn) {
      this.pnn = pnn;
    }

    EnsembleNotice runningWith() {
      EnsembleNotice known = own;
      if (known == null) {
        throw new IllegalStateException("node " + pnn + " is off");
      }
      return known;
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void noTwoSetsOfServersAreEverInUse(long series) {
    int growths = 0;
    for (int schedule = 0; schedule < 200; schedule++) {
      begin(series * 1_000_000 + schedule);
      for (int step = 0; step < STEPS; step++) {
        step();
        assertOneSet();
      }
      growths += changes;
    }
    assertThat(growths).as("daemons started with a file that names others").isGreaterThan(500);
  }

  @Test
  void withoutTheGuardTheModelFindsTwo() {
    guarded = false;
    boolean found = false;
    for (int schedule = 0; schedule < 50 && !found; schedule++) {
      begin(schedule);
      for (int step = 0; step < STEPS && !found; step++) {
        step();
        found = inUse().size() > 1;
      }
    }
    assertThat(found).isTrue();
  }

  private void assertOneSet() {
    Set<String> sets = inUse();
    assertThat(sets).as(() -> "seed " + seed + ": " + story).hasSizeLessThan(2);
  }

  private void begin(long number) {
    seed = number;
    random.setSeed(seed);
    story.clear();
    changes = 0;
    int size = 1 + random.nextInt(5);
    for (Node node : nodes) {
      node.file = upTo(size);
      node.disk = null;
      node.own = null;
      node.heard.clear();
      node.side = 0;
    }
    for (int pnn = 0; pnn < size; pnn++) {
      start(nodes.get(pnn));
    }
    settle();
  }

  private void step() {
    Node node = nodes.get(random.nextInt(NODES));
    switch (random.nextInt(8)) {
      case 0, 1 -> node.file = randomFile();
      case 2 -> {
        Set<Integer> file = randomFile();
        nodes.forEach(each -> each.file = file);
        story.add("all files " + file);
      }
      case 3 -> {
        if (node.own != null && node.file.contains(node.pnn)) {
          node.loaded = node.file;
          cutLinks();
          story.add("reload " + node.pnn);
        }
      }
      case 4 -> nodes.forEach(each -> each.side = random.nextInt(3) == 0 ? 1 : 0);
      case 5 -> nodes.forEach(each -> each.side = 0);
      default -> restart(node);
    }
    settle();
  }

  private void restart(Node node) {
    stop(node);
    if (random.nextBoolean()) {
      settle();
    }
    start(node);
  }

  private Set<Integer> randomFile() {
    Set<Integer> file = upTo(1 + random.nextInt(NODES));
    return random.nextInt(3) == 0
        ? file.stream().filter(pnn -> pnn == 0 || random.nextInt(4) > 0).collect(Collectors.toSet())
        : file;
  }

  private static Set<Integer> upTo(int size) {
    return java.util.stream.IntStream.range(0, size).boxed().collect(Collectors.toSet());
  }

  private void stop(Node node) {
    node.own = null;
    node.heard.clear();
    cutLinks();
  }

  private void start(Node node) {
    if (!node.file.contains(node.pnn)) {
      return;
    }
    node.loaded = node.file;
    String byFile = byFile(node.file);
    String disk = guarded ? node.disk : null;
    changes += disk != null && !disk.equals(byFile) ? 1 : 0;
    node.own = new EnsembleNotice(disk == null ? byFile : disk, disk != null, false);
    story.add("start " + node.pnn + " " + node.own + " file " + node.file);
  }

  private static String byFile(Set<Integer> file) {
    SortedMap<Integer, InetAddress> addresses = new TreeMap<>();
    file.forEach(pnn -> addresses.put(pnn, InetAddress.ofLiteral("127.0.0." + (pnn + 1))));
    return Ensemble.of(addresses, EnsemblePorts.DEFAULT).text();
  }

  private boolean linked(Node one, Node other) {
    return one.own != null
        && other.own != null
        && one.side == other.side
        && one.loaded.equals(other.loaded)
        && one.loaded.contains(other.pnn)
        && one.loaded.contains(one.pnn);
  }

  private void cutLinks() {
    for (Node node : nodes) {
      node.heard
          .entrySet()
          .removeIf(said -> !linked(node, nodes.get(said.getKey())) && !said.getValue().acting());
    }
  }

  /** Everybody hears, and does, until nothing changes; in random order. */
  private void settle() {
    cutLinks();
    for (int round = 0; round < 4 * NODES; round++) {
      Node node = nodes.get(random.nextInt(NODES));
      if (node.own != null) {
        consider(node);
        if (guarded) {
          assertOneSet();
        }
      }
    }
  }

  private void consider(Node node) {
    EnsembleNotice own = node.runningWith();
    for (Node other : nodes) {
      if (other != node && linked(node, other)) {
        node.heard.put(other.pnn, other.runningWith());
      }
    }
    boolean works = works(node, own.ensemble());
    if (own.acting() && !works) {
      node.own = new EnsembleNotice(own.ensemble(), own.firm(), false); // its lease has run out
      return;
    }
    switch (guarded ? EnsembleRule.judge(own, peers(node)) : new Fit()) {
      case Fit fit -> {
        if (works && !own.acting()) {
          node.disk = own.ensemble();
          node.own = new EnsembleNotice(own.ensemble(), true, true);
          story.add("member " + node.pnn);
        }
      }
      case Adopt adopt -> {
        node.disk = adopt.ensemble();
        node.own = new EnsembleNotice(adopt.ensemble(), true, false);
        story.add("adopted by " + node.pnn);
      }
      case StandBack back -> node.own = new EnsembleNotice(own.ensemble(), own.firm(), false);
      case EnsembleRule.Await await -> {}
    }
  }

  private SortedMap<Integer, Peer> peers(Node node) {
    SortedMap<Integer, Peer> peers = new TreeMap<>();
    for (int pnn : node.loaded) {
      if (pnn == node.pnn) {
        continue;
      }
      Node other = nodes.get(pnn);
      EnsembleNotice said = node.heard.get(pnn);
      peers.put(
          pnn,
          said != null
              ? new EnsembleRule.Says(said, linked(node, other))
              : other.own != null && other.side == node.side
                  ? new EnsembleRule.Listens()
                  : other.disk != null ? new EnsembleRule.Unheard() : new EnsembleRule.Absent());
    }
    return peers;
  }

  /** Whether a majority of the servers runs with this set, where the node can reach it. */
  private boolean works(Node node, String ensemble) {
    Set<Integer> servers =
        SERVERS.computeIfAbsent(
            ensemble, text -> Set.copyOf(Ensemble.parse(text).orElseThrow().members().keySet()));
    long running =
        servers.stream()
            .map(nodes::get)
            .filter(
                server ->
                    server.own != null
                        && server.side == node.side
                        && server.own.ensemble().equals(ensemble))
            .count();
    return running > servers.size() / 2;
  }

  private Set<String> inUse() {
    return nodes.stream()
        .filter(node -> node.own != null && node.own.acting() && works(node, node.own.ensemble()))
        .map(node -> node.runningWith().ensemble())
        .collect(Collectors.toSet());
  }
}
