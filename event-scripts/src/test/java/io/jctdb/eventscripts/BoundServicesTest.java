package io.jctdb.eventscripts;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BoundServicesTest {
  @TempDir private Path dir;

  @Test
  void whatIsNotedEndsAndNothingElse() throws Exception {
    Process noted = new ProcessBuilder("sleep", "600").start();
    Process renamed = new ProcessBuilder("sleep", "600").start();
    try {
      Files.writeString(
          dir.resolve("tgtd"),
          "nonsense\n-1 sleep\n" + noted.pid() + " sleep\n" + renamed.pid() + " tgtd\n");

      new BoundServices(dir).kill();

      assertThat(noted.waitFor(20, TimeUnit.SECONDS)).isTrue();
      assertThat(renamed.isAlive()).isTrue();
    } finally {
      renamed.destroyForcibly();
      noted.destroyForcibly();
    }
  }

  @Test
  void mostNodesHaveNone() {
    new BoundServices(dir.resolve("nothing")).kill();
  }
}
