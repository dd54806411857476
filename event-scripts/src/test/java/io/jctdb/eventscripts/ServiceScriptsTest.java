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

/** The small scripts: winbind, netbios, multipath, clamd, vsftpd, httpd and database backups. */
class ServiceScriptsTest {
  @TempDir private Path dir;
  private ScriptLab lab;

  @BeforeEach
  void lab() throws IOException {
    lab =
        new ScriptLab(dir)
            .standIn("pidof", "exit 1")
            .standIn("killall", "")
            .variable("CTDB_INIT_STYLE", "debian");
  }

  private void statusOf(String service, String operation, int status) throws IOException {
    Files.writeString(
        dir.resolve("rc.local"),
        "_service() { echo \"service $*\" >> %s/calls; [ \"$*\" != '%s %s' ] || { echo it is so; return %d; }; }\n"
            .formatted(dir, service, operation, status));
  }

  private static ScriptLab.Outcome fine() {
    return new ScriptLab.Outcome(0, "");
  }

  @Test
  void theServicesAreStartedFreshAndStopped() throws Exception {
    record Service(String script, String name, boolean nice) {}
    for (Service one :
        List.of(
            new Service("48.netbios", "nmbd", true),
            new Service("49.winbind", "winbind", false),
            new Service("31.clamd", "clamav-daemon", false),
            new Service("40.vsftpd", "vsftpd", false))) {
      assertThat(lab.event(one.script, "startup")).as(one.script).isEqualTo(fine());
      assertThat(lab.event(one.script, "shutdown")).as(one.script).isEqualTo(fine());
      assertThat(lab.calls().stream().filter(call -> call.contains("service")))
          .containsExactly(
              "service " + one.name + " stop",
              (one.nice ? "nice " : "") + "service " + one.name + " start",
              "service " + one.name + " stop");
      statusOf(one.name, "start", 1);
      assertThat(lab.event(one.script, "startup").status()).as(one.script).isEqualTo(1);
      Files.writeString(
          dir.resolve("rc.local"),
          "_service() { echo \"${_nice:+nice }service $*\" >> " + dir + "/calls; }\n");
      lab.calls();
    }
  }

  @Test
  void aWinbindThatDoesNotAnswerIsUnhealthyAndSoIsOneThatHangs() throws Exception {
    lab.standIn("wbinfo", "");
    assertThat(lab.event("49.winbind", "monitor")).isEqualTo(fine());
    assertThat(lab.calls()).containsExactly("wbinfo -p");

    lab.standIn("wbinfo", "echo could not ping; exit 1");
    assertThat(lab.event("49.winbind", "monitor"))
        .isEqualTo(new ScriptLab.Outcome(1, "ERROR: wbinfo -p returned error\ncould not ping\n"));

    lab.standIn("wbinfo", "sleep 60");
    edit("49.winbind", "PING_SECONDS=10", "PING_SECONDS=0.2");
    assertThat(lab.event("49.winbind", "monitor").output())
        .isEqualTo("ERROR: winbind has not answered \"wbinfo -p\" within 0.2 s\n");
  }

  private void edit(String script, String old, String replacement) throws IOException {
    Path file = dir.resolve("events/legacy/" + script + ".script");
    Files.writeString(file, Files.readString(file).replace(old, replacement));
  }

  @Test
  void nmbdIsWatchedByItsService() throws Exception {
    assertThat(lab.event("48.netbios", "monitor")).isEqualTo(fine());
    statusOf("nmbd", "status", 3);
    assertThat(lab.event("48.netbios", "monitor"))
        .isEqualTo(new ScriptLab.Outcome(1, "ERROR: nmbd does not run:\nit is so\n"));
  }

  @Test
  void multipathDevicesNeedAPathThatWorks() throws Exception {
    lab.file("script.options", "CTDB_MONITOR_MPDEVICES='good bad gone'\n")
        .standIn(
            "multipath",
            """
            case $2 in
            good) echo "|-+- policy='round-robin 0' prio=1 status=active" ;;
            bad) echo "|-+- policy='round-robin 0' prio=0 status=enabled" ;;
            esac
            """);

    assertThat(lab.event("20.multipathd", "monitor"))
        .isEqualTo(
            new ScriptLab.Outcome(
                1,
                """
                ERROR: multipath device "bad" has no active paths
                ERROR: device "gone" not known to multipathd
                ERROR: multipath monitoring failed
                """));
    lab.file("script.options", "CTDB_MONITOR_MPDEVICES=good\n");
    assertThat(lab.event("20.multipathd", "monitor")).isEqualTo(fine());
    lab.file("script.options", "");
    assertThat(lab.event("20.multipathd", "monitor")).isEqualTo(fine());
  }

  @Test
  void aMultipathThatHangsIsNotWaitedFor() throws Exception {
    lab.file("script.options", "CTDB_MONITOR_MPDEVICES=slow\n")
        .standIn("multipath", "exec sleep 60");
    edit("20.multipathd", "CHECK_SECONDS * 10", "3");

    assertThat(lab.event("20.multipathd", "monitor"))
        .isEqualTo(new ScriptLab.Outcome(1, "ERROR: callout to multipath checks hung\n"));
  }

  @Test
  void clamdsSocketMustBeListenedOn() throws Exception {
    lab.file("script.options", "CTDB_CLAMD_SOCKET=/run/clamd.ctl\n")
        .standIn("ss", "echo 'u_str LISTEN 0 15 /run/clamd.ctl 123 * 0'");
    assertThat(lab.event("31.clamd", "monitor")).isEqualTo(fine());
    lab.standIn("ss", "echo 'u_str LISTEN 0 15 /run/clamd.ctl.old 123 * 0'");
    assertThat(lab.event("31.clamd", "monitor"))
        .isEqualTo(
            new ScriptLab.Outcome(1, "ERROR: clamav-daemon not listening on /run/clamd.ctl\n"));
    lab.file("script.options", "");
    assertThat(lab.event("31.clamd", "monitor").status()).isEqualTo(1);
  }

  @Test
  void vsftpdIsRestartedWhenAddressesMoveAndUnhealthyAtTheSecondFailure() throws Exception {
    lab.event("40.vsftpd", "takeip", "eth0", "10.0.0.1", "24");
    assertThat(lab.event("40.vsftpd", "ipreallocated").output())
        .isEqualTo("Reconfiguring service \"vsftpd\"...\n");
    assertThat(lab.event("40.vsftpd", "ipreallocated")).isEqualTo(fine());
    assertThat(lab.calls()).containsExactly("service vsftpd restart");

    lab.standIn("ss", "");
    assertThat(lab.event("40.vsftpd", "monitor"))
        .isEqualTo(
            new ScriptLab.Outcome(
                0,
                "WARNING: vsftpd listening on TCP port 21: fail count 1 >= threshold 1\n"
                    + "vsftpd not listening on TCP port 21\n"));
    assertThat(lab.event("40.vsftpd", "monitor").status()).isEqualTo(1);
    lab.standIn("ss", "echo 'LISTEN 0 5 *:21 *:*'");
    assertThat(lab.event("40.vsftpd", "monitor").status()).isZero();
    assertThat(lab.event("40.vsftpd", "monitor")).isEqualTo(fine());
  }

  @Test
  void apacheIsRestartedTwiceBeforeTheNodeIsGivenUp() throws Exception {
    lab.standIn("ss", "");
    StringBuilder story = new StringBuilder();
    for (int i = 1; i <= 5; i++) {
      ScriptLab.Outcome outcome = lab.event("41.httpd", "monitor");
      story.append(outcome.status()).append(outcome.output().isEmpty() ? " " : " restart ");
    }
    assertThat(story).hasToString("0 0 restart 0 0 1 restart ");
    lab.standIn("ss", "echo 'LISTEN 0 5 *:80 *:*'");
    assertThat(lab.event("41.httpd", "monitor")).isEqualTo(fine());
    lab.standIn("ss", "");
    assertThat(lab.event("41.httpd", "monitor")).as("counted anew").isEqualTo(fine());
  }

  @Test
  void aKilledApachesSemaphoresAreRemoved() throws Exception {
    lab.standIn("ipcs", "printf 'key semid owner\\n0x0 7 www-data 600 1\\n0x0 8 root 600 1\\n'")
        .standIn("ipcrm", "");
    assertThat(lab.event("41.httpd", "startup")).isEqualTo(fine());
    assertThat(lab.calls()).contains("ipcrm -s 7").doesNotContain("ipcrm -s 8");
  }

  @Test
  void theLeaderBacksUpPersistentDatabasesOnceADay() throws Exception {
    cluster(0);
    lab.file("script.options", "CTDB_PERSISTENT_DB_BACKUP_DIR=" + dir + "/backups\n");

    assertThat(lab.event("95.database", "monitor")).isEqualTo(fine());
    assertThat(backups()).hasSize(1);
    assertThat(lab.run("tar", List.of("tzf", backups().getFirst().toString())).output())
        .contains("/secrets.tdb.backup")
        .doesNotContain("locking");
    lab.calls();
    assertThat(lab.event("95.database", "monitor")).isEqualTo(fine());
    assertThat(lab.calls()).as("nothing to do").isEmpty();
  }

  @Test
  void onlyTheNewestBackupsAreKeptAndBadOptionsAreTold() throws Exception {
    cluster(0);
    lab.file(
        "script.options",
        """
        CTDB_PERSISTENT_DB_BACKUP_DIR=%s/backups
        CTDB_PERSISTENT_DB_BACKUP_LIMIT=2
        CTDB_PERSISTENT_DB_BACKUP_MODE=rwx
        """
            .formatted(dir));
    for (String old : List.of("20200101000000", "20200102000000", "20200103000000")) {
      lab.file("backups/ctdb-persistent-db-backup-" + old + ".tgz", "");
      lab.run(
          "touch",
          List.of("-d", "2020-01-01", dir + "/backups/ctdb-persistent-db-backup-" + old + ".tgz"));
    }

    assertThat(lab.event("95.database", "monitor").output())
        .contains("script.options:3: CTDB_PERSISTENT_DB_BACKUP_MODE=\"rwx\": should be an octal");
    assertThat(backups()).hasSize(2).anyMatch(file -> file.toString().contains("20200103"));
  }

  @Test
  void othersThanTheLeaderDoNotBackUp() throws Exception {
    cluster(1);
    lab.file("script.options", "CTDB_PERSISTENT_DB_BACKUP_DIR=" + dir + "/backups\n");
    assertThat(lab.event("95.database", "monitor")).isEqualTo(fine());
    assertThat(backups()).isEmpty();
  }

  private List<Path> backups() throws IOException {
    try (Stream<Path> files = Files.list(dir.resolve("backups"))) {
      return files.toList();
    }
  }

  private void cluster(int leader) throws IOException {
    lab.standIn(
        "ctdb",
        """
        case "$1" in
        leader) echo %d ;;
        pnn) echo 0 ;;
        -X) printf '|ID|Name|Path|Persistent|\\n|0x1|secrets.tdb|/x|1|\\n|0x2|locking.tdb|/y|0|\\n' ;;
        backupdb) echo data > "$3" ;;
        esac
        """
            .formatted(leader));
  }
}
