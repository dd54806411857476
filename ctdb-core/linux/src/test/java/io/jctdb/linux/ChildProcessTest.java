package io.jctdb.linux;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChildProcessTest {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final Map<String, String> ENVIRONMENT = Map.of("PATH", "/usr/bin:/bin");

  @TempDir private Path dir;

  @Test
  void bothOutputsAreCollectedInOrderAndTheStatusIsTold() throws Exception {
    try (ChildProcess child =
        start("echo one; echo two >&2; echo \"$0 $1 $2 [$GREETING]\"; exit 7", "a", "b c")) {
      assertThat(child.await(LONG)).contains(new ChildExit.Exited(7));
      assertThat(new String(child.output(), UTF_8))
          .isEqualTo("one\ntwo\n" + dir.resolve("script") + " a b c [hello]\n");
    }
  }

  @Test
  void aLoudChildIsReadToTheEnd() throws Exception {
    try (ChildProcess child = start("seq 1 60000")) {
      assertThat(child.await(LONG)).contains(new ChildExit.Exited(0));
      assertThat(new String(child.output(), UTF_8)).endsWith("\n60000\n").hasSize(348894);
    }
  }

  @Test
  void aGrandchildThatKeepsThePipeOpenDelaysNothing() throws Exception {
    try (ChildProcess child = start("sleep 60 & echo $!")) {
      assertThat(child.await(LONG)).contains(new ChildExit.Exited(0));
      long grandchild = Long.parseLong(new String(child.output(), UTF_8).strip());
      assertThat(ProcessHandle.of(grandchild).orElseThrow().destroyForcibly()).isTrue();
    }
  }

  @Test
  void theWholeProcessGroupCanBeKilled() throws Exception {
    try (ChildProcess child = start("sleep 60 & echo started; wait")) {
      while (child.output().length == 0) {
        assertThat(child.await(Duration.ofMillis(20))).isEmpty();
      }
      child.signalGroup(9);
      assertThat(child.await(LONG)).contains(new ChildExit.Signalled(9));
    }
  }

  @Test
  void theChildHasAGroupOfItsOwnIgnoresSigpipeAndInheritsNothingElse() throws Exception {
    try (ChildProcess child =
        start(
            """
            cut -d' ' -f5 /proc/self/stat
            trap 'echo never trapped' PIPE; kill -PIPE $$; echo survived
            grep SigBlk /proc/self/status
            ls /proc/self/fd | wc -l
            cut -d' ' -f41 /proc/self/stat
            readlink /proc/$$/fd/0
            """)) {
      assertThat(child.await(LONG)).contains(new ChildExit.Exited(0));
      assertThat(new String(child.output(), UTF_8).lines())
          .containsExactly(
              Integer.toString(child.pid()),
              "survived",
              "SigBlk:\t0000000000000000",
              "4", // 0, 1, 2, and the directory that ls reads
              "0", // SCHED_OTHER
              "/dev/null");
    }
  }

  @Test
  void theKernelsOwnErrorTellsWhyAFileCannotRun() throws Exception {
    Path text = executable("no-interpreter-line", "echo hello\n");
    Path orphan = executable("no-interpreter", "#!/no/such/interpreter\n");
    Path folder = Files.createDirectory(dir.resolve("folder"));
    Path plain = Files.writeString(dir.resolve("plain"), "#!/bin/sh\n");

    assertThat(errnoOf(text)).isEqualTo(8);
    assertThat(errnoOf(orphan)).isEqualTo(Errno.ENOENT);
    assertThat(errnoOf(folder)).isEqualTo(Errno.EACCES);
    assertThat(errnoOf(plain)).isEqualTo(Errno.EACCES);
    assertThat(errnoOf(dir.resolve("missing"))).isEqualTo(Errno.ENOENT);
  }

  private int errnoOf(Path program) {
    return catchThrowableOfType(
            SpawnException.class,
            () -> ChildProcess.start(program, "x", List.of(), ENVIRONMENT).close())
        .errno();
  }

  private ChildProcess start(String script, String... arguments) throws IOException {
    return ChildProcess.start(
        executable("script", "#!/bin/sh\n" + script + "\n"),
        "script",
        List.of(arguments),
        Map.of("PATH", "/usr/bin:/bin", "GREETING", "hello"));
  }

  private Path executable(String name, String text) throws IOException {
    Path file = Files.writeString(dir.resolve(name), text);
    assertThat(file.toFile().setExecutable(true)).isTrue();
    return file;
  }
}
