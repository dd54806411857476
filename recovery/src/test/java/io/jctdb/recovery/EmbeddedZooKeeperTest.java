package io.jctdb.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedZooKeeperTest {
  @TempDir private Path dir;

  @Test
  void oneAloneServesAtOnceAndItsPortIsFreeAfterwards() throws Exception {
    Ensemble alone = ensemble(1, 24380);
    for (int round = 0; round < 2; round++) {
      try (EmbeddedZooKeeper server = EmbeddedZooKeeper.start(alone, 0, dir)) {
        assertThat(server.hasQuorum()).isTrue();
      }
      new ServerSocket(24380, 1, InetAddress.ofLiteral("127.0.0.1")).close();
    }
  }

  @Test
  void threeFormAQuorumAndSurviveTheLossOfOne() throws Exception {
    Ensemble three = ensemble(3, 24390);
    EmbeddedZooKeeper first = EmbeddedZooKeeper.start(three, 0, dir.resolve("0"));
    assertThat(first.hasQuorum()).isFalse();
    try (EmbeddedZooKeeper second = EmbeddedZooKeeper.start(three, 1, dir.resolve("1"));
        EmbeddedZooKeeper third = EmbeddedZooKeeper.start(three, 2, dir.resolve("2"))) {
      await().atMost(Duration.ofSeconds(20)).until(() -> first.hasQuorum() && second.hasQuorum());
      first.close();
      await().atMost(Duration.ofSeconds(20)).until(() -> second.hasQuorum() && third.hasQuorum());
      try (EmbeddedZooKeeper again = EmbeddedZooKeeper.start(three, 0, dir.resolve("0"))) {
        await().atMost(Duration.ofSeconds(20)).until(again::hasQuorum);
      }
    }
  }

  @Test
  void aPortInUseIsNamed() throws Exception {
    try (ServerSocket other = new ServerSocket()) {
      other.bind(new InetSocketAddress("127.0.0.1", 24400));
      assertThatThrownBy(() -> EmbeddedZooKeeper.start(ensemble(1, 24400), 0, dir))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("127.0.0.1 port 24400")
          .hasMessageContaining("another daemon");
    }
  }

  @Test
  void damagedDataArePutAside() throws Exception {
    Path data = Files.createDirectories(dir.resolve("version-2"));
    Files.write(data.resolve("snapshot.0"), new byte[100]);
    Files.write(
        data.resolve("log.1"), new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16});
    try (EmbeddedZooKeeper server = EmbeddedZooKeeper.start(ensemble(1, 24410), 0, dir)) {
      assertThat(server.hasQuorum()).isTrue();
    }
    try (Stream<Path> files = Files.list(dir)) {
      assertThat(files.map(f -> f.getFileName().toString()))
          .anyMatch(name -> name.startsWith("damaged-"));
    }
  }

  private static Ensemble ensemble(int size, int port) {
    SortedMap<Integer, InetAddress> nodes = new TreeMap<>();
    for (int pnn = 0; pnn < size; pnn++) {
      nodes.put(pnn, InetAddress.ofLiteral("127.0.0." + (pnn + 1)));
    }
    return Ensemble.of(nodes, new EnsemblePorts(port, port + 1, port + 2));
  }
}
