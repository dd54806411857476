package io.jctdb.daemon.addresses;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.protocol.Connection;
import io.jctdb.protocol.SockAddr;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConnectionsFileTest {
  private static final Connection FOUR = connection("10.9.9.9", 50_000, "10.77.1.101", 445);
  private static final Connection SIX = connection("fd00::9", 50_001, "fd00:77::101", 2049);

  @TempDir Path directory;

  @Test
  void theLastListIsKnownAfterARestart() throws Exception {
    try (ConnectionsFile file = new ConnectionsFile(path())) {
      assertThat(file.read()).as("the first start of all").isEmpty();
      for (int times = 0; times < 100; times++) {
        file.write(List.of(SIX));
      }
      file.write(List.of(FOUR, SIX));
    }
    assertThat(Files.readAllLines(path()))
        .containsExactly("10.9.9.9:50000 10.77.1.101:445", "[fd00::9]:50001 [fd00:77::101]:2049");
    try (ConnectionsFile file = new ConnectionsFile(path())) {
      assertThat(file.read()).containsExactly(FOUR, SIX);
    }
  }

  @Test
  void linesThatMakeNoSenseArePassedOver() throws Exception {
    Files.writeString(
        path(),
        "rubbish\n\n10.9.9.9:50000\n10.9.9.9:99999 10.77.1.101:445\n[]:1 []:2\nhost:1 host:2\n"
            + "[fd00::9]:1 10.77.1.101:445\n10.9.9.9:50000 10.77.1.101:445 more\n"
            + "10.9.9.9:50000 10.77.1.101:445\n10.9.9.9:5");
    try (ConnectionsFile file = new ConnectionsFile(path())) {
      assertThat(file.read()).containsExactly(FOUR);
    }
  }

  @Test
  void aDiskThatDoesNotWriteCostsNothingElse() {
    try (ConnectionsFile file = new ConnectionsFile(directory.resolve("none/tickles"))) {
      file.write(List.of(FOUR));
    }
    assertThat(path()).doesNotExist();
  }

  private Path path() {
    return directory.resolve("tickles");
  }

  private static Connection connection(String client, int port, String server, int serverPort) {
    return new Connection(
        new SockAddr(InetAddress.ofLiteral(client), port),
        new SockAddr(InetAddress.ofLiteral(server), serverPort));
  }
}
