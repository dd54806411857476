package io.jctdb.daemon.catalog;

import java.nio.file.Path;
import java.util.List;

/**
 * How this node's copies of persistent and replicated databases are.
 *
 * @param problems what is wrong with copies, a line each
 * @param setAside damaged copies that were set aside and are still there
 */
public record CopyHealth(List<String> problems, List<Path> setAside) {
  public CopyHealth {
    problems = List.copyOf(problems);
    setAside = List.copyOf(setAside);
  }
}
