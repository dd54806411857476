package io.jctdb.daemon.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NodesFileTest {
  private static final Path FILE = Path.of("/etc/ctdb/nodes");

  @TempDir private Path dir;

  @Test
  void aCommentedLineKeepsItsNumberAndABlankOneHasNone() throws Exception {
    NodesFile nodes = parse("10.0.0.1", "", "  #10.0.0.2", "\t10.0.0.3  ", "", "");

    assertThat(nodes.nodes())
        .containsExactly(
            new NodesFile.Node(0, 1, address("10.0.0.1")),
            new NodesFile.Node(1, 3, Optional.empty()),
            new NodesFile.Node(2, 4, address("10.0.0.3")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"node-a", "10.0.0.9:4379", "10.0.0.9 # spare", "10.0.0.300", "10.1", "[::1]"})
  void aLineThatIsNoAddressIsRefusedWithItsNumber(String bad) {
    assertThatThrownBy(() -> parse("10.0.0.1", bad))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("/etc/ctdb/nodes:2: \"" + bad + "\"");
  }

  @Test
  void anAddressWrittenTwiceIsRefusedWhereCtdbdLetsTheFirstWin() {
    assertThatThrownBy(() -> parse("fd00::1", "10.0.0.1", "fd00:0::1"))
        .hasMessageContaining(":3: ")
        .hasMessageContaining("line 1");
  }

  @Test
  void aFileWithoutNodesAndAMissingFileAreRefused() {
    assertThatThrownBy(() -> parse("", "  ")).hasMessageContaining("names no node");
    assertThatThrownBy(() -> NodesFile.read(dir.resolve("nodes")))
        .hasMessageContaining("does not exist");
  }

  @Test
  void theFirstAddressThatCanBeBoundIsOurs() throws Exception {
    NodesFile nodes = parse("10.0.0.1", "#10.0.0.2", "10.0.0.3", "10.0.0.4");
    InetAddress third = InetAddress.ofLiteral("10.0.0.3");

    NodesFile.Node own =
        nodes.claim(
            Optional.empty(),
            4379,
            dir.resolve("run/.socket_lock"),
            socketAddress -> socketAddress.getAddress().equals(third));

    assertThat(own.pnn()).isEqualTo(2);
  }

  @Test
  void aConfiguredAddressIsTheOnlyOneTried() throws Exception {
    NodesFile nodes = parse("10.0.0.1", "10.0.0.2");

    assertThat(nodes.claim(address("10.0.0.2"), 4379, dir.resolve("lock"), _ -> true).pnn())
        .isEqualTo(1);
    assertThatThrownBy(() -> nodes.claim(address("10.0.0.9"), 1, dir.resolve("lock"), _ -> true))
        .hasMessageContaining("has no line 10.0.0.9");
    assertThatThrownBy(() -> nodes.claim(address("10.0.0.2"), 1, dir.resolve("lock"), _ -> false))
        .hasMessageContaining("cannot be bound");
  }

  @Test
  void thePrintsOfTwoNodesDifferExactlyWhenTheirClustersDo() throws Exception {
    String print = parse("10.0.0.1", "#10.0.0.2", "fd00::3").fingerprint();

    assertThat(parse(" 10.0.0.1", "", "# gone", "fd00:0:0::3").fingerprint()).isEqualTo(print);
    assertThat(parse("10.0.0.1", "10.0.0.2", "fd00::3").fingerprint()).isNotEqualTo(print);
    assertThat(parse("#10.0.0.2", "10.0.0.1", "fd00::3").fingerprint()).isNotEqualTo(print);
  }

  @Test
  void thePortComesFromTheServicesDatabase() throws Exception {
    Path services = dir.resolve("services");
    assertThat(NodesFile.port(services)).isEqualTo(4379);
    Files.writeString(services, "ctdb 9999/udp\nctdb\t4444/tcp # CTDB\n");
    assertThat(NodesFile.port(services)).isEqualTo(4444);
  }

  private static NodesFile parse(String... lines) throws ConfigException {
    return NodesFile.parse(FILE, Arrays.asList(lines));
  }

  private static Optional<InetAddress> address(String text) {
    return Optional.of(InetAddress.ofLiteral(text));
  }

  @Test
  void theListCannotBeChangedBehindOurBack() throws Exception {
    NodesFile nodes = parse("10.0.0.1");
    List<NodesFile.Node> list = nodes.nodes();
    assertThatThrownBy(list::clear).isInstanceOf(RuntimeException.class);
  }
}
