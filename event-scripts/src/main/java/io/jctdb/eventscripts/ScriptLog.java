package io.jctdb.eventscripts;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** Script output in the daemon's log: one line for each that is not empty, under a prefix. */
final class ScriptLog {
  /** The name under which ctdbd's event daemon logs, which people search for. */
  static final Logger EVENTD = LoggerFactory.getLogger("ctdb-eventd");

  /** What a script says beyond this is not logged; its status has it. */
  static final int LINES_MAX = 1000;

  private ScriptLog() {}

  /** A flood is cut off, because a log that is full of it serves nobody. */
  static void lines(Logger logger, Level level, String prefix, String output) {
    List<String> lines = output.lines().filter(line -> !line.isBlank()).toList();
    lines.stream()
        .limit(LINES_MAX)
        .forEach(line -> logger.atLevel(level).log("{}{}", prefix, line));
    if (lines.size() > LINES_MAX) {
      logger.atLevel(level).log("{}{} more lines are not logged", prefix, lines.size() - LINES_MAX);
    }
  }

  static String text(byte[] output) {
    return new String(output, StandardCharsets.UTF_8);
  }
}
