package io.jctdb.daemon.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PathsTest {

  @Test
  void anEmptyEnvironmentMeansDebiansPlaces() throws Exception {
    Paths paths = of(Map.of());

    assertThat(paths.conf()).isEqualTo(Path.of("/etc/ctdb/ctdb.conf"));
    assertThat(paths.socket()).isEqualTo(Path.of("/run/ctdb/ctdbd.socket"));
    assertThat(paths.pidFile()).isEqualTo(Path.of("/run/ctdb/ctdbd.pid"));
    assertThat(paths.eventdSocket()).isEqualTo(Path.of("/run/ctdb/eventd.socket"));
    assertThat(paths.shareDir()).isEqualTo(Path.of("/usr/share/ctdb"));
    assertThat(paths.helperDir()).isEqualTo(Path.of("/usr/libexec/ctdb"));
    assertThat(paths.varDir()).isEqualTo(Path.of("/var/lib/ctdb"));
  }

  @Test
  void testModeMovesEverythingBelowCtdbBase() throws Exception {
    Paths paths = of(Map.of("CTDB_TEST_MODE", "yes", "CTDB_BASE", "/tmp/node1"));

    assertThat(paths.etcDir()).isEqualTo(Path.of("/tmp/node1"));
    assertThat(paths.shareDir()).isEqualTo(Path.of("/tmp/node1/share"));
    assertThat(paths.socket()).isEqualTo(Path.of("/tmp/node1/run/ctdbd.socket"));
    assertThat(paths.varDir()).isEqualTo(Path.of("/tmp/node1/var"));
  }

  @Test
  void testModeWithoutABaseIsRefused() {
    assertThatThrownBy(() -> of(Map.of("CTDB_TEST_MODE", "1")))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("CTDB_BASE");
  }

  @Test
  void baseAloneMovesTheConfigurationAndSocketAloneTheSocket() throws Exception {
    Paths paths = of(Map.of("CTDB_BASE", "/srv/etc", "CTDB_SOCKET", "/srv/sock"));

    assertThat(paths.etcDir()).isEqualTo(Path.of("/srv/etc"));
    assertThat(paths.socket()).isEqualTo(Path.of("/srv/sock"));
    assertThat(paths.runDir()).isEqualTo(Path.of("/run/ctdb"));
  }

  @Test
  void anInstallationInOneDirectoryBringsItsOwnScriptsAndHelpers() throws Exception {
    Paths paths = of(Map.of("JCTDB_HOME", "/opt/jctdb"));

    assertThat(paths.shareDir()).isEqualTo(Path.of("/opt/jctdb/share/ctdb"));
    assertThat(paths.helperDir()).isEqualTo(Path.of("/opt/jctdb/libexec/ctdb"));
    assertThat(paths.etcDir()).isEqualTo(Path.of("/etc/ctdb"));
  }

  private static Paths of(Map<String, String> environment) throws ConfigException {
    return Paths.of(environment, Optional.empty());
  }
}
