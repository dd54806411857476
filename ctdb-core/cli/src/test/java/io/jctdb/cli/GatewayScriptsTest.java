package io.jctdb.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The programs behind {@code ctdb natgw} and {@code ctdb lvs}, as recorded from the stock ones. */
final class GatewayScriptsTest {
  private static final Path SCRIPTS = Path.of("../../conf/src/main/libexec");

  @TempDir Path home;
  private int exit;

  @BeforeEach
  void installed() throws IOException {
    Files.createDirectories(home.resolve("libexec/ctdb"));
    Files.createDirectories(home.resolve("bin"));
    for (String script : new String[] {"ctdb_natgw", "ctdb_lvs"}) {
      program("libexec/ctdb/" + script, Files.readString(SCRIPTS.resolve(script)));
    }
    nodes("0|0|0|0|0|0|0", "0|0|0|0|0|0|0", "0|0|0|0|0|0|0");
  }

  /** Flags of each node: disconnected, unknown, banned, disabled, unhealthy, stopped, inactive. */
  private void nodes(String... flags) throws IOException {
    StringBuilder table = new StringBuilder();
    StringBuilder rows = new StringBuilder("Number of nodes:3\n");
    for (int i = 0; i < flags.length; i++) {
      String address = "192.0.2." + (11 + i);
      table.append("|" + i + "|" + address + "|" + flags[i] + "|0|" + (i == 0 ? "Y" : "N") + "|\n");
      rows.append("pnn:" + i + " " + address + "       OK\n");
    }
    program(
        "bin/ctdb",
        "#!/bin/sh\nif [ \"$1\" = -X ]; then cat <<END\n"
            + "|Node|IP|Disconnected|Unknown|Banned|Disabled|Unhealthy|Stopped|Inactive"
            + "|PartiallyOnline|ThisNode|\n"
            + table
            + "END\nelse cat <<END\n"
            + rows
            + "END\nfi\n");
  }

  @Test
  void theLowestHealthyMemberIsTheGateway() throws Exception {
    members("natgw_nodes", "192.0.2.11\n192.0.2.12\n");
    assertThat(run("ctdb_natgw", "leader")).isEqualTo("0 192.0.2.11\n");
    assertThat(run("ctdb_natgw", "list")).isEqualTo("192.0.2.11\tLEADER\n192.0.2.12\n");
    assertThat(run("ctdb_natgw", "status"))
        .isEqualTo("pnn:0 192.0.2.11       OK\npnn:1 192.0.2.12       OK\n");
  }

  @Test
  void aFollowerIsNeverTheGateway() throws Exception {
    members("natgw_nodes", "192.0.2.11\tfollower-only\n192.0.2.12\n");
    assertThat(run("ctdb_natgw", "leader")).isEqualTo("1 192.0.2.12\n");
    assertThat(run("ctdb_natgw", "list"))
        .isEqualTo("192.0.2.11\tfollower-only\n192.0.2.12\tLEADER\n");
  }

  @Test
  void anUnhealthyMemberIsBetterThanNoneAndADisabledOneIsNot() throws Exception {
    members("natgw_nodes", "192.0.2.11\n192.0.2.12\n");
    nodes("0|0|0|0|1|0|0", "0|0|0|1|0|0|0", "0|0|0|0|0|0|0");
    assertThat(run("ctdb_natgw", "leader")).isEqualTo("0 192.0.2.11\n");
    members("natgw_nodes", "192.0.2.12\n");
    assertThat(run("ctdb_natgw", "leader")).isEmpty();
    assertThat(exit).isEqualTo(2);
  }

  @Test
  void whatIsWrongWithTheFileIsSaid() throws Exception {
    assertThat(run("ctdb_natgw", "leader"))
        .isEqualTo("ctdb_natgw: NAT gateway nodes file \"" + home + "/natgw_nodes\" not found\n");
    assertThat(exit).isEqualTo(1);
    members("natgw_nodes", "192.0.2.11 bogus\n");
    assertThat(run("ctdb_natgw", "leader"))
        .isEqualTo("ctdb_natgw: Invalid options \"bogus\" in  \"" + home + "/natgw_nodes\"\n");
    assertThat(exit).isEqualTo(1);
    members("lvs_nodes", "192.0.2.11 bogus\n");
    assertThat(run("ctdb_lvs", "list"))
        .isEqualTo("ctdb_lvs: Invalid options \"bogus\" in  \"" + home + "/lvs_nodes\"\n");
    assertThat(exit).isEqualTo(1);
  }

  @Test
  void theLoadIsSharedByTheHealthyAndLedByOneThatMay() throws Exception {
    members("lvs_nodes", "192.0.2.11 follower-only\n192.0.2.12\n192.0.2.13\n");
    assertThat(run("ctdb_lvs", "leader")).isEqualTo("1\n");
    assertThat(run("ctdb_lvs", "list")).isEqualTo("0 192.0.2.11\n1 192.0.2.12\n2 192.0.2.13\n");
    nodes("0|0|0|0|0|0|0", "0|0|0|1|0|0|0", "0|0|0|1|0|0|0");
    assertThat(run("ctdb_lvs", "list")).isEqualTo("0 192.0.2.11\n");
    assertThat(run("ctdb_lvs", "leader")).isEmpty();
    assertThat(exit).isEqualTo(255);
  }

  private void members(String file, String content) throws IOException {
    Files.writeString(home.resolve(file), content);
  }

  private String run(String script, String option) throws Exception {
    Path out = home.resolve("out");
    ProcessBuilder process =
        new ProcessBuilder(home.resolve("libexec/ctdb/" + script).toString(), option);
    process.redirectErrorStream(true).redirectOutput(out.toFile());
    process.environment().put("CTDB_BASE", home.toString());
    exit = process.start().waitFor();
    return Files.readString(out);
  }

  private void program(String name, String text) throws IOException {
    Path file = home.resolve(name);
    Files.writeString(file, text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }
}
