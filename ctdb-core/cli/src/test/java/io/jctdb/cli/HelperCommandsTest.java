package io.jctdb.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How the end of a helper program becomes the end of {@code ctdb} (cli.md 12.4). */
final class HelperCommandsTest {
  private final OneNode node = new OneNode();

  @ParameterizedTest
  @CsvSource({
    "0, 0, ''",
    "1, 1, ''",
    "63, 63, ''",
    "64, 0, NAT gateway helper failed with error 0",
    "66, 2, NAT gateway helper failed with error 2",
    "100, 36, NAT gateway helper failed with error 36",
    "254, 190, NAT gateway helper failed with error 190",
    "255, 255, ''",
    "265, 4, NAT gateway helper terminated with signal 9"
  })
  void theHelpersEndIsOurs(int result, int status, String said) {
    node.helperResult = result;
    assertThat(node.run("natgw", "leader")).isEqualTo(status);
    assertThat(node.complained().strip()).isEqualTo(said);
    assertThat(node.helper).containsExactly("/usr/libexec/ctdb/ctdb_natgw", "leader");
  }

  @Test
  void scriptStatusShowsTheMonitorEventAndNeverFails() {
    node.helperResult = 7;
    assertThat(node.run("scriptstatus")).isZero();
    assertThat(node.helper)
        .containsExactly("/usr/libexec/ctdb/ctdb-event", "status", "legacy", "monitor");
  }

  @Test
  void eventPassesEverythingOn() {
    assertThat(node.run("event", "run", "20", "legacy", "monitor")).isZero();
    assertThat(node.helper)
        .containsExactly("/usr/libexec/ctdb/ctdb-event", "run", "20", "legacy", "monitor");
  }
}
