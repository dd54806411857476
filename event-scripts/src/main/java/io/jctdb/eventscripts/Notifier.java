package io.jctdb.eventscripts;

import io.jctdb.linux.ChildExit;
import io.jctdb.linux.ChildProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Tells the administrator's notification scripts what happened, through {@code <etc>/notify.sh}
 * (events-and-config 1.12). A failure is logged and changes nothing else.
 */
public final class Notifier {
  private static final Logger LOG = LoggerFactory.getLogger("ctdbd");
  private static final int SIGKILL = 9;

  /** ctdbd has no limit; a mail that cannot be sent for so long will not be sent. */
  private static final Duration LIMIT = Duration.ofMinutes(5);

  /** What is told. */
  public enum Notification {
    INIT,
    SETUP,
    STARTUP,
    HEALTHY,
    UNHEALTHY;

    /** The word that scripts get. */
    String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final ScriptEnvironment environment;
  private final Level outputLevel;

  /**
   * A notifier.
   *
   * @param outputLevel {@code [legacy] script log level}, at which the scripts' output is logged
   */
  public Notifier(ScriptEnvironment environment, Level outputLevel) {
    this.environment = environment;
    this.outputLevel = outputLevel;
  }

  /** Starts the scripts and returns at once. */
  public void send(Notification notification) {
    String word = notification.word();
    Thread.ofPlatform().daemon().name("notify-" + word).start(() -> run(word));
  }

  private void run(String word) {
    Path script = environment.etcDir().resolve("notify.sh");
    try (ChildProcess child =
        ChildProcess.start(script, "notify.sh", List.of(word), environment.variables())) {
      Optional<ChildExit> exit = child.await(LIMIT);
      ScriptLog.lines(LOG, outputLevel, "", ScriptLog.text(child.output()));
      if (exit.isEmpty()) {
        child.signalGroup(SIGKILL);
        LOG.error("notification {} killed after {} s", word, LIMIT.toSeconds());
      } else if (!exit.get().equals(new ChildExit.Exited(0))) {
        LOG.error("notification {} failed: {}", word, exit.get());
      }
    } catch (IOException e) {
      LOG.error("notification {} not sent: {}", word, e.getMessage());
    }
  }
}
