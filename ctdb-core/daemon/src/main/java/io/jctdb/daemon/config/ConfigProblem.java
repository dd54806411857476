package io.jctdb.daemon.config;

import java.nio.file.Path;
import java.util.Optional;

/**
 * One thing wrong with the configuration, told so that it can be mended without a manual.
 *
 * @param file the file, absent for an environment variable
 * @param line line number from 1, or 0 when the whole file is meant
 * @param key what was being set; may be empty
 * @param value what it was set to; may be empty
 * @param rule what a right value looks like
 * @param remedy what to do about it
 */
public record ConfigProblem(
    Optional<Path> file, int line, String key, String value, String rule, String remedy) {

  static ConfigProblem ofVariable(String name, String value, String rule, String remedy) {
    return new ConfigProblem(Optional.empty(), 0, name, value, rule, remedy);
  }

  static ConfigProblem ofFile(Path file, String rule, String remedy) {
    return new ConfigProblem(Optional.of(file), 0, "", "", rule, remedy);
  }

  static ConfigProblem ofLine(Path file, int line, String text, String rule, String remedy) {
    return new ConfigProblem(Optional.of(file), line, "", text, rule, remedy);
  }

  /** One line: {@code file:line: key = "value": rule (remedy)}. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    text.append(file.map(Path::toString).orElse("environment"));
    if (line > 0) {
      text.append(':').append(line);
    }
    text.append(": ");
    if (!key.isEmpty()) {
      text.append(key).append(" = ");
    }
    if (!key.isEmpty() || !value.isEmpty()) {
      text.append('"').append(value).append("\": ");
    }
    return text.append(rule).append(" (").append(remedy).append(')').toString();
  }
}
