package io.jctdb.eventscripts;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** 06.nfs, 60.nfs and their checks, with a callout that writes down what it is asked for. */
class NfsScriptTest {
  @TempDir private Path dir;
  private ScriptLab lab;

  @BeforeEach
  void aHealthyServer() throws IOException {
    lab =
        new ScriptLab(dir)
            .standIn("callout", "[ \"$1\" != monitor-list-shares ] || echo /tmp")
            .standIn(
                "rpcinfo", "[ ! -e %1$s/dead.$4 ] || { echo $4 is dead; exit 1; }".formatted(dir))
            .standIn(
                "ctdb", "case \"$*\" in pnn) echo 0 ;; '-X ip') cat %s/ips ;; esac".formatted(dir))
            .file("ips", "|Public IP|Node|\n|10.0.0.1|0|\n")
            .file("script.options", "CTDB_NFS_CALLOUT=" + dir + "/bin/callout\n");
    Files.delete(dir.resolve("statd-callout"));
    Files.walk(dir.resolve("nfs-checks.d"))
        .filter(Files::isRegularFile)
        .forEach(f -> f.toFile().delete());
    check("20.nfs", "version=\"3 4\"\n");
  }

  private void check(String name, String text) throws IOException {
    lab.file("nfs-checks.d/" + name + ".check", text);
  }

  @Test
  void theCalloutStartsAndStopsTheServer() throws Exception {
    assertThat(lab.event("60.nfs", "startup").status()).isZero();
    assertThat(lab.event("60.nfs", "shutdown").status()).isZero();
    assertThat(lab.calls())
        .containsSubsequence("callout register", "callout startup", "callout shutdown");
  }

  @Test
  void aCalloutThatRegistersForLittleIsCalledForLittle() throws Exception {
    lab.standIn("callout", "[ $1 != register ] || echo startup");

    assertThat(lab.event("60.nfs", "startup").status()).isZero();
    assertThat(lab.event("60.nfs", "shutdown").status()).isZero();
    assertThat(lab.calls()).contains("callout startup").doesNotContain("callout shutdown");
  }

  @Test
  void aCalloutThatFailsFailsTheEvent() throws Exception {
    lab.standIn("callout", "[ $1 = register ] || exit 3");
    for (String event : List.of("startup", "shutdown", "monitor")) {
      assertThat(lab.event("60.nfs", event).status()).as(event).isEqualTo(3);
    }
    assertThat(lab.event("06.nfs", "takeip", "eth0", "10.0.0.1", "24").status()).isEqualTo(3);
  }

  @Test
  void theServerHearsOfAnAddressBeforeItComesAndAfter() throws Exception {
    lab.event("06.nfs", "takeip", "eth0", "10.0.0.1", "24");
    lab.event("60.nfs", "takeip", "eth0", "10.0.0.1", "24");
    lab.event("06.nfs", "releaseip", "eth0", "10.0.0.1", "24");
    lab.event("60.nfs", "releaseip", "eth0", "10.0.0.1", "24");
    assertThat(lab.calls().stream().filter(call -> call.endsWith("24")))
        .containsExactly(
            "callout takeip-pre eth0 10.0.0.1 24",
            "callout takeip eth0 10.0.0.1 24",
            "callout releaseip-pre eth0 10.0.0.1 24",
            "callout releaseip eth0 10.0.0.1 24");
    assertThat(lab.event("60.nfs", "ipreallocated").output())
        .isEqualTo("Reconfiguring service \"nfs\"...\n");
    assertThat(lab.event("60.nfs", "ipreallocated").output()).as("once").isEmpty();
  }

  @Test
  void whoGotALockJustNowIsKnownWhereTheAddressGoes() throws Exception {
    lab.file("var/scripts/my-public-ip-addresses", "10.0.0.1\n");
    ScriptHouse.executable(
        dir.resolve("statd-callout"),
        "#!/bin/sh\necho \"statd-callout $*: $(cat %1$s/var/scripts/my-public-ip-addresses)\" >>%1$s/calls\n"
            .formatted(dir));

    lab.event("60.nfs", "releaseip", "eth0", "10.0.0.1", "24");
    assertThat(lab.calls()).as("nobody").noneMatch(call -> call.startsWith("statd-callout"));

    lab.file("var/scripts/my-public-ip-addresses", "10.0.0.1\n")
        .file("var/scripts/service/nfs/statd-callout/statd-state@10.0.0.1@10.9.0.1", "");
    assertThat(lab.event("60.nfs", "releaseip", "eth0", "10.0.0.1", "24").status()).isZero();
    assertThat(lab.calls()).contains("statd-callout update: 10.0.0.1");
  }

  @Test
  void theServerHearsThatAddressesAreAboutToMove() throws Exception {
    assertThat(lab.event("60.nfs", "startipreallocate")).isEqualTo(new ScriptLab.Outcome(0, ""));
    assertThat(lab.calls()).contains("callout startipreallocate");
  }

  @Test
  void aServerThatAnswersIsHealthyInEveryVersion() throws Exception {
    assertThat(lab.event("60.nfs", "monitor")).isEqualTo(new ScriptLab.Outcome(0, ""));
    assertThat(lab.calls())
        .containsSubsequence(
            "callout monitor-pre",
            "callout monitor-list-shares",
            "rpcinfo -T tcp 127.0.0.1 nfs 3",
            "rpcinfo -T tcp 127.0.0.1 nfs 4",
            "callout monitor-post");
  }

  @Test
  void anExportThatIsMissingMakesTheNodeUnhealthyUnlessTheCheckIsOff() throws Exception {
    lab.standIn("callout", "[ $1 != monitor-list-shares ] || echo /no/such");
    assertThat(lab.event("60.nfs", "monitor"))
        .isEqualTo(new ScriptLab.Outcome(1, "ERROR: nfs directory \"/no/such\" not available\n"));

    lab.file("events/legacy/60.nfs.options", "CTDB_NFS_SKIP_SHARE_CHECK=yes\n");
    assertThat(lab.event("60.nfs", "monitor").status()).isZero();
  }

  @Test
  void aServiceIsRestartedBeforeTheNodeIsGivenUp() throws Exception {
    check(
        "30.nlockmgr",
        """
        # comment
        version="4"
          family="tcp udp6"
        restart_every=2
        unhealthy_after=4
        service_stop_cmd="$CTDB_NFS_CALLOUT stop nlockmgr"
        service_start_cmd="$CTDB_NFS_CALLOUT start nlockmgr"
        service_debug_cmd="program_stack_traces nlockmgr 5"
        """);
    assertThat(lab.event("60.nfs", "monitor").status()).isZero();
    assertThat(lab.calls())
        .contains("rpcinfo -T tcp 127.0.0.1 nlockmgr 4", "rpcinfo -T udp6 ::1 nlockmgr 4");

    lab.file("dead.nlockmgr", "");
    StringBuilder told = new StringBuilder();
    for (int run = 1; run <= 4; run++) {
      ScriptLab.Outcome outcome = lab.event("60.nfs", "monitor");
      told.append(run).append(' ').append(outcome.status()).append('\n').append(outcome.output());
    }

    assertThat(told)
        .hasToString(
            """
            1 0
            2 0
            WARNING: nlockmgr failed RPC check:
            nlockmgr is dead
            Trying to restart service "nlockmgr"...
            3 0
            4 1
            ERROR: nlockmgr failed RPC check:
            nlockmgr is dead
            Trying to restart service "nlockmgr"...
            """);
    assertThat(lab.calls()).contains("callout stop nlockmgr");
    Files.delete(dir.resolve("dead.nlockmgr"));
    assertThat(lab.event("60.nfs", "monitor")).isEqualTo(new ScriptLab.Outcome(0, ""));
    lab.file("dead.nlockmgr", "");
    assertThat(lab.event("60.nfs", "monitor").output()).as("counted anew").isEmpty();
  }

  @Test
  void whatHasNeverAnsweredSinceTheStartIsNotForgiven() throws Exception {
    check("40.mountd", "unhealthy_after=6\n");
    lab.file("dead.mountd", "");

    assertThat(lab.event("60.nfs", "monitor").status()).isEqualTo(1);
  }

  @Test
  void aCommandMayTakeTheRpcChecksPlace() throws Exception {
    check("20.nfs", "service_check_cmd=\"$CTDB_NFS_CALLOUT check nfs\"\n");
    lab.standIn("callout", "[ $1 != check ] || { echo it is odd; exit 1; }");

    assertThat(lab.event("60.nfs", "monitor"))
        .isEqualTo(new ScriptLab.Outcome(1, "ERROR: nfs failed RPC check:\nit is odd\n"));
    assertThat(lab.calls()).contains("callout check nfs").noneMatch(c -> c.startsWith("rpcinfo"));
  }

  @Test
  void aBusyServerWhoseStatisticsMoveIsNotDead() throws Exception {
    check("20.nfs", "service_stats_cmd=\"cat %s/stats\"\n".formatted(dir));
    busyButMoving();
  }

  @Test
  void aCalloutThatKnowsStatisticsIsAskedForThem() throws Exception {
    lab.standIn(
        "callout", "case $1 in register) echo stats ;; stats) cat %s/stats ;; esac".formatted(dir));
    busyButMoving();
  }

  private void busyButMoving() throws Exception {
    lab.file("stats", "1\n");
    assertThat(lab.event("60.nfs", "monitor").status()).isZero();
    lab.standIn("rpcinfo", "sleep 60");
    shortenRpc();

    assertThat(lab.event("60.nfs", "monitor").output()).contains("but its statistics move");
    assertThat(lab.event("60.nfs", "monitor"))
        .isEqualTo(
            new ScriptLab.Outcome(
                1,
                "ERROR: nfs failed RPC check:\n"
                    + "rpcinfo: nfs on 127.0.0.1 has not answered within 0.2 s\n"));
  }

  private void shortenRpc() throws IOException {
    Path script = dir.resolve("events/legacy/60.nfs.script");
    Files.writeString(
        script, Files.readString(script).replaceFirst("RPC_SECONDS=\\d+", "RPC_SECONDS=0.2"));
  }

  @Test
  void aCheckThatMakesNoSenseIsToldWithItsLine() throws Exception {
    check("20.nfs", "version=3\nunhealthy=2\n");
    assertThat(lab.event("60.nfs", "monitor"))
        .isEqualTo(
            new ScriptLab.Outcome(
                1, "ERROR: " + dir + "/nfs-checks.d/20.nfs.check:2: unknown line: unhealthy=2\n"));
    check("20.nfs", "restart_every=often\n");
    assertThat(lab.event("60.nfs", "monitor").output())
        .contains("20.nfs.check:1: restart_every should be a number: restart_every=often");
    lab.file("events/legacy/60.nfs.options", "CTDB_NFS_CHECKS_DIR=/no/such\n");
    assertThat(lab.event("60.nfs", "monitor").output())
        .contains("60.nfs.options:1: CTDB_NFS_CHECKS_DIR=\"/no/such\": /no/such is no directory");
  }

  @Test
  void ctdbsOwnScriptUnderstandsTheShippedChecks() throws Exception {
    for (String kind : List.of("nfs-checks.d", "nfs-checks-ganesha.d")) {
      try (Stream<Path> files = Files.list(ScriptLab.SHARE.resolve(kind))) {
        for (Path file : files.toList()) {
          assertThat(Files.readAllLines(file))
              .as("%s", file)
              .allMatch(
                  line ->
                      line.matches(
                          "#.*|(family|version|unhealthy_after|restart_every"
                              + "|service_(stop|start|check|debug)_cmd)=.*"));
        }
      }
    }
  }

  @Test
  void theShippedChecksAreUnderstood() throws Exception {
    for (String kind : List.of("nfs-checks.d", "nfs-checks-ganesha.d")) {
      lab.file(
          "events/legacy/60.nfs.options",
          "CTDB_NFS_CHECKS_DIR=" + ScriptLab.SHARE.resolve(kind) + "\n");
      assertThat(lab.event("60.nfs", "monitor")).as(kind).isEqualTo(new ScriptLab.Outcome(0, ""));
    }
  }
}
