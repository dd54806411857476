package io.jctdb.daemon.logging;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.jctdb.daemon.config.LogLocation;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Writes to {@code /dev/log} through the system's own {@code logger} program, because Java has no
 * Unix datagram sockets. One logger for each priority, started when first needed and kept; one that
 * has died is started again with the next line.
 */
final class DevLogAppender extends AppenderBase<ILoggingEvent> {
  private static final int PRIORITIES = 5;

  private final String program;
  private final int maxBytes;
  private final @Nullable Process[] loggers = new Process[PRIORITIES];

  DevLogAppender(String program, LogLocation.SyslogKind kind) {
    this.program = program;
    this.maxBytes = kind == LogLocation.SyslogKind.NONBLOCKING ? 1024 : 8192;
  }

  @Override
  protected void append(ILoggingEvent event) {
    int priority = priority(event.getLevel());
    byte[] bytes = LogText.inShort(event).getBytes(StandardCharsets.UTF_8);
    try {
      OutputStream out = logger(priority).getOutputStream();
      out.write(bytes, 0, Math.min(bytes.length, maxBytes));
      out.write('\n');
      out.flush();
    } catch (IOException e) {
      addError("cannot write to the system log", e);
    }
  }

  private static int priority(Level level) {
    return switch (level.toInt()) {
      case Level.ERROR_INT -> 0;
      case Level.WARN_INT -> 1;
      case Level.INFO_INT -> 2;
      case Level.DEBUG_INT -> 3;
      default -> 4;
    };
  }

  private Process logger(int priority) throws IOException {
    Process running = loggers[priority];
    if (running == null || !running.isAlive()) {
      String[] names = {"err", "warning", "notice", "info", "debug"};
      running =
          new ProcessBuilder(
                  "logger",
                  "--tag",
                  program,
                  "--id=" + ProcessHandle.current().pid(),
                  "--priority",
                  "daemon." + names[priority])
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      loggers[priority] = running;
    }
    return running;
  }

  @Override
  public void stop() {
    for (Process running : loggers) {
      if (running != null) {
        running.destroy();
      }
    }
    super.stop();
  }
}
