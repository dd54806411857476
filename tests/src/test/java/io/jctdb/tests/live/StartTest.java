package io.jctdb.tests.live;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.protocol.CallId;
import io.jctdb.protocol.Control;
import io.jctdb.protocol.Packet;
import io.jctdb.protocol.Payload;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Starting the daemon: what is in the way is named, and what runs already is left alone. */
class StartTest {
  @TempDir Path directory;
  private LiveDaemon daemon;

  @BeforeEach
  void layOut() throws Exception {
    daemon = LiveDaemon.in(directory);
  }

  /** Starts one that must not come up; all that it says. */
  private String refusal() throws Exception {
    Process process = daemon.launch();
    try {
      boolean ended = process.waitFor(LiveDaemon.START_SECONDS_MAX, TimeUnit.SECONDS);
      assertThat(ended).as("refused to start: %s", daemon.log()).isTrue();
      assertThat(process.exitValue()).isNotZero();
      return daemon.output() + daemon.log();
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void aSecondDaemonIsRefusedAndTheFirstServesOn() throws Exception {
    try (LiveDaemon first = daemon.start()) {
      assertThat(refusal()).contains("ctdbd.pid").contains("another daemon is running");
      try (Client client = first.connect()) {
        assertThat(client.isHealthy()).isTrue();
      }
    }
  }

  @Test
  void aPortInUseIsNamed() throws Exception {
    InetAddress address = InetAddress.getByName(daemon.address());
    try (ServerSocket taken = new ServerSocket(0, 1, address)) {
      daemon.configure("  node port = " + taken.getLocalPort() + "\n");
      assertThat(refusal()).contains("sport = :" + taken.getLocalPort());
    }
    assertThat(daemon.socket()).doesNotExist();
  }

  @Test
  void anErrorInTheConfigurationNamesFileAndLine() throws Exception {
    daemon.configure("[logging]\n  log level = LOUD\n");
    assertThat(refusal()).containsPattern("ctdb\\.conf:\\d+").contains("LOUD");
  }

  @Test
  void anErrorInTheNodesFileNamesFileAndLine() throws Exception {
    daemon.write("nodes", daemon.address() + "\n" + "host.example\n");
    assertThat(refusal()).containsPattern("nodes:2").contains("host.example");
  }

  @Test
  void aNodesFileWithoutThisHostIsNamed() throws Exception {
    daemon.write("nodes", "198.51.100.77\n203.0.113.77\n");
    assertThat(refusal()).contains(daemon.base().resolve("nodes").toString());
  }

  @Test
  void aDamagedPersistentDatabaseIsNamedAndKept() throws Exception {
    Path damaged = directory.resolve("var/persistent/users.tdb.0");
    Files.writeString(damaged, "this is no database".repeat(1_000));
    assertThat(refusal()).contains(damaged.toString());
    assertThat(damaged).content().startsWith("this is no database");
  }

  @Test
  void aDamagedVolatileDatabaseIsReplaced() throws Exception {
    Files.writeString(
        directory.resolve("var/volatile/locks.tdb.0"), "this is no database".repeat(1_000));
    try (LiveDaemon started = daemon.start();
        Client client = started.connect()) {
      byte[] name = Payload.ofCstr("locks.tdb");
      int db = Payload.u32(client.ask(Control.DB_ATTACH, name).data());
      assertThat(client.call(db, CallId.NULL, new byte[] {1})).isInstanceOf(Packet.ReplyCall.class);
    }
  }

  @Test
  void afterAKillItStartsAgainAndKnowsItsDatabases() throws Exception {
    daemon.start();
    try (Client client = daemon.connect()) {
      client.ask(Control.DB_ATTACH_PERSISTENT, Payload.ofCstr("kept.tdb"));
    }
    daemon.kill();
    try (LiveDaemon again = daemon.start();
        Client client = again.connect()) {
      assertThat(client.ask(Control.GET_DBMAP, new byte[0]).data()).hasSizeGreaterThan(4);
    }
  }

  /** It was the event script that stops Samba who waited, and with it `ctdb shutdown`: for 30 s. */
  @Test
  void whoWaitsForAClusterThatDoesNotComeIsToldWhenTheDaemonEnds() throws Exception {
    daemon.write("nodes", daemon.address() + "\n127.0.0.253\n127.0.0.254\n");
    Process alone = daemon.launch();
    try (Client script = connectWhenItAnswers(alone);
        Client tool = daemon.connect()) {
      script.write(
          Client.control(1, Control.DB_ATTACH.opcode(), 0, Payload.ofCstr("registry.tdb")));
      assertThat(tool.ask(Control.GET_PNN, new byte[0]).status()).isZero();
      tool.write(Client.control(2, Control.SHUTDOWN.opcode(), 0, new byte[0]));

      assertThat(script.next())
          .isInstanceOfSatisfying(
              Packet.ReplyControl.class, refused -> assertThat(refused.status()).isEqualTo(-1));
      assertThat(alone.waitFor(LiveDaemon.START_SECONDS_MAX, TimeUnit.SECONDS)).isTrue();
    } catch (IOException e) {
      throw new AssertionError(daemon.log(), e);
    } finally {
      alone.destroyForcibly();
    }
  }

  private Client connectWhenItAnswers(Process process) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LiveDaemon.START_SECONDS_MAX);
    while (process.isAlive() && System.nanoTime() < end) {
      try (Client early = daemon.connect()) {
        early.ask(Control.GET_PNN, new byte[0]);
        return daemon.connect();
      } catch (IOException notYet) {
        TimeUnit.MILLISECONDS.sleep(50);
      }
    }
    throw new IOException("the daemon did not start: " + daemon.output() + daemon.log());
  }
}
