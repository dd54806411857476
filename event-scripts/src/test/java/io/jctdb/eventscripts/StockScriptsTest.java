package io.jctdb.eventscripts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Debian's own scripts, unmodified, where they are installed: ctdbd's contract seen from them. */
class StockScriptsTest {
  private static final Path STOCK = Path.of("/usr/share/ctdb/events/legacy");

  @TempDir private Path dir;

  @Test
  void stockScriptsRunOnOurLibraryThroughOurRunner() throws Exception {
    assumeTrue(Files.isDirectory(STOCK), "Debian's ctdb is not installed");
    ScriptLab lab = new ScriptLab(dir);
    // What they would end, or start, belongs to this host.
    lab.standIn("killall", "")
        .standIn("tgtd", "")
        .standIn("service", "")
        .standIn("pidof", "exit 1");
    Path legacy = dir.resolve("events/legacy");
    try (Stream<Path> ours = Files.list(legacy);
        Stream<Path> stock = Files.list(STOCK)) {
      for (Path script : ours.toList()) {
        Files.delete(script);
      }
      for (Path script : stock.toList()) {
        Files.createSymbolicLink(legacy.resolve(script.getFileName().toString()), script);
      }
    }
    lab.databaseDirectories();
    lab.standIn(
        "ctdb-config",
        "case \"$3\" in 'volatile '*|'persistent '*|'state '*) echo %s/db/${3%%%% *} ;; esac"
            .formatted(dir));
    ScriptEnvironment environment =
        new ScriptHouse(dir)
            .environment()
            .with("CTDB_TEST_MODE", "yes")
            .with("CTDB_HELPER_BINDIR", dir.resolve("bin").toString())
            .with("PATH", dir.resolve("bin") + ":/usr/sbin:/usr/bin:/sbin:/bin")
            .with("CTDB_NFS_CALLOUT", "true");

    try (EventRunner runner = new EventRunner(environment, Optional.empty())) {
      for (String event : List.of("init", "setup", "recovered")) {
        EventResult result = runner.run(event, List.of(), 60).get();
        assertThat(result.success()).as("%s", result.scripts()).isTrue();
      }
    }
  }
}
