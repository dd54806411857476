package io.jctdb.daemon.config;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigToolTest {
  @TempDir private Path base;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @Test
  void scriptsAskForDirectories() throws Exception {
    assertThat(tool("get", "database", "volatile database directory")).isZero();
    assertThat(out.toString(UTF_8)).isEqualTo(base.resolve("var/volatile") + "\n");
  }

  @Test
  void anOptionThatIsNotSetIsAnEmptyLineAndOneThatIsNotThereAnError() throws Exception {
    assertThat(tool("get", "cluster", "cluster lock")).isZero();
    assertThat(out.toString(UTF_8)).isEqualTo("\n");
    assertThat(tool("get", "cluster", "nonsense")).isEqualTo(2);
    assertThat(err.toString(UTF_8)).contains("[cluster] -> \"nonsense\" not defined");
  }

  @Test
  void validateIsStricterThanTheDaemon() throws Exception {
    assertThat(tool("validate")).isEqualTo(2);
    Files.writeString(base.resolve("ctdb.conf"), "[cluster]\nleader timeout = 5\n");
    assertThat(tool("validate")).isZero();
    Files.writeString(base.resolve("ctdb.conf"), "[cluster]\nnonsense = 5\n");
    assertThat(tool("validate")).isEqualTo(22);
    Files.writeString(base.resolve("ctdb.conf"), "[cluster]\nleader timeout = x\n");
    assertThat(tool("validate")).isEqualTo(22);
    assertThat(tool("dump")).isEqualTo(22);
  }

  @Test
  void wrongWordsShowTheUsage() throws Exception {
    assertThat(tool()).isEqualTo(1);
    assertThat(tool("get", "cluster")).isEqualTo(22);
    assertThat(out.toString(UTF_8)).startsWith("Usage: ctdb-config");
  }

  private int tool(String... words) throws ConfigException {
    Paths paths =
        Paths.of(Map.of("CTDB_TEST_MODE", "1", "CTDB_BASE", base.toString()), Optional.empty());
    return new ConfigTool(
            paths, new PrintStream(out, true, UTF_8), new PrintStream(err, true, UTF_8))
        .run(List.of(words));
  }
}
