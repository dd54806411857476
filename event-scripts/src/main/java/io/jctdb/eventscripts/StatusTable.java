package io.jctdb.eventscripts;

import io.jctdb.linux.Errno;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** The lines of {@code ctdb event status} and {@code ctdb scriptstatus} (cli 12.2). */
final class StatusTable {
  /** As C's ctime: "Sat Nov 21 01:44:06 2026", the day padded with a blank. */
  private static final DateTimeFormatter CTIME =
      DateTimeFormatter.ofPattern("EEE MMM ppd HH:mm:ss yyyy", Locale.ROOT);

  private StatusTable() {}

  static String format(EventStatus status, ZoneId zone) {
    StringBuilder out = new StringBuilder();
    for (ScriptResult script : status.scripts()) {
      out.append(line(script, zone)).append('\n');
      switch (script.state()) {
        case OK, DISABLED -> {}
        case ERROR, TIMEDOUT, CANNOT_RUN ->
            out.append("  OUTPUT: ").append(script.output()).append('\n');
      }
    }
    return out.toString();
  }

  private static String line(ScriptResult script, ZoneId zone) {
    String start = CTIME.format(script.begin().atZone(zone));
    return switch (script.state()) {
      case OK, ERROR ->
          "%-20s %-10s %.3f %s"
              .formatted(script.name(), script.state(), script.duration().toNanos() / 1e9, start);
      case TIMEDOUT -> "%-20s %-10s %s".formatted(script.name(), script.state(), start);
      case DISABLED -> "%-20s %-10s".formatted(script.name(), script.state());
      case CANNOT_RUN ->
          "%-20s CANNOT RUN (%s)".formatted(script.name(), Errno.text(-script.summary()));
    };
  }
}
