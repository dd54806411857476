package io.jctdb.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class EnsembleTest {
  @Test
  void theSizeIsOneThreeOrFive() {
    assertThat(membersOf(0)).containsExactly(0);
    assertThat(membersOf(0, 1)).containsExactly(0);
    assertThat(membersOf(0, 1, 2)).containsExactly(0, 1, 2);
    assertThat(membersOf(0, 1, 2, 3)).containsExactly(0, 1, 2);
    assertThat(membersOf(0, 1, 2, 3, 4, 5)).containsExactly(0, 1, 2, 3, 4);
  }

  @Test
  void deletedLinesOfTheNodesFileAreSkipped() {
    assertThat(membersOf(1, 3, 4)).containsExactly(1, 3, 4);
  }

  @Test
  void everyNodeConnectsToItsOwnMemberFirst() {
    Ensemble three = Ensemble.of(nodes(0, 1, 2, 3), EnsemblePorts.DEFAULT);
    assertThat(three.connectString(1)).startsWith("127.0.0.2:4380,").hasSize(44);
    assertThat(three.connectString(3).split(",")).hasSize(3);
    assertThat(three.hasMember(3)).isFalse();
  }

  @Test
  void ipv6AddressesAreBracketed() throws Exception {
    SortedMap<Integer, InetAddress> one = new TreeMap<>();
    one.put(0, InetAddress.getByName("fd00::1"));
    assertThat(Ensemble.of(one, EnsemblePorts.DEFAULT).connectString(0))
        .isEqualTo("[fd00:0:0:0:0:0:0:1]:4380");
  }

  @Test
  void portsMustDiffer() {
    assertThatThrownBy(() -> new EnsemblePorts(4380, 4380, 4382))
        .hasMessageContaining("three different ports");
  }

  @Test
  void itsTextIsReadAgain() {
    Ensemble three = Ensemble.of(nodes(0, 1, 2), new EnsemblePorts(5380, 5381, 5382));
    assertThat(three.text()).isEqualTo("0@127.0.0.1,1@127.0.0.2,2@127.0.0.3 ports 5380,5381,5382");
    assertThat(Ensemble.parse(three.text())).contains(three);
  }

  @Test
  void whatAnotherNodeSaysIsNotTrusted() {
    for (String text :
        new String[] {
          "",
          "external",
          "0@localhost ports 1,2,3",
          "0@127.0.0.1 ports 1,1,3",
          "0@127.0.0.1 ports 1,2,70000",
          "0@127.0.0.1,0@127.0.0.1 ports 1,2,3",
          "0@127.0.0.1, ports 1,2,3",
          "0@127.0.0.1 ports 1,2,3\n",
          "0@127.0.0.1,".repeat(1000) + "1@127.0.0.1 ports 1,2,3"
        }) {
      assertThat(Ensemble.parse(text)).as(text).isEmpty();
    }
  }

  private static Iterable<Integer> membersOf(int... pnns) {
    return Ensemble.of(nodes(pnns), EnsemblePorts.DEFAULT).members().keySet();
  }

  private static SortedMap<Integer, InetAddress> nodes(int... pnns) {
    SortedMap<Integer, InetAddress> nodes = new TreeMap<>();
    for (int pnn : pnns) {
      nodes.put(pnn, InetAddress.ofLiteral("127.0.0." + (pnn + 1)));
    }
    return nodes;
  }
}
