package io.jctdb.iptakeover;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.jctdb.protocol.NumericAddress;
import io.jctdb.protocol.RunState;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every recorded layout of ctdbd 4.17 comes out again (cluster-and-failover.md 9). */
class AllocationVectorsTest {
  record Case(JsonNode json) {
    @Override
    public String toString() {
      return json.get("id").asText();
    }
  }

  static Stream<Case> cases() throws IOException {
    return StreamSupport.stream(vectors().get("cases").spliterator(), false).map(Case::new);
  }

  static Stream<JsonNode> distances() throws IOException {
    return StreamSupport.stream(vectors().get("distance").spliterator(), false);
  }

  @ParameterizedTest
  @MethodSource("distances")
  void distanceAndCost(JsonNode pair) {
    int distance =
        AddressOrder.distance(
            AddressOrder.words(address(pair.get(0).asText())),
            AddressOrder.words(address(pair.get(1).asText())));
    assertThat(distance).isEqualTo(pair.get(2).asInt());
    assertThat(distance * distance).isEqualTo(pair.get(3).asInt());
  }

  @ParameterizedTest
  @MethodSource("cases")
  void placesAsRecorded(Case vector) {
    JsonNode json = vector.json;
    AllocationRequest request = request(json);
    List<Placement> placements = Allocation.allocate(request);
    if (json.has("expected")) {
      List<Placement> expected = new ArrayList<>();
      json.get("expected")
          .forEach(e -> expected.add(new Placement(address(e.get(0).asText()), e.get(1).asInt())));
      assertThat(placements).isEqualTo(expected);
    } else {
      List<Integer> expected = new ArrayList<>();
      json.get("expected_pnns").forEach(pnn -> expected.add(pnn.asInt()));
      assertThat(placements.stream().map(Placement::pnn).toList()).isEqualTo(expected);
    }
    if (json.has("moves")) {
      checkTrace(json, request);
    }
  }

  private static void checkTrace(JsonNode json, AllocationRequest request) {
    AddressTable table = new AddressTable(request);
    Lcp2 lcp2 = new Lcp2(table);
    lcp2.allocate(request.noIpFailback(), request.rebalance());
    List<String> expected = new ArrayList<>();
    json.get("moves").forEach(move -> expected.add(move.toString()));
    List<String> actual =
        lcp2.moves().stream()
            .map(
                m ->
                    "[%d,\"%s\",%d,%d,%d]"
                        .formatted(
                            m.from(),
                            NumericAddress.toString(table.addresses.get(m.address())),
                            m.to(),
                            m.sourceChange(),
                            m.destinationCost()))
            .toList();
    assertThat(actual).isEqualTo(expected);
    List<Long> imbalance = new ArrayList<>();
    json.get("imbalance").forEach(value -> imbalance.add(value.asLong()));
    List<Long> computed = new ArrayList<>();
    for (int value : lcp2.imbalance()) {
      computed.add(Integer.toUnsignedLong(value));
    }
    assertThat(computed).isEqualTo(imbalance);
  }

  private static AllocationRequest request(JsonNode json) {
    int nodeCount = json.get("nodes").size();
    Map<InetAddress, Set<Integer>> hostedBy = new LinkedHashMap<>();
    Map<InetAddress, Set<Integer>> knownBy = new LinkedHashMap<>();
    readAddresses(json, nodeCount, hostedBy, knownBy);
    List<NodeAddresses> nodes = new ArrayList<>();
    for (int pnn = 0; pnn < nodeCount; pnn++) {
      Set<InetAddress> known = with(pnn, knownBy);
      boolean healthy =
          (json.get("nodes").get(pnn).asInt() & 0x3f) == 0
              && (!json.has("runstate")
                  || json.get("runstate").get(pnn).asInt() == RunState.RUNNING.number());
      nodes.add(new NodeAddresses(known, with(pnn, hostedBy), healthy ? known : Set.of()));
    }
    Set<Integer> rebalance = new HashSet<>();
    json.path("force_rebalance").forEach(pnn -> rebalance.add(pnn.asInt()));
    Map<InetAddress, Integer> homes = new HashMap<>();
    json.path("home_nodes")
        .properties()
        .forEach(home -> homes.put(address(home.getKey()), home.getValue().asInt()));
    return new AllocationRequest(
        AllocationAlgorithm.ofTunable(json.get("algorithm").asInt()),
        nodes,
        json.path("no_ip_takeover").asInt() != 0,
        json.path("no_ip_failback").asInt() != 0,
        rebalance,
        homes);
  }

  private static void readAddresses(
      JsonNode json,
      int nodeCount,
      Map<InetAddress, Set<Integer>> hostedBy,
      Map<InetAddress, Set<Integer>> knownBy) {
    Set<Integer> all = new HashSet<>();
    for (int pnn = 0; pnn < nodeCount; pnn++) {
      all.add(pnn);
    }
    for (JsonNode entry : json.path("addresses")) {
      InetAddress address = address(entry.get(0).asText());
      hostedBy.put(address, pnns(entry.get(1)));
      knownBy.put(address, entry.get(2).isNull() ? all : pnns(entry.get(2)));
    }
    for (JsonNode range : json.path("ranges")) {
      byte[] first = address(range.get(0).asText()).getAddress();
      for (int i = 0; i < range.get(1).asInt(); i++) {
        InetAddress address = plus(first, i);
        knownBy.put(address, all);
        hostedBy.put(
            address,
            json.has("range_hosted_by") ? Set.of(json.get("range_hosted_by").asInt()) : Set.of());
      }
    }
  }

  private static Set<Integer> pnns(JsonNode list) {
    Set<Integer> pnns = new HashSet<>();
    list.forEach(pnn -> pnns.add(pnn.asInt()));
    return pnns;
  }

  private static Set<InetAddress> with(int pnn, Map<InetAddress, Set<Integer>> byAddress) {
    Set<InetAddress> addresses = new HashSet<>();
    byAddress.forEach(
        (address, pnns) -> {
          if (pnns.contains(pnn)) {
            addresses.add(address);
          }
        });
    return addresses;
  }

  private static InetAddress plus(byte[] first, int offset) {
    byte[] sum = new BigInteger(1, first).add(BigInteger.valueOf(offset)).toByteArray();
    byte[] octets = new byte[first.length];
    int length = Math.min(sum.length, octets.length);
    System.arraycopy(sum, sum.length - length, octets, octets.length - length, length);
    try {
      return InetAddress.getByAddress(octets);
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private static InetAddress address(String text) {
    return Objects.requireNonNull(NumericAddress.parse(text), text);
  }

  private static JsonNode vectors() throws IOException {
    try (InputStream in = AllocationVectorsTest.class.getResourceAsStream("ip-allocation.json")) {
      return new ObjectMapper().readTree(in);
    }
  }
}
