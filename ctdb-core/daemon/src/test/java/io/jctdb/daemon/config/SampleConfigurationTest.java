package io.jctdb.daemon.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The files that we ship say what the daemon does. */
class SampleConfigurationTest {
  private static final Path SHIPPED = Path.of("../../conf/src/main/etc");
  private static final Pattern OPTION = Pattern.compile("  # ([a-z ]+) = (.*)");

  @TempDir private Path base;

  @Test
  void theShippedFileIsReadWithoutAWord() throws Exception {
    Files.copy(SHIPPED.resolve("ctdb.conf"), base.resolve("ctdb.conf"));
    Files.copy(SHIPPED.resolve("ctdb.tunables"), base.resolve("ctdb.tunables"));

    assertThat(CtdbConf.read(paths()).warnings()).isEmpty();
    assertThat(new Tunables().load(paths())).isEmpty();
  }

  @Test
  void everyOptionInItExistsAndShowsItsDefault() throws Exception {
    Set<ConfOption> examples =
        Set.of(
            ConfOption.NODE_ADDRESS,
            ConfOption.CLUSTER_LOCK,
            ConfOption.EVENT_DEBUG_SCRIPT,
            ConfOption.ZOOKEEPER,
            ConfOption.TLS_CA,
            ConfOption.TLS_CERTIFICATE,
            ConfOption.TLS_KEY,
            ConfOption.METRICS_ADDRESS,
            ConfOption.REMOTE_NODES);
    Paths debian = Paths.of(Map.of(), Optional.empty());
    String section = "";
    for (String line : lines()) {
      if (line.startsWith("[")) {
        section = line.substring(1, line.length() - 1);
      }
      var option = OPTION.matcher(line);
      if (option.matches()) {
        ConfOption known = ConfOption.find(section, option.group(1)).orElseThrow();
        String shown = examples.contains(known) ? "" : option.group(2);
        assertThat(shown).as(line).isEqualTo(known.defaultValue(debian));
      }
    }
  }

  private static List<String> lines() throws Exception {
    return Files.readAllLines(SHIPPED.resolve("ctdb.conf"));
  }

  private Paths paths() throws ConfigException {
    return Paths.of(Map.of("CTDB_TEST_MODE", "1", "CTDB_BASE", base.toString()), Optional.empty());
  }
}
