package io.jctdb.eventscripts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
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
    Files.delete(dir.resolve("events/legacy/00.ctdb.script"));
    Files.delete(dir.resolve("events/legacy/10.interface.script"));
    Files.delete(dir.resolve("events/legacy/50.samba.script"));
    for (String script : List.of("00.ctdb", "10.interface", "40.vsftpd", "60.nfs", "70.iscsi")) {
      String name = script + ".script";
      Files.createSymbolicLink(dir.resolve("events/legacy/" + name), STOCK.resolve(name));
    }
    lab.databaseDirectories();
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
