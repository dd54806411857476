package io.jctdb.cli;

import java.time.Instant;
import java.time.ZoneId;
import java.time.ZonedDateTime;

/** Points in time as C's ctime and the stock tool print them, in local time. */
final class Times {
  private static final String[] DAYS = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  private static final String[] MONTHS = {
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
  };

  private Times() {}

  /** {@code Sat Nov 21 01:29:03 2026}. */
  static String ctime(long epochSeconds) {
    ZonedDateTime time = local(epochSeconds);
    return DAYS[time.getDayOfWeek().getValue() - 1]
        + " "
        + MONTHS[time.getMonthValue() - 1]
        + " "
        + Text.right(Integer.toString(time.getDayOfMonth()), 2)
        + " "
        + clock(time)
        + " "
        + time.getYear();
  }

  /** {@code 2026/11/21 01:31:48}. */
  static String slashed(long epochSeconds) {
    ZonedDateTime time = local(epochSeconds);
    return time.getYear()
        + "/"
        + Text.zeros(time.getMonthValue(), 2)
        + "/"
        + Text.zeros(time.getDayOfMonth(), 2)
        + " "
        + clock(time);
  }

  /** {@code (000 00:05:14)}: days, hours, minutes, seconds. */
  static String elapsed(long seconds) {
    return "("
        + Text.zeros(seconds / 86400, 3)
        + " "
        + Text.zeros(seconds / 3600 % 24, 2)
        + ":"
        + Text.zeros(seconds / 60 % 60, 2)
        + ":"
        + Text.zeros(seconds % 60, 2)
        + ")";
  }

  private static String clock(ZonedDateTime time) {
    return Text.zeros(time.getHour(), 2)
        + ":"
        + Text.zeros(time.getMinute(), 2)
        + ":"
        + Text.zeros(time.getSecond(), 2);
  }

  private static ZonedDateTime local(long epochSeconds) {
    return Instant.ofEpochSecond(epochSeconds).atZone(ZoneId.systemDefault());
  }
}
