package io.jctdb.store.tdb;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.NullUnmarked;

/** A running {@link SmbdLike}. */
@NullUnmarked
final class SmbdProcess implements AutoCloseable {
  /** Processes that did nothing worse than open and close a file, for the next test to use. */
  private static final Queue<SmbdProcess> IDLE = new ConcurrentLinkedQueue<>();

  private final Process process;
  private final BufferedReader replies;
  private int awaited;

  private SmbdProcess(Process process) {
    this.process = process;
    this.replies = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
  }

  static SmbdProcess start() {
    SmbdProcess idle = IDLE.poll();
    return idle != null ? idle : startNew();
  }

  private static SmbdProcess startNew() {
    try {
      return new SmbdProcess(
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "--enable-native-access=ALL-UNNAMED",
                  "-XX:+UseSerialGC",
                  "-XX:TieredStopAtLevel=1",
                  "-Xshare:auto",
                  "-Xmx64m",
                  "-cp",
                  System.getProperty("java.class.path"),
                  SmbdLike.class.getName())
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A process that has opened {@code file} as smbd does: with the daemon's flags. */
  static SmbdProcess opening(Path file, int flags) {
    SmbdProcess process = start();
    process.does("open " + file + " " + flags);
    return process;
  }

  /** Sends a command without waiting for its reply. */
  void begins(String command) {
    awaited++;
    try {
      process.getOutputStream().write((command + "\n").getBytes(UTF_8));
      process.getOutputStream().flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The next line it prints, null once it has died. */
  String reply() {
    awaited--;
    try {
      return replies.readLine();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String ask(String command) {
    begins(command);
    return reply();
  }

  void does(String command) {
    assertThat(ask(command)).as(command).isEqualTo("ok");
  }

  long pid() {
    return process.pid();
  }

  /** kill -9, and waits until it is gone. What it has printed can still be read. */
  void kill() {
    process.toHandle().destroyForcibly();
    try {
      process.waitFor();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** To be used only when it has answered everything and holds no lock. */
  private void recycle() {
    does("close");
    IDLE.add(this);
  }

  @Override
  public void close() {
    if (process.isAlive() && awaited == 0) {
      recycle();
    } else {
      kill();
      process.destroyForcibly(); // closes the pipes
    }
  }
}
