package io.jctdb.daemon.logging;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.LayoutBase;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;

/**
 * Lines of a log file as ctdbd writes them: time, host, program and process (events-and-config.md
 * 4.11).
 */
final class LogLayout extends LayoutBase<ILoggingEvent> {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSSSSxxx")
          .withZone(ZoneId.systemDefault());

  private final String who;

  /**
   * @param who comes between the time and the text
   */
  LogLayout(String who) {
    this.who = who;
  }

  @Override
  public String doLayout(ILoggingEvent event) {
    return TIME.format(event.getInstant()) + " " + who + ": " + LogText.inFull(event);
  }
}
