package io.jctdb.tests.launcher;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The packaged unit of systemd, read by systemd's own checker. */
class UnitFileTest {
  private static final Path UNIT = Path.of("../conf/src/main/systemd/jctdbd.service");

  @TempDir private Path dir;

  @Test
  void systemdFindsNothingWrongWithTheUnit() throws Exception {
    assumeThat(Path.of("/usr/bin/systemd-analyze")).isExecutable();
    String programs = "/usr/libexec/ctdb/ctdbd-(foreground|await)";
    String text = Files.readString(UNIT);
    assertThat(text).containsPattern("ExecStart=" + programs);
    Path unit =
        Files.writeString(dir.resolve("jctdbd.service"), text.replaceAll(programs, "/bin/true"));

    Process checker =
        new ProcessBuilder("systemd-analyze", "verify", "--man=no", unit.toString())
            .redirectErrorStream(true)
            .start();
    checker.getOutputStream().close();

    assertThat(new String(checker.getInputStream().readAllBytes(), UTF_8)).isEmpty();
    assertThat(checker.waitFor()).isZero();
  }
}
