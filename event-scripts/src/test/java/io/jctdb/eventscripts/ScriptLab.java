package io.jctdb.eventscripts;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Our scripts in a configuration directory of their own, with stand-ins for the programs that would
 * change this host. Every stand-in writes how it was called into {@link #calls}.
 */
final class ScriptLab {
  static final Path SHARE = Path.of("src/main/share").toAbsolutePath();

  final Path base;
  private final Path bin;
  private final ProcessBuilder template = new ProcessBuilder();

  ScriptLab(Path base) throws IOException {
    this.base = base;
    this.bin = Files.createDirectory(base.resolve("bin"));
    copyTree(SHARE, base);
    Map<String, String> environment = template.environment();
    environment.clear();
    environment.put("PATH", bin + ":/usr/sbin:/usr/bin:/sbin:/bin");
    environment.put("CTDB_BASE", base.toString());
    environment.put("CTDB_TEST_MODE", "yes");
    environment.put("SYSFS_PATH", base.resolve("sys").toString());
    environment.put("CTDB_HELPER_BINDIR", bin.toString());
    environment.put("CTDB_LOGGING", "file:" + base.resolve("log"));
    template.redirectErrorStream(true);
    Files.createDirectories(base.resolve("var/scripts"));
    standIn("ctdb", "");
    standIn("iptables", "");
    standIn("ip6tables", "");
    file(
        "rc.local",
        "_service() { echo \"${_nice:+nice }service $*\" >> " + base + "/calls; }\n",
        true);
  }

  /** What a script said, and how it ended. */
  record Outcome(int status, String output) {}

  /** A program that records its arguments and then does what the shell text says. */
  ScriptLab standIn(String program, String body) throws IOException {
    String text =
        "#!/bin/sh\necho \"%s${*:+ $*}\" >> %s/calls\n%s\n".formatted(program, base, body);
    ScriptHouse.executable(bin.resolve(program), text);
    return this;
  }

  /** A ctdb-config that shows these lines, as its dump does: a tab before each option. */
  ScriptLab configuration(String... lines) throws IOException {
    Files.write(base.resolve("dump"), List.of(lines));
    return standIn("ctdb-config", "[ \"$*\" = dump ] && cat " + base + "/dump");
  }

  /** Database directories below {@code db}. */
  ScriptLab databaseDirectories() throws IOException {
    for (String kind : List.of("volatile", "persistent", "state")) {
      Files.createDirectories(base.resolve("db").resolve(kind));
    }
    return configuration(
        "[logging]",
        "\t# log level = NOTICE",
        "[database]",
        "\tvolatile database directory = " + base + "/db/volatile",
        "\t# persistent database directory = " + base + "/db/persistent",
        "\tstate database directory = " + base + "/db/state");
  }

  ScriptLab file(String name, String text) throws IOException {
    return file(name, text, false);
  }

  private ScriptLab file(String name, String text, boolean executable) throws IOException {
    Path file = base.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
    if (executable) {
      ScriptHouse.executable(file, text);
    }
    return this;
  }

  ScriptLab variable(String name, String value) {
    template.environment().put(name, value);
    return this;
  }

  /** Runs a legacy event script. */
  Outcome event(String script, String... arguments) throws IOException, InterruptedException {
    return run(base.resolve("events/legacy/" + script + ".script").toString(), List.of(arguments));
  }

  /** Runs shell text that has sourced the library. */
  Outcome functions(String text) throws IOException, InterruptedException {
    return run("/bin/sh", List.of("-c", ". \"$CTDB_BASE/functions\"\n" + text, "test.script"));
  }

  Outcome run(String program, List<String> arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(arguments);
    command.addFirst(program);
    Process process = template.command(command).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    return new Outcome(process.waitFor(), output);
  }

  /** How the stand-ins were called since the last time somebody asked. */
  List<String> calls() throws IOException {
    Path log = base.resolve("calls");
    if (!Files.exists(log)) {
      return List.of();
    }
    List<String> lines = Files.readAllLines(log);
    Files.delete(log);
    return lines;
  }

  private static void copyTree(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      files.forEach(
          file -> {
            try {
              Path target = to.resolve(from.relativize(file).toString());
              if (Files.isDirectory(file)) {
                Files.createDirectories(target);
              } else {
                Files.copy(file, target, StandardCopyOption.COPY_ATTRIBUTES);
              }
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    }
  }
}
