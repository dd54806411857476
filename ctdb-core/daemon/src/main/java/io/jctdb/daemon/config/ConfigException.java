package io.jctdb.daemon.config;

import java.util.List;
import java.util.stream.Collectors;

/** The configuration cannot be used; all problems found in one reading are told at once. */
public final class ConfigException extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient List<ConfigProblem> problems;

  ConfigException(ConfigProblem problem) {
    this(List.of(problem));
  }

  ConfigException(List<ConfigProblem> problems) {
    super(problems.stream().map(ConfigProblem::toString).collect(Collectors.joining("\n")));
    this.problems = List.copyOf(problems);
  }

  /** Everything that was wrong, in the order of the file. */
  public List<ConfigProblem> problems() {
    return problems;
  }
}
