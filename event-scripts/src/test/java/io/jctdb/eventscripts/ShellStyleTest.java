package io.jctdb.eventscripts;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Every shell file is plain POSIX sh, parses, and is executable when it is a program. */
class ShellStyleTest {

  @Test
  void everyShellFileParses() throws Exception {
    for (Path file : shellFiles()) {
      assertThat(run(List.of("sh", "-n", file.toString()))).as(file.toString()).isEmpty();
    }
  }

  @Test
  void everyProgramIsExecutableAndTheLibraryIsNot() throws Exception {
    for (Path file : shellFiles()) {
      assertThat(Files.isExecutable(file))
          .as(file.toString())
          .isEqualTo(!file.endsWith("functions"));
    }
  }

  /** Each file by itself: to follow the library from each of them takes a minute. */
  @Test
  void shellcheckFindsNothing() throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/shellcheck")), "shellcheck is not installed");
    List<String> command =
        new ArrayList<>(List.of("shellcheck", "-s", "sh", "-e", "SC1091,SC2119,SC2154,SC2317"));
    shellFiles().forEach(file -> command.add(file.toString()));
    assertThat(run(command)).isEmpty();
  }

  private static List<Path> shellFiles() throws IOException {
    try (Stream<Path> files = Files.walk(ScriptLab.SHARE)) {
      return files
          .filter(Files::isRegularFile)
          .filter(file -> !file.endsWith("README") && !file.toString().endsWith(".check"))
          .sorted()
          .toList();
    }
  }

  private static String run(List<String> command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }
}
