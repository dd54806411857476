package io.jctdb.eventscripts;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EventServerTest {
  private static final Path STOCK_TOOL = Path.of("/usr/libexec/ctdb/ctdb-event");

  @TempDir private Path base;
  private ScriptHouse house;
  private EventRunner runner;
  private EventServer server;

  @BeforeEach
  void serve() throws IOException {
    house = new ScriptHouse(base);
    Files.createDirectory(base.resolve("run"));
    runner = house.runner();
    Files.createFile(base.resolve("run/eventd.socket")); // left over by a killed daemon
    server =
        EventServer.start(
            base.resolve("run/eventd.socket"), base.resolve("run/eventd.pid"), runner);
  }

  @AfterEach
  void stop() throws IOException {
    server.close();
    runner.close();
  }

  @Test
  void thePidFileNamesUsAndKeepsASecondServerOut() throws Exception {
    assertThat(base.resolve("run/eventd.pid")).hasContent(ProcessHandle.current().pid() + "\n");
    assertThatThrownBy(
            () ->
                EventServer.start(
                    base.resolve("run/eventd.socket"), base.resolve("run/eventd.pid"), runner))
        .hasMessageContaining("locked by another event daemon");
    server.close();
    assertThat(base.resolve("run")).isEmptyDirectory();
  }

  @Test
  void pipelinedRequestsAreAllAnswered() throws Exception {
    String status =
        "25000000 00000000 01000000 02000000 07000000 6c656761637900 06000000 736574757000";
    try (SocketChannel client = connect()) {
      send(client, status + status.replace("01000000 02", "02000000 02"));

      assertThat(receive(client, 40))
          .isEqualTo(
              "140000000000000001000000"
                  + "02000000"
                  + "16000000"
                  + "140000000000000002000000"
                  + "02000000"
                  + "16000000");
    }
  }

  @Test
  void aMalformedPacketClosesOnlyItsOwnConnection() throws Exception {
    try (SocketChannel good = connect();
        SocketChannel bad = connect()) {
      send(bad, "10000000 00000000 01000000 63000000");
      assertThat(bad.read(ByteBuffer.allocate(1))).isEqualTo(-1);

      send(
          good,
          "25000000 00000000 01000000 02000000 07000000 6c656761637900 06000000 736574757000");
      assertThat(receive(good, 20)).endsWith("16000000");
    }
  }

  @Test
  void scriptsAreEnabledAndDisabledByTheirBits() throws Exception {
    Path script = house.script("50.x.script", "exit 0");
    String disable =
        "28000000 00000000 01000000 03000000 07000000 6c656761637900 05000000 35302e7800 00000000";
    try (SocketChannel client = connect()) {
      send(client, disable);
      assertThat(receive(client, 20)).endsWith("0300000000000000");
      assertThat(Files.isExecutable(script)).isFalse();
    }
  }

  @Test
  void theStockToolRunsEventsAndShowsTheirStatus() throws Exception {
    assumeTrue(Files.isExecutable(STOCK_TOOL), "Debian's ctdb is not installed");
    house.script(
        "00.ok.script", "[ \"$*\" = 'monitor' ] || [ \"$*\" = 'takeip eth0 10.0.0.1 24' ]");
    Files.writeString(house.legacy.resolve("05.off.script"), "");
    house.script("10.bad.script", "[ $1 != monitor ] || { echo it broke; exit 1; }");

    assertThat(stock("status", "legacy", "monitor").status()).isEqualTo(22);
    Outcome failed = stock("run", "30", "legacy", "monitor");
    assertThat(failed.status()).isEqualTo(8);
    assertThat(failed.output()).isEqualTo("Event monitor in legacy failed\n");

    Outcome status = stock("status", "legacy", "monitor");
    assertThat(status.status()).isEqualTo(1);
    assertThat(status.output().lines())
        .satisfiesExactly(
            line -> assertThat(line).matches("00.ok                OK {9}\\d\\.\\d{3} .*"),
            line -> assertThat(line).isEqualTo("05.off               DISABLED  "),
            line -> assertThat(line).matches("10.bad               ERROR {6}\\d\\.\\d{3} .*"),
            line -> assertThat(line).isEqualTo("  OUTPUT: it broke"),
            line -> assertThat(line).isEmpty());

    assertThat(stock("run", "30", "legacy", "takeip", "eth0", "10.0.0.1", "24").status()).isZero();
    assertThat(stock("run", "0", "legacy", "takeip").status()).isEqualTo(110);
    assertThat(stock("run", "5", "nothing", "takeip").status()).isEqualTo(2);
  }

  private record Outcome(int status, String output) {}

  private Outcome stock(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(arguments));
    command.addFirst(STOCK_TOOL.toString());
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("CTDB_TEST_MODE", "yes");
    builder.environment().put("CTDB_BASE", base.toString());
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    return new Outcome(process.waitFor(), output);
  }

  private SocketChannel connect() throws IOException {
    return SocketChannel.open(UnixDomainSocketAddress.of(base.resolve("run/eventd.socket")));
  }

  private static void send(SocketChannel client, String hex) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(HexFormat.of().parseHex(hex.replace(" ", "")));
    while (bytes.hasRemaining()) {
      assertThat(client.write(bytes)).isNotNegative();
    }
  }

  private static String receive(SocketChannel client, int count) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(count);
    while (bytes.hasRemaining()) {
      assertThat(client.read(bytes)).isPositive();
    }
    return HexFormat.of().formatHex(bytes.array());
  }
}
