package io.jctdb.eventscripts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SambaScriptTest {
  private static final String TESTPARM =
      """
      [ ! -e %1$s/broken ] || { echo 'registry is blocked' >&2; exit 1; }
      cat %1$s/smb.conf
      """;

  @TempDir private Path dir;
  private ScriptLab lab;

  @BeforeEach
  void aHealthySamba() throws IOException {
    lab =
        new ScriptLab(dir)
            .standIn("pidof", "exit 1")
            .standIn("smbcontrol", "")
            .standIn("testparm", TESTPARM.formatted(dir))
            .standIn("ss", "printf 'LISTEN 0 50 [::]:%s *:*\\n' 445 139")
            .standIn("bash", "")
            .file(
                "smb.conf",
                """
                [global]
                \tinclude = registry
                \tregistry shares = Yes
                \tworkgroup = X
                \tsmb ports = 445, 139
                [homes]
                \tpath = /home/%U
                [data]
                \tpath = "/tmp"
                """)
            .variable("CTDB_INIT_STYLE", "debian");
  }

  @Test
  void startupStopsWhatRunsAndStartsNicely() throws Exception {
    assertThat(lab.event("50.samba", "startup").status()).isZero();
    assertThat(lab.calls())
        .containsExactly("service smbd stop", "pidof smbd", "nice service smbd start");
  }

  @Test
  void aServiceNameOfTheSiteIsUsed() throws Exception {
    lab.file("events/legacy/50.samba.options", "CTDB_SERVICE_SMB=samba-site\n")
        .standIn("pidof", "echo 77");
    assertThat(lab.event("50.samba", "shutdown").status()).isZero();
    assertThat(lab.calls()).contains("service samba-site stop");
  }

  @Test
  void whereNoSmbdRunsNothingIsAskedThatMayWaitForTheCluster() throws Exception {
    assumeFalse(Files.isDirectory(Path.of("/run/systemd/system")), "systemd knows it itself");
    assertThat(lab.event("50.samba", "shutdown")).isEqualTo(new ScriptLab.Outcome(0, ""));
    assertThat(lab.calls()).containsExactly("pidof smbd");
  }

  @Test
  void aStartThatFailsFailsTheEvent() throws Exception {
    Files.writeString(dir.resolve("rc.local"), "_service() { [ $2 = stop ]; }\n");
    assertThat(lab.event("50.samba", "startup"))
        .isEqualTo(new ScriptLab.Outcome(1, "Failed to start samba\n"));
  }

  @Test
  void aHealthySambaIsHealthyAndItsConfigurationIsKept() throws Exception {
    assertThat(lab.event("50.samba", "monitor")).isEqualTo(new ScriptLab.Outcome(0, ""));
    assertThat(lab.calls()).containsOnlyOnce("ss -H -l -t -n");
    assertThat(cache()).content().contains("workgroup = X").doesNotContain("registry");
  }

  @Test
  void aPortNobodyListensOnMakesTheNodeUnhealthy() throws Exception {
    lab.file("script.options", "CTDB_SAMBA_CHECK_PORTS=4455\n");
    assertThat(lab.event("50.samba", "monitor"))
        .isEqualTo(new ScriptLab.Outcome(1, "samba not listening on TCP port 4455\n"));
  }

  @Test
  void anSmbdThatEndsRightAfterItsStartIsStartedAgain() throws Exception {
    assertThat(lab.event("50.samba", "startup").status()).isZero();
    lab.standIn("ss", "");
    for (int i = 0; i < 5; i++) {
      assertThat(lab.event("50.samba", "monitor").status()).isEqualTo(1);
    }
    assertThat(lab.calls().stream().filter("nice service smbd start"::equals))
        .as("at startup, and three times more")
        .hasSize(4);
  }

  @Test
  void anSmbdThatHasServedIsLeftWhereItIs() throws Exception {
    lab.event("50.samba", "startup");
    lab.event("50.samba", "monitor");
    lab.standIn("ss", "");
    assertThat(lab.event("50.samba", "monitor"))
        .isEqualTo(new ScriptLab.Outcome(1, "samba not listening on TCP port 445\n"));
  }

  @Test
  void anSmbdThatHangsIsGivenUpTheSecondTime() throws Exception {
    lab.standIn("smbcontrol", "echo No replies received; exit 1");
    ScriptLab.Outcome first = lab.event("50.samba", "monitor");
    assertThat(first.status()).isZero();
    assertThat(first.output()).startsWith("WARNING: smbd answers").contains("No replies");
    assertThat(lab.event("50.samba", "monitor"))
        .isEqualTo(
            new ScriptLab.Outcome(
                1,
                "ERROR: smbd answers: fail count 2 >= error threshold 2\nNo replies received\n"));

    lab.standIn("smbcontrol", "");
    assertThat(lab.event("50.samba", "monitor").output())
        .isEqualTo("NOTICE: smbd answers: no longer failing\n");
    assertThat(lab.event("50.samba", "monitor").output()).isEmpty();

    lab.standIn("smbcontrol", "exit 1").file("script.options", "CTDB_SAMBA_SKIP_PING=yes\n");
    assertThat(lab.event("50.samba", "monitor").output()).isEmpty();
  }

  @Test
  void aPortThatTakesNoConnectionIsTriedOnceMoreAndThenGivenUp() throws Exception {
    lab.file("script.options", "CTDB_SAMBA_CHECK_PORTS=445\n").standIn("bash", "exit 124");
    assertThat(lab.event("50.samba", "monitor"))
        .isEqualTo(
            new ScriptLab.Outcome(
                1,
                """
                WARNING: TCP port 445: fail count 1 >= threshold 1
                samba listens on ::1 port 445, but takes no connection within 3 s
                ERROR: TCP port 445: fail count 2 >= error threshold 2
                samba listens on ::1 port 445, but takes no connection within 3 s
                """));
    assertThat(lab.calls().stream().filter("bash -c : <\"/dev/tcp/$0/$1\" ::1 445"::equals))
        .hasSize(2);
    assertThat(lab.event("50.samba", "monitor").output()).startsWith("ERROR: TCP port 445");
    assertThat(lab.calls().stream().filter(call -> call.startsWith("bash"))).hasSize(1);

    lab.standIn("bash", "");
    assertThat(lab.event("50.samba", "monitor").output())
        .isEqualTo("NOTICE: TCP port 445: no longer failing\n");
    lab.standIn("bash", "exit 1").file("script.options", "CTDB_SKIP_CONNECT_CHECK=yes\n");
    assertThat(lab.event("50.samba", "monitor").output()).isEmpty();
  }

  @Test
  void aMissingShareDirectoryMakesTheNodeUnhealthyUnlessTheCheckIsOff() throws Exception {
    lab.file("smb.conf", "[global]\n\tsmb ports = 445\n[data]\n\tpath = /no/such dir\n");
    assertThat(lab.event("50.samba", "monitor"))
        .isEqualTo(
            new ScriptLab.Outcome(1, "ERROR: samba directory \"/no/such dir\" not available\n"));

    lab.file("script.options", "CTDB_SAMBA_SKIP_SHARE_CHECK=yes\n");
    assertThat(lab.event("50.samba", "monitor").status()).isZero();
  }

  @Test
  void aBlockedConfigurationIsSurvivedWithTheOldCopyOnly() throws Exception {
    lab.file("broken", "");
    ScriptLab.Outcome without = lab.event("50.samba", "monitor");
    assertThat(without.status()).isEqualTo(1);
    assertThat(without.output()).startsWith("ERROR: smb.conf cannot be read").contains("blocked");

    Files.delete(dir.resolve("broken"));
    assertThat(lab.event("50.samba", "monitor").status()).isZero();
    lab.standIn(
        "testparm",
        "case \"$*\" in '-v -s') echo blocked >&2; exit 1 ;; *ports*) echo 445 ;; *) cat "
            + cache()
            + " ;; esac");

    ScriptLab.Outcome with = lab.event("50.samba", "monitor");
    assertThat(with.status()).isZero();
    assertThat(with.output()).startsWith("WARNING: smb.conf cannot be read").contains("blocked");
  }

  @Test
  void eventsOfOthersAreNoneOfItsBusiness() throws Exception {
    assertThat(lab.event("50.samba", "takeip", "eth0", "10.0.0.1", "24"))
        .isEqualTo(new ScriptLab.Outcome(0, ""));
    assertThat(lab.calls()).isEmpty();
  }

  private Path cache() {
    return dir.resolve("var/scripts/service/samba/smb.conf.cache");
  }
}
