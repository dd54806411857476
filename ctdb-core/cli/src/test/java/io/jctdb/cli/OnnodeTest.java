package io.jctdb.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Our {@code onnode} behaves as the stock script did, on three nodes behind a pretended ssh. */
final class OnnodeTest {
  private static final Path SCRIPT = Path.of("../../conf/src/main/bin/onnode");

  @TempDir Path home;

  static List<Transcript> transcripts() throws IOException {
    List<Transcript> transcripts = new ArrayList<>();
    for (Transcript transcript : Transcript.all()) {
      // Which node answers "any" first is nobody's promise.
      if (transcript.name().startsWith("onnode-") && !transcript.name().equals("onnode-any")) {
        transcripts.add(transcript);
      }
    }
    return transcripts;
  }

  @BeforeEach
  void threeNodes() throws IOException {
    Files.createDirectories(home.resolve("bin"));
    Files.createDirectories(home.resolve("etc"));
    program("bin/onnode", Files.readString(SCRIPT));
    Files.writeString(home.resolve("etc/nodes"), "192.0.2.11\n192.0.2.12\n192.0.2.13\n");
    Files.writeString(home.resolve("nodesd"), "192.0.2.11\n#192.0.2.12\n192.0.2.13\n");
    program(
        "bin/ctdb",
        """
        #!/bin/sh
        cat <<END
        |Node|IP|Disconnected|Unknown|Banned|Disabled|Unhealthy|Stopped|Inactive|PartiallyOnline|ThisNode|
        |0|192.0.2.11|0|0|0|0|0|0|0|0|Y|
        |1|192.0.2.12|0|0|0|${N1_DISABLED:-0}|0|0|0|0|N|
        |2|192.0.2.13|0|0|0|0|0|0|0|0|N|
        END
        """);
    program(
        "ssh",
        """
        #!/bin/sh
        [ "$1" != -n ] || { shift; exec </dev/null; }
        ONN=$1; export ONN; shift
        if [ "$ONN" = "$DOWN" ]; then
          echo "ssh: connect to host $ONN port 22: No route to host" >&2
          exit 255
        fi
        [ "$*" != "ctdb pnn" ] || exit 0
        exec sh -c "$*"
        """);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("transcripts")
  void behavesAsTheStockScript(Transcript transcript) throws Exception {
    String command =
        transcript
            .command()
            .replaceFirst("onnode", home.resolve("bin/onnode").toString())
            .replace("/root/nodesd", home.resolve("nodesd").toString());
    Path out = home.resolve("out");
    Path err = home.resolve("err");
    ProcessBuilder shell = new ProcessBuilder("sh", "-c", command);
    shell.directory(home.toFile()).redirectOutput(out.toFile()).redirectError(err.toFile());
    Map<String, String> environment = shell.environment();
    environment.put("CTDB_BASE", home.resolve("etc").toString());
    environment.put("ONNODE_SSH", home.resolve("ssh").toString());
    environment.put("N1_DISABLED", transcript.name().contains("n1disabled") ? "1" : "0");
    environment.put("DOWN", transcript.name().contains("n2down") ? "192.0.2.13" : "");
    Process process = shell.start();
    try (var stdin = process.getOutputStream()) {
      stdin.write(transcript.stdin());
    }
    int exit = process.waitFor();
    String expected = new String(transcript.stdout(), StandardCharsets.UTF_8);
    String printed = Files.readString(out).replace(home.toString(), "/root");
    String complaint = new String(transcript.stderr(), StandardCharsets.UTF_8);
    boolean parallel = command.contains(" -p");
    assertThat(parallel ? sorted(printed) : printed)
        .as("stdout, besides: %s", Files.readString(err))
        .isEqualTo(parallel ? sorted(expected) : expected);
    if (complaint.contains("<text>")) {
      assertThat(Files.readString(err))
          .contains("Usage: onnode [OPTION] ... <NODES> <COMMAND> ...");
    } else {
      assertThat(Files.readString(err)).isEqualTo(complaint);
    }
    assertThat(exit).isEqualTo(transcript.exit());
  }

  private static String sorted(String lines) {
    String[] each = lines.split("\n", -1);
    Arrays.sort(each);
    return String.join("\n", each);
  }

  private void program(String name, String text) throws IOException {
    Path file = home.resolve(name);
    Files.writeString(file, text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }
}
