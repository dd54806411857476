package io.jctdb.iptakeover;

import static io.jctdb.iptakeover.Addresses.ip;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HomeNodesFileTest {
  @TempDir Path directory;

  @Test
  void saysWhereAnAddressBelongs() throws Exception {
    assertThat(read("# the office\n\n10.0.0.1 2\n\tfd00::1\t0\n"))
        .containsExactlyInAnyOrderEntriesOf(Map.of(ip("10.0.0.1"), 2, ip("fd00::1"), 0));
    assertThat(HomeNodesFile.read(directory.resolve("none"))).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"10.0.0.1", "10.0.0.1 x", "10.0.0.1 -1", "nas1 2", "10.0.0.1 2 3"})
  void oneLineThatMakesNoSenseMakesTheWholeFileVoid(String bad) {
    assertThatThrownBy(() -> read("10.0.0.9 1\n" + bad + "\n"))
        .isInstanceOf(PublicAddressesException.class)
        .hasMessageContaining("home_nodes:2: ")
        .hasMessageContaining("write ADDRESS PNN");
  }

  @Test
  void anAddressGoesHomeUnderTheDeterministicAlgorithm() throws Exception {
    Set<InetAddress> all = Set.of(ip("10.0.0.1"), ip("10.0.0.2"), ip("10.0.0.3"));
    NodeAddresses node = new NodeAddresses(all, Set.of(), all);
    AllocationRequest request =
        new AllocationRequest(
            AllocationAlgorithm.DETERMINISTIC,
            List.of(node, node, node),
            false,
            false,
            Set.of(),
            read("10.0.0.1 0\n10.0.0.2 0\n10.0.0.3 7\n"));
    Map<InetAddress, Integer> places = new java.util.HashMap<>();
    Allocation.allocate(request).forEach(p -> places.put(p.address(), p.pnn()));
    assertThat(places.get(ip("10.0.0.1"))).isZero();
    assertThat(places.get(ip("10.0.0.2"))).isZero();
    assertThat(places.get(ip("10.0.0.3"))).as("there is no node 7").isBetween(0, 2);
  }

  private Map<InetAddress, Integer> read(String text) throws Exception {
    Path file = directory.resolve("home_nodes");
    Files.writeString(file, text);
    return HomeNodesFile.read(file);
  }
}
