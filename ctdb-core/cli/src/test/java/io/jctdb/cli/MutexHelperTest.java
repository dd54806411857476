package io.jctdb.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The helper as a process of its own, which this one starts as ctdbd does. */
@Timeout(60)
class MutexHelperTest {
  @TempDir private Path directory;
  private final List<Process> started = new ArrayList<>();

  private Path file() {
    return directory.resolve("lock");
  }

  private static List<String> command(String... arguments) {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                MutexHelper.class.getName()));
    command.addAll(List.of(arguments));
    return command;
  }

  private Process start(List<String> command) throws IOException {
    Process process = new ProcessBuilder(command).start();
    started.add(process);
    return process;
  }

  private Process helper(String... arguments) throws IOException {
    return start(command(arguments));
  }

  private Process holder(String... arguments) throws IOException {
    Process helper = helper(arguments);
    assertThat((char) helper.getInputStream().read()).isEqualTo('0');
    return helper;
  }

  @AfterEach
  void end() {
    started.forEach(Process::destroyForcibly);
  }

  private static void ends(Process process) throws Exception {
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.getInputStream().read()).as("no more is said").isEqualTo(-1);
  }

  private static String complaint(Process process) throws IOException {
    return new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  /** Who holds an exclusive POSIX lock of the first byte of the file, as the kernel says. */
  private List<Long> holders() throws IOException {
    String inode = ":" + Files.getAttribute(file(), "unix:ino") + " ";
    return Files.readAllLines(Path.of("/proc/locks")).stream()
        .filter(line -> line.contains(inode) && line.endsWith(" 0 0"))
        .filter(line -> line.contains("POSIX  ADVISORY  WRITE") && !line.contains("->"))
        .map(line -> Long.parseLong(line.replaceFirst(".*WRITE +", "").replaceFirst(" .*", "")))
        .toList();
  }

  @Test
  void oneHoldsItUntilItIsToldToLetGo() throws Exception {
    Process holder = holder(file().toString());
    assertThat(holders()).containsExactly(holder.pid());

    Process other = helper(file().toString());
    assertThat((char) other.getInputStream().read()).isEqualTo('1');
    ends(other);
    assertThat(complaint(other)).isEmpty();
    assertThat(holder.isAlive()).isTrue();

    holder.toHandle().destroy(); // Process.destroy would close its streams, too
    ends(holder);
    assertThat(holders()).isEmpty();
    holder(file().toString());
  }

  @Test
  void aFileThatCannotBeMadeIsAnErrorWithAReason() throws Exception {
    Process helper = helper(directory.resolve("no/lock").toString());
    assertThat((char) helper.getInputStream().read()).isEqualTo('3');
    ends(helper);
    assertThat(complaint(helper)).contains("no/lock: no such file or directory");
  }

  @Test
  void wrongArgumentsAreAnError() throws Exception {
    for (String[] arguments : new String[][] {{}, {"a", "b"}, {"a", "-1"}, {"a", "1", "2", "3"}}) {
      Process helper = helper(arguments);
      assertThat((char) helper.getInputStream().read()).isEqualTo('3');
      ends(helper);
      assertThat(complaint(helper)).contains("usage");
    }
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void aFileThatIsReplacedProtectsNothing() throws Exception {
    Process holder = holder(file().toString(), "1");
    TimeUnit.SECONDS.sleep(2); // it has looked, and has not lost its lock by that
    assertThat(holders()).containsExactly(holder.pid());

    Path another = Files.createFile(directory.resolve("another"));
    Files.move(another, file(), StandardCopyOption.REPLACE_EXISTING);
    ends(holder);
    assertThat(complaint(holder)).contains("it is another file now");
  }

  @Test
  void aFileThatIsRemovedProtectsNothing() throws Exception {
    Process holder = holder(file().toString(), "1", "20");
    Files.delete(file());
    ends(holder);
    assertThat(complaint(holder)).contains("no such file");
  }

  @Test
  void nobodyHoldsItForAParentThatIsGone() throws Exception {
    List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", "\"$@\" & wait", "parent"));
    command.addAll(command(file().toString()));
    Process parent = start(command);
    assertThat((char) parent.getInputStream().read()).isEqualTo('0');
    assertThat(holders()).hasSize(1).doesNotContain(parent.pid());

    parent.toHandle().destroyForcibly();
    assertThat(parent.getInputStream().read()).as("its helper has ended").isEqualTo(-1);
    while (!holders().isEmpty()) {
      TimeUnit.MILLISECONDS.sleep(10);
    }
  }

  @Test
  void nobodyHoldsItWhenNobodyListens() throws Exception {
    Process helper = helper(file().toString());
    helper.getInputStream().close();
    assertThat(helper.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(complaint(helper)).contains("nobody listens");
  }
}
