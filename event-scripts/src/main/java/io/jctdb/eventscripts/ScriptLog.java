package io.jctdb.eventscripts;

import java.nio.charset.StandardCharsets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** Script output in the daemon's log: one line for each that is not empty, under a prefix. */
final class ScriptLog {
  /** The name under which ctdbd's event daemon logs, which people search for. */
  static final Logger EVENTD = LoggerFactory.getLogger("ctdb-eventd");

  private ScriptLog() {}

  static void lines(Logger logger, Level level, String prefix, String output) {
    output
        .lines()
        .filter(line -> !line.isBlank())
        .forEach(line -> logger.atLevel(level).log("{}{}", prefix, line));
  }

  static String text(byte[] output) {
    return new String(output, StandardCharsets.UTF_8);
  }
}
