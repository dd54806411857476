package io.jctdb.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Child processes that set themselves a deadline. */
class DeadManTimerTest {
  private static final int KILLED = 128 + 9;

  /** The child: its argument says what it does. */
  static final class Child {
    private Child() {}

    public static void main(String[] args) throws InterruptedException {
      try (DeadManTimer timer = DeadManTimer.create()) {
        switch (args[0]) {
          case "hang" -> {
            timer.setDeadline(BootClock.nanos() + 300_000_000L);
            System.out.println("armed");
            Thread.sleep(60_000);
          }
          case "renew" -> {
            for (int i = 0; i < 6; i++) {
              timer.setDeadline(BootClock.nanos() + 2_000_000_000L);
              Thread.sleep(20);
            }
            timer.disarm();
          }
          case "past" -> {
            timer.setDeadline(BootClock.nanos() - 1);
            Thread.sleep(60_000);
          }
          default -> throw new IllegalArgumentException(args[0]);
        }
      }
    }
  }

  private static ProcessBuilder child(String what, String... prefix) {
    List<String> command = new ArrayList<>(List.of(prefix));
    command.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-XX:TieredStopAtLevel=1",
            "-Xshare:auto",
            "-cp",
            System.getProperty("java.class.path"),
            Child.class.getName(),
            what));
    return new ProcessBuilder(command);
  }

  private static Process start(String what) throws IOException {
    return child(what).redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }

  @Test
  void aProcessThatHangsIsKilled() throws IOException, InterruptedException {
    assertThat(start("hang").waitFor()).isEqualTo(KILLED);
  }

  @Test
  void evenOneThatIsStopped() throws IOException, InterruptedException {
    Process child = start("hang");
    assertThat(child.inputReader().readLine()).isEqualTo("armed");
    assertThat(new ProcessBuilder("kill", "-STOP", "" + child.pid()).start().waitFor()).isZero();
    assertThat(child.waitFor()).isEqualTo(KILLED);
  }

  @Test
  void aDeadlineInThePastIsNow() throws IOException, InterruptedException {
    assertThat(start("past").waitFor()).isEqualTo(KILLED);
  }

  @Test
  void aProcessThatRenewsLives() throws IOException, InterruptedException {
    assertThat(start("renew").waitFor()).isZero();
  }

  /** The kernel does not kill it from inside, so it would be protected by nothing. */
  @Test
  void processOneOfAContainerIsRefused() throws IOException, InterruptedException {
    assumeTrue("root".equals(System.getProperty("user.name")), "only root makes PID namespaces");
    Process child =
        child("hang", "unshare", "--pid", "--fork", "--mount-proc")
            .redirectErrorStream(true)
            .start();
    String said = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(said).contains("process 1", "under an init");
    assertThat(child.waitFor()).isEqualTo(1);
  }

  @Test
  void theBootClockGoesForward() {
    long before = BootClock.nanos();
    assertThat(BootClock.nanos()).isGreaterThanOrEqualTo(before);
  }

  @Test
  void processesAreFoundOrNot() throws IOException, InterruptedException {
    assertThat(ProcessProbe.exists((int) ProcessHandle.current().pid())).isTrue();
    assertThat(ProcessProbe.exists(1)).isTrue();
    Process gone = new ProcessBuilder("true").start();
    gone.waitFor();
    assertThat(ProcessProbe.exists((int) gone.pid())).isFalse();
    assertThat(ProcessProbe.exists(0)).isFalse();
    assertThat(ProcessProbe.exists(-1)).isFalse();
  }
}
