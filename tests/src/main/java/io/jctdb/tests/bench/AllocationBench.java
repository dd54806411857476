package io.jctdb.tests.bench;

import io.jctdb.iptakeover.Allocation;
import io.jctdb.iptakeover.AllocationAlgorithm;
import io.jctdb.iptakeover.AllocationRequest;
import io.jctdb.iptakeover.NodeAddresses;
import io.jctdb.iptakeover.Placement;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * How long the leader needs to find a place for every public address: {@code ADDRESSES NODES
 * REPEATS}. Shown are the first time in the life of the Java machine, as a leader has it that has
 * just been elected, with the processor's part of it, and the median of the repeats.
 */
public final class AllocationBench {
  private static final int WITHOUT_MOVES = 3;

  private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
  private final Set<InetAddress> all;
  private final int nodes;
  private final int repeats;
  private double worstMillis;
  private double worstProcessorMillis;

  private AllocationBench(int addresses, int nodes, int repeats) throws UnknownHostException {
    this.all = addresses(addresses);
    this.nodes = nodes;
    this.repeats = repeats;
  }

  public static void main(String[] arguments) throws UnknownHostException {
    AllocationBench bench =
        new AllocationBench(
            Integer.parseInt(arguments[0]),
            Integer.parseInt(arguments[1]),
            Integer.parseInt(arguments[2]));
    System.out.printf(
        "%-18s %-34s %10s %14s %10s%n",
        "algorithm", "case", "first ms", "processor ms", "median ms");
    for (AllocationAlgorithm algorithm :
        List.of(
            AllocationAlgorithm.LCP2,
            AllocationAlgorithm.NON_DETERMINISTIC,
            AllocationAlgorithm.DETERMINISTIC)) {
      bench.run(algorithm);
    }
    System.out.printf(
        "allocation: %s addresses over %s nodes in %.0f ms at worst, %.0f of them on a processor"
            + " (goal 1000)%n",
        arguments[0], arguments[1], bench.worstMillis, bench.worstProcessorMillis);
  }

  private void run(AllocationAlgorithm algorithm) {
    List<Set<InetAddress>> nobody = held(List.of(), -1);
    measure(algorithm, "the cluster starts", nobody, -1);
    List<Placement> spread = Allocation.allocate(request(algorithm, nobody, -1));
    measure(algorithm, "nothing has changed", held(spread, -1), -1);
    measure(algorithm, "one node is lost", held(spread, WITHOUT_MOVES), WITHOUT_MOVES);
    List<Set<InetAddress>> heap = held(List.of(), -1);
    heap.getFirst().addAll(all);
    measure(algorithm, "all were on one node, others return", heap, -1);
  }

  private void measure(
      AllocationAlgorithm algorithm, String name, List<Set<InetAddress>> held, int lost) {
    AllocationRequest request = request(algorithm, held, lost);
    List<Double> millis = new ArrayList<>();
    double processorMillis = 0;
    for (int i = 0; i < repeats; i++) {
      long processor = threads.getCurrentThreadCpuTime();
      long begun = System.nanoTime();
      List<Placement> placements = Allocation.allocate(request);
      millis.add((System.nanoTime() - begun) / 1e6);
      if (i == 0) {
        processorMillis = (threads.getCurrentThreadCpuTime() - processor) / 1e6;
      }
      if (placements.size() != all.size()) {
        throw new IllegalStateException(placements.size() + " placements");
      }
    }
    double first = millis.getFirst();
    worstMillis = Math.max(worstMillis, first);
    worstProcessorMillis = Math.max(worstProcessorMillis, processorMillis);
    double median = millis.stream().sorted().toList().get(repeats / 2);
    System.out.printf(
        "%-18s %-34s %10.1f %14.1f %10.1f%n", algorithm, name, first, processorMillis, median);
  }

  private AllocationRequest request(
      AllocationAlgorithm algorithm, List<Set<InetAddress>> held, int lost) {
    List<NodeAddresses> perNode = new ArrayList<>();
    for (int pnn = 0; pnn < nodes; pnn++) {
      perNode.add(pnn == lost ? NodeAddresses.NONE : new NodeAddresses(all, held.get(pnn), all));
    }
    return new AllocationRequest(algorithm, perNode, false, false, Set.of(), Map.of());
  }

  /** What each node holds, without what {@code lost} had. */
  private List<Set<InetAddress>> held(List<Placement> placements, int lost) {
    List<Set<InetAddress>> held = new ArrayList<>();
    for (int pnn = 0; pnn < nodes; pnn++) {
      held.add(new HashSet<>());
    }
    for (Placement placement : placements) {
      if (placement.pnn() >= 0 && placement.pnn() != lost) {
        held.get(placement.pnn()).add(placement.address());
      }
    }
    return held;
  }

  /** In networks of 200, three quarters of them IPv4. */
  private static Set<InetAddress> addresses(int count) throws UnknownHostException {
    Set<InetAddress> addresses = new LinkedHashSet<>();
    for (int i = 0; i < count; i++) {
      byte[] octets = new byte[i % 4 == 3 ? 16 : 4];
      octets[0] = octets.length == 4 ? (byte) 10 : (byte) 0xfd;
      octets[octets.length - 3] = (byte) (i / 200 / 256);
      octets[octets.length - 2] = (byte) (i / 200);
      octets[octets.length - 1] = (byte) (1 + i % 200);
      addresses.add(InetAddress.getByAddress(octets));
    }
    return addresses;
  }
}
