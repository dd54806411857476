package io.jctdb.daemon.config;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TunablesTest {
  @TempDir private Path base;
  private final Tunables tunables = new Tunables();

  @Test
  void theListIsTheOneOfCtdbd() throws Exception {
    List<String> expected = resource("listvars.txt").lines().toList();

    assertThat(Tunable.inListOrder())
        .extracting(t -> "%-26s = %d".formatted(t.fieldName(), tunables.get(t)))
        .containsExactlyElementsOf(expected);
  }

  @Test
  void listTunablesIsByteForByteTheAnswerOfCtdbd() throws Exception {
    byte[] wire = HexFormat.of().parseHex(resource("list-tunables.hex").strip());
    String text = new String(wire, 4, wire.length - 5, US_ASCII);

    assertThat(Tunables.listString()).isEqualTo(text);
  }

  @Test
  void theArrayHas62NumbersInMemoryOrder() {
    int[] all = tunables.inMemoryOrder();

    assertThat(all).hasSize(62).startsWith(3, 1000, 60, 20, 5, 5, 30).endsWith(1024, 2, 0);
    assertThat(Tunable.VACUUM_FAST_PATH_COUNT.ordinal()).isEqualTo(40);
  }

  @Test
  void namesAreFoundInAnyCase() {
    assertThat(tunables.set("monitorINTERVAL", 7)).isEqualTo(Tunables.SetResult.DONE);
    assertThat(tunables.get("MonitorInterval")).hasValue(7);
    assertThat(tunables.duration(Tunable.MONITOR_INTERVAL)).isEqualTo(Duration.ofSeconds(7));
    assertThat(tunables.set("VacuumLimit", 9)).isEqualTo(Tunables.SetResult.OBSOLETE);
    assertThat(tunables.get("VacuumLimit")).hasValue(9);
    assertThat(tunables.set("NoSuch", 1)).isEqualTo(Tunables.SetResult.UNKNOWN);
    assertThat(tunables.get("NoSuch")).isEmpty();
  }

  @Test
  void valuesAre32BitsWithoutSign() {
    tunables.set(Tunable.DB_SIZE_WARN, 0xffff_ffffL);

    assertThat(tunables.get(Tunable.DB_SIZE_WARN)).isEqualTo(4294967295L);
  }

  @Test
  void aBadLineInTheFileStopsTheStartWithItsPlace() throws Exception {
    Files.writeString(
        base.resolve("ctdb.tunables"),
        """
        # comment
        MonitorInterval=0x14
        recovertimeout = 010
        NoSuch=1
        VacuumLimit=1
        KeepaliveLimit=-1
        KeepaliveInterval=5s
        ControlTimeout=4294967296
        [section]
        TraverseTimeout
        """);

    assertThatThrownBy(() -> tunables.load(paths()))
        .isInstanceOfSatisfying(
            ConfigException.class,
            refused ->
                assertThat(refused.problems())
                    .extracting(ConfigProblem::line)
                    .containsExactlyInAnyOrder(4, 6, 7, 8, 9, 10))
        .hasMessageContaining("ctdb.tunables:7");
  }

  @Test
  void theFilesAreAppliedInOrderAndANameOfOldOnlyWarns() throws Exception {
    Files.writeString(
        base.resolve("ctdb.tunables"),
        "MonitorInterval=0x14\nrecovertimeout = 010\nVacuumLimit=1\nEventScriptTimeout=40\n");
    Path more = Files.createDirectory(base.resolve("tunables.d"));
    Files.writeString(more.resolve("10-site.tunables"), "EventScriptTimeout=45\n");
    Files.writeString(more.resolve("ignored.txt"), "EventScriptTimeout=1\n");

    assertThat(tunables.load(paths())).extracting(ConfigProblem::line).containsExactly(3);
    assertThat(tunables.get(Tunable.MONITOR_INTERVAL)).isEqualTo(20);
    assertThat(tunables.get(Tunable.RECOVER_TIMEOUT)).isEqualTo(8);
    assertThat(tunables.get(Tunable.SCRIPT_TIMEOUT)).isEqualTo(45);
  }

  @Test
  void withoutAFileThereIsNothingToTell() throws Exception {
    assertThat(tunables.load(paths())).isEmpty();
  }

  private Paths paths() throws ConfigException {
    return Paths.of(Map.of("CTDB_TEST_MODE", "1", "CTDB_BASE", base.toString()), Optional.empty());
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = TunablesTest.class.getResourceAsStream(name)) {
      return new String(Objects.requireNonNull(in, name).readAllBytes(), US_ASCII);
    }
  }
}
