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

/** 00.ctdb, 01.reclock, 05.system, notify.sh and debug-hung-script.sh. */
class BasicScriptsTest {
  @TempDir private Path dir;
  private ScriptLab lab;

  @BeforeEach
  void lab() throws IOException {
    lab = new ScriptLab(dir).databaseDirectories();
  }

  @Test
  void initGivesScriptsAFreshStateDirectory() throws Exception {
    lab.file("var/scripts/service/old/thing", "");
    withDatabaseCheck();

    assertThat(lab.event("00.ctdb", "init")).isEqualTo(new ScriptLab.Outcome(0, ""));

    assertThat(dir.resolve("var/scripts/service")).doesNotExist();
    assertThat(dir.resolve("var/scripts/ctdb.conf.dump")).isNotEmptyFile();
  }

  @Test
  void aCorruptPersistentDatabaseKeepsTheDaemonDown() throws Exception {
    withDatabaseCheck();
    lab.file("db/persistent/secrets.tdb.0", "bad");

    ScriptLab.Outcome outcome = lab.event("00.ctdb", "init");

    assertThat(outcome.status()).isEqualTo(1);
    assertThat(outcome.output()).contains("secrets.tdb.0 is corrupted! CTDB will not start");
  }

  @Test
  void aCorruptVolatileDatabaseIsSetAsideAndOnlyTheNewestAreKept() throws Exception {
    withDatabaseCheck();
    lab.file("script.options", "CTDB_MAX_CORRUPT_DB_BACKUPS=2\n")
        .file("db/volatile/locking.tdb.0", "bad")
        .file("db/volatile/brlock.tdb.0", "good")
        .file("db/volatile/locking.tdb.0.20200101.000000.corrupt", "")
        .file("db/volatile/locking.tdb.0.20210101.000000.corrupt", "");

    ScriptLab.Outcome outcome = lab.event("00.ctdb", "init");

    assertThat(outcome.status()).isZero();
    assertThat(outcome.output()).contains("WARNING: database").contains("is corrupted. Moved to");
    try (Stream<Path> files = Files.list(dir.resolve("db/volatile"))) {
      assertThat(files.map(file -> file.getFileName().toString()).sorted().toList())
          .hasSize(3)
          .startsWith("brlock.tdb.0", "locking.tdb.0.20210101.000000.corrupt")
          .doesNotContain("locking.tdb.0");
    }
  }

  @Test
  void startupAttachesTheScriptsOwnDatabase() throws Exception {
    assertThat(lab.event("00.ctdb", "startup").status()).isZero();
    assertThat(lab.calls()).containsExactly("ctdb attach ctdb.tdb persistent");
  }

  @Test
  void theDirectoryOfTheClusterLockIsMade() throws Exception {
    lab.configuration("[cluster]", "\tcluster lock = " + dir + "/shared/x/lock");
    assertThat(lab.event("01.reclock", "init").status()).isZero();
    assertThat(dir.resolve("shared/x")).isDirectory();
  }

  @Test
  void aClusterLockThatIsAProgramNeedsNoDirectory() throws Exception {
    lab.configuration("[cluster]", "\t# cluster lock = ", "\trecovery lock = !/usr/bin/helper a/b");
    assertThat(lab.event("01.reclock", "init")).isEqualTo(new ScriptLab.Outcome(0, ""));
  }

  @Test
  void aConfigurationThatCannotBeReadFailsTheEvent() throws Exception {
    lab.standIn("ctdb-config", "exit 22");
    assertThat(lab.event("01.reclock", "init").status()).isEqualTo(22);
    assertThat(lab.event("00.ctdb", "init").status()).isEqualTo(22);
  }

  @Test
  void aFileSystemWarnsOncePerValueAndThenTellsWhenItIsOver() throws Exception {
    lab.file(
        "script.options",
        "CTDB_MONITOR_FILESYSTEM_USAGE=/tmp:80:95\nCTDB_MONITOR_MEMORY_USAGE=100\n");
    used(85);
    assertThat(monitor())
        .isEqualTo(
            new ScriptLab.Outcome(
                0, "WARNING: Filesystem /tmp utilization 85% >= threshold 80%\n"));
    assertThat(monitor().output()).isEmpty();
    used(50);
    assertThat(monitor().output())
        .isEqualTo("NOTICE: Filesystem /tmp utilization 50% < threshold 80%\n");
    assertThat(monitor().output()).isEmpty();
    used(95);
    assertThat(monitor())
        .isEqualTo(
            new ScriptLab.Outcome(1, "ERROR: Filesystem /tmp utilization 95% >= threshold 95%\n"));
  }

  @Test
  void nonsenseInTheOptionsIsAWarning() throws Exception {
    lab.file(
        "script.options",
        "CTDB_MONITOR_FILESYSTEM_USAGE='/tmp:much /nowhere:1'\nCTDB_MONITOR_MEMORY_USAGE=100\n");
    used(85);
    assertThat(monitor())
        .isEqualTo(
            new ScriptLab.Outcome(
                0,
                "WARNING: "
                    + dir.resolve("script.options")
                    + ":1: CTDB_MONITOR_FILESYSTEM_USAGE=\"/tmp:much /nowhere:1\": threshold for"
                    + " Filesystem /tmp is much, not a percentage from 0 to 100; ignored\n"
                    + "WARNING: Directory /nowhere does not exist\n"));
  }

  @Test
  void memoryThatIsFullMakesTheNodeUnhealthy() throws Exception {
    lab.file(
        "script.options",
        "CTDB_MONITOR_FILESYSTEM_USAGE=/tmp\nCTDB_MONITOR_MEMORY_USAGE=0:0\n"
            + "set_proc_maybe() { echo \"set $*\"; }\nps() { echo processes; }\n");
    used(1);
    ScriptLab.Outcome first = monitor();
    assertThat(first.status()).isEqualTo(1);
    assertThat(first.output())
        .startsWith("ERROR: System memory utilization ")
        .contains("MemTotal:", "processes", "set sysrq-trigger m");
    assertThat(monitor().output()).doesNotContain("MemTotal:");
  }

  @Test
  void everyNotificationScriptIsToldAndOneFailureIsTheirs() throws Exception {
    for (String name : List.of("10.a", "20.b", "30.c")) {
      ScriptHouse.executable(
          dir.resolve("events/notification/" + name + ".script"),
          "#!/bin/sh\necho " + name + " $1\n[ " + name + " != 10.a ]\n");
    }
    Files.writeString(dir.resolve("events/notification/40.off.script"), "");

    ScriptLab.Outcome outcome = lab.run(dir.resolve("notify.sh").toString(), List.of("healthy"));

    assertThat(outcome.status()).isEqualTo(1);
    assertThat(outcome.output())
        .startsWith("10.a healthy\n")
        .contains("10.a.script failed for healthy")
        .endsWith("20.b healthy\n30.c healthy\n");
  }

  @Test
  void aHungScriptIsLookedAt() throws Exception {
    lab.standIn("pstree", "echo '50.samba,1 x'; echo '  `-exportfs,1'")
        .standIn("ctdb", "echo status");

    ScriptLab.Outcome outcome =
        lab.run(dir.resolve("debug-hung-script.sh").toString(), List.of("1", "monitor"));

    assertThat(outcome.output())
        .startsWith("===== Start of hung script debug for PID=\"1\", event=\"monitor\" =====\n")
        .contains("interesting process 1[exportfs]")
        .contains("status\n")
        .endsWith("===== End of hung script debug for PID=\"1\", event=\"monitor\" =====\n");
  }

  private ScriptLab.Outcome monitor() throws Exception {
    return lab.event("05.system", "monitor");
  }

  private void used(int percent) throws IOException {
    lab.standIn("df", "echo header; echo '/dev/x 100 50 50 " + percent + "% /tmp'");
  }

  /** A database is sound when its text is "good". */
  private void withDatabaseCheck() throws IOException {
    lab.standIn(
        "tdbtool",
        "case \"$*\" in '') echo check ;; *) grep -q good $1 && echo Database integrity is OK ;;"
            + " esac");
  }
}
