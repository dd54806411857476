package io.jctdb.iptakeover;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What holds for every layout, whatever the cluster looks like. */
class AllocationPropertiesTest {
  @ParameterizedTest
  @EnumSource
  void noAddressIsLeftOutWhileSomebodyCanHostIt(AllocationAlgorithm algorithm) {
    for (long seed = 0; seed < 300; seed++) {
      AllocationRequest request = randomCluster(new Random(seed), algorithm);
      List<Placement> placements = Allocation.allocate(request);
      Set<InetAddress> seen = new HashSet<>();
      for (Placement placement : placements) {
        assertThat(seen.add(placement.address())).as("seed %d: one place each", seed).isTrue();
        List<Integer> able = able(request, placement.address());
        if (able.isEmpty()) {
          assertThat(placement.pnn()).as("seed %d", seed).isEqualTo(Placement.NOBODY);
        } else {
          assertThat(able).as("seed %d: a node that can host it", seed).contains(placement.pnn());
        }
      }
      Set<InetAddress> known = new HashSet<>();
      request.nodes().forEach(node -> known.addAll(node.known()));
      assertThat(seen).as("seed %d: every known address", seed).isEqualTo(known);
    }
  }

  @ParameterizedTest
  @EnumSource
  void theNextRunChangesNothing(AllocationAlgorithm algorithm) {
    // Not with partial knowledge: there even ctdbd's non-deterministic layouts may swing.
    for (long seed = 0; seed < 100; seed++) {
      Random random = new Random(seed);
      Set<InetAddress> all = addresses(random, 1 + random.nextInt(30));
      int count = 2 + random.nextInt(5);
      List<Placement> first = Allocation.allocate(request(algorithm, hosts(all, List.of(), count)));
      assertThat(Allocation.allocate(request(algorithm, hosts(all, first, count))))
          .isEqualTo(first);
    }
  }

  @ParameterizedTest
  @EnumSource
  void whatNeedNotMoveStaysWhenANodeIsLostAndWhenItReturns(AllocationAlgorithm algorithm) {
    for (long seed = 0; seed < 100; seed++) {
      Random random = new Random(seed);
      int count = 2 + random.nextInt(5);
      Set<InetAddress> all = addresses(random, 3 * count + random.nextInt(20));
      int lost = random.nextInt(count);
      List<Placement> before =
          Allocation.allocate(request(algorithm, hosts(all, List.of(), count)));
      List<NodeAddresses> nodes = hosts(all, before, count);
      nodes.set(lost, new NodeAddresses(all, nodes.get(lost).hosted(), Set.of()));

      List<Placement> without = Allocation.allocate(request(algorithm, nodes));
      List<Placement> again = Allocation.allocate(request(algorithm, hosts(all, without, count)));

      for (int i = 0; i < before.size(); i++) {
        if (before.get(i).pnn() != lost) {
          assertThat(without.get(i))
              .as("seed %d: of a node that is well", seed)
              .isEqualTo(before.get(i));
        }
        if (again.get(i).pnn() != lost) {
          assertThat(again.get(i)).as("seed %d: to others", seed).isEqualTo(without.get(i));
        }
      }
      assertThat(again).as("seed %d", seed).anyMatch(placement -> placement.pnn() == lost);
    }
  }

  /** Healthy nodes that each know all addresses and have what was placed there. */
  private static List<NodeAddresses> hosts(
      Set<InetAddress> all, List<Placement> placements, int count) {
    List<NodeAddresses> nodes = new ArrayList<>();
    for (int pnn = 0; pnn < count; pnn++) {
      Set<InetAddress> hosted = new HashSet<>();
      for (Placement placement : placements) {
        if (placement.pnn() == pnn) {
          hosted.add(placement.address());
        }
      }
      nodes.add(new NodeAddresses(all, hosted, all));
    }
    return nodes;
  }

  @Test
  void aThousandAddressesOverFiftyNodesAreSpreadEvenly() {
    Random random = new Random(1);
    Set<InetAddress> all = addresses(random, 1000);
    List<NodeAddresses> nodes = new ArrayList<>();
    for (int pnn = 0; pnn < 50; pnn++) {
      nodes.add(new NodeAddresses(all, pnn == 0 ? all : Set.of(), all));
    }
    for (AllocationAlgorithm algorithm : AllocationAlgorithm.values()) {
      int[] count = new int[50];
      Allocation.allocate(request(algorithm, nodes)).forEach(p -> count[p.pnn()]++);
      for (int held : count) {
        assertThat(held).as(algorithm.name()).isBetween(10, 30);
      }
    }
  }

  private static List<Integer> able(AllocationRequest request, InetAddress address) {
    List<Integer> able = new ArrayList<>();
    for (int pnn = 0; pnn < request.nodes().size(); pnn++) {
      if (request.nodes().get(pnn).available().contains(address)) {
        able.add(pnn);
      }
    }
    return able;
  }

  private static AllocationRequest request(
      AllocationAlgorithm algorithm, List<NodeAddresses> nodes) {
    return new AllocationRequest(algorithm, nodes, false, false, Set.of(), Map.of());
  }

  private static AllocationRequest randomCluster(Random random, AllocationAlgorithm algorithm) {
    Set<InetAddress> all = addresses(random, random.nextInt(40));
    List<NodeAddresses> nodes = new ArrayList<>();
    for (int pnn = 0; pnn < 1 + random.nextInt(8); pnn++) {
      Set<InetAddress> known = subset(random, all, 0.8);
      boolean healthy = random.nextInt(4) > 0;
      nodes.add(
          new NodeAddresses(
              known, subset(random, known, 0.4), healthy ? subset(random, known, 0.9) : Set.of()));
    }
    return new AllocationRequest(
        algorithm, nodes, false, random.nextBoolean(), Set.of(random.nextInt(9)), Map.of());
  }

  private static Set<InetAddress> subset(Random random, Set<InetAddress> of, double share) {
    Set<InetAddress> subset = new HashSet<>();
    for (InetAddress address : of) {
      if (random.nextDouble() < share) {
        subset.add(address);
      }
    }
    return subset;
  }

  private static Set<InetAddress> addresses(Random random, int count) {
    Set<InetAddress> addresses = new HashSet<>();
    while (addresses.size() < count) {
      byte[] octets = new byte[random.nextInt(4) == 0 ? 16 : 4];
      octets[0] = octets.length == 4 ? (byte) 10 : (byte) 0xfd;
      octets[octets.length - 2] = (byte) random.nextInt(8);
      octets[octets.length - 1] = (byte) random.nextInt(256);
      try {
        addresses.add(InetAddress.getByAddress(octets));
      } catch (UnknownHostException e) {
        throw new IllegalStateException(e);
      }
    }
    return addresses;
  }
}
