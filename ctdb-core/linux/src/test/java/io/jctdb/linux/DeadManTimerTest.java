package io.jctdb.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
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

  private static Process start(String what) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-XX:TieredStopAtLevel=1",
            "-Xshare:auto",
            "-cp",
            System.getProperty("java.class.path"),
            Child.class.getName(),
            what)
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
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
