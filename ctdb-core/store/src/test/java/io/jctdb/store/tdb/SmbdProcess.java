package io.jctdb.store.tdb;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.jspecify.annotations.NullUnmarked;

/** A running {@link SmbdLike}. */
@NullUnmarked
final class SmbdProcess implements AutoCloseable {
  private final Process process;
  private final BufferedReader replies;

  private SmbdProcess(Process process) {
    this.process = process;
    this.replies = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
  }

  static SmbdProcess start() {
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
    try {
      process.getOutputStream().write((command + "\n").getBytes(UTF_8));
      process.getOutputStream().flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The next line it prints, null once it has died. */
  String reply() {
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

  /** kill -9, and waits until it is gone. What it has printed can still be read. */
  void kill() {
    process.toHandle().destroyForcibly();
    try {
      process.waitFor();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void close() {
    kill();
    process.destroyForcibly(); // closes the pipes
  }
}
