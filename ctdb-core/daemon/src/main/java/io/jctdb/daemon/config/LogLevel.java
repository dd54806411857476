package io.jctdb.daemon.config;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** Levels of the log, as the field writes and numbers them (events-and-config 4.11). */
public enum LogLevel {
  ERROR(0),
  WARNING(1),
  NOTICE(3),
  INFO(5),
  DEBUG(10);

  private final int number;

  LogLevel(int number) {
    this.number = number;
  }

  /** The number of this level in {@code ctdb getdebug} and on the wire. */
  public int number() {
    return number;
  }

  /** A number 0..10, or any prefix of a name in any case; the first that matches, in order. */
  public static Optional<LogLevel> parse(String text) {
    if (text.isEmpty()) {
      return Optional.empty();
    }
    if (text.chars().allMatch(c -> c >= '0' && c <= '9')) {
      return text.length() <= 2 ? ofNumber(Integer.parseInt(text)) : Optional.empty();
    }
    String upper = text.toUpperCase(Locale.ROOT);
    return Arrays.stream(values()).filter(level -> level.name().startsWith(upper)).findFirst();
  }

  /** The level of a number 0..10: the numbers between two levels belong to the lower name. */
  public static Optional<LogLevel> ofNumber(int number) {
    return switch (number) {
      case 0 -> Optional.of(ERROR);
      case 1, 2 -> Optional.of(WARNING);
      case 3, 4 -> Optional.of(NOTICE);
      case 5, 6, 7, 8, 9 -> Optional.of(INFO);
      case 10 -> Optional.of(DEBUG);
      default -> Optional.empty();
    };
  }
}
