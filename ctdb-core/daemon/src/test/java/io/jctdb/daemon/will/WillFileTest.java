package io.jctdb.daemon.will;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.recovery.LastWill;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the launcher finds. */
class WillFileTest {
  @TempDir private Path run;
  private Path path;
  private WillFile will;

  @BeforeEach
  void daemonStarts() {
    path = run.resolve("will");
    will =
        new WillFile(
            path,
            new WillFile.Content(
                1, 4379, Path.of("/var/lib/ctdb/volatile"), run.resolve("held"), "syslog"),
            List.of(InetAddress.ofLiteral("10.0.0.1"), InetAddress.ofLiteral("fd00::3")));
  }

  private List<String> lines() throws IOException {
    return Files.readAllLines(path);
  }

  @Test
  void nothingIsWrittenBeforeItsTime() {
    will.setPeers(List.of());
    will.ending();
    assertThat(path).doesNotExist();
  }

  @Test
  void itHasEverythingAndOnlyItsOwnerCanReadIt() throws IOException {
    will.write();
    assertThat(lines())
        .contains(
            "pid " + ProcessHandle.current().pid(),
            "pnn 1",
            "port 4379",
            "peer 10.0.0.1",
            "peer fd00:0:0:0:0:0:0:3",
            "databases /var/lib/ctdb/volatile",
            "addresses " + run.resolve("held"),
            "log syslog")
        .doesNotContain("restart no");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
        .isEqualTo("rw-------");
    String secret =
        lines().stream().filter(l -> l.startsWith("secret ")).findAny().orElseThrow().substring(7);
    assertThat(LastWill.hashOf(HexFormat.of().parseHex(secret))).isEqualTo(will.hash());
  }

  @Test
  void itSaysWhenTheDaemonIsToEndAndWhenItHasLeft() throws IOException {
    will.write();
    will.ending();
    assertThat(lines()).contains("restart no").doesNotContain("left yes");
    will.left();
    assertThat(lines()).contains("restart no", "left yes");
  }

  @Test
  void newPeersAreTold() throws IOException {
    will.write();
    will.setPeers(List.of(InetAddress.ofLiteral("10.0.0.9")));
    assertThat(lines()).contains("peer 10.0.0.9").doesNotContain("peer 10.0.0.1");
  }

  @Test
  void aRevokedWillStaysRevoked() throws IOException {
    will.write();
    will.revoke();
    will.ending();
    assertThat(path).doesNotExist();
  }

  @Test
  void twoDaemonsHaveTwoSecrets() {
    WillFile other = new WillFile(path, new WillFile.Content(1, 1, run, run, "syslog"), List.of());
    assertThat(other.hash()).isNotEqualTo(will.hash()).hasSize(64);
  }
}
