package io.jctdb.eventscripts;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** A configuration directory with scripts in it, for tests. */
final class ScriptHouse {
  final Path etc;
  final Path legacy;

  ScriptHouse(Path etc) throws IOException {
    this.etc = etc;
    this.legacy = Files.createDirectories(etc.resolve("events/legacy"));
  }

  Path script(String fileName, String body) throws IOException {
    return executable(legacy.resolve(fileName), "#!/bin/sh\n" + body + "\n");
  }

  static Path executable(Path file, String text) throws IOException {
    Files.writeString(file, text);
    assertThat(file.toFile().setExecutable(true)).isTrue();
    return file;
  }

  ScriptEnvironment environment() {
    return ScriptEnvironment.of(
        Map.of("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
        etc,
        "syslog",
        "NOTICE",
        false,
        Optional.empty());
  }

  EventRunner runner() {
    return new EventRunner(environment(), Optional.empty());
  }
}
