package io.jctdb.tests.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** One measurement of a running cluster. */
interface Benchmark {
  /**
   * Measures.
   *
   * @param roots the root directory of each node, as this process sees it
   * @return the figures, as name=value, separated by spaces
   */
  String run(List<Path> roots) throws IOException, InterruptedException;
}
