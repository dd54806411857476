package io.jctdb.tests.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.jctdb.protocol.Control;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.HdrHistogram.Histogram;

/** Nobody else wants the records: each is brought to one node, then to the other, one at a time. */
final class Migration implements Benchmark {
  private static final int WARM_UP = 4;
  private static final int ROUNDS = 10;
  private static final int RECORDS = 500;
  private static final int FIRST = 15;

  @Override
  public String run(List<Path> roots) throws IOException {
    try (NodeClient first = new NodeClient(roots.get(0));
        NodeClient second = new NodeClient(roots.get(1))) {
      int database =
          NodeClient.number(
              first.control(Control.DB_ATTACH, 0, "bench_migration.tdb\0".getBytes(UTF_8)));
      second.control(Control.DB_ATTACH, 0, "bench_migration.tdb\0".getBytes(UTF_8));
      Histogram latencyNs = new Histogram(3);
      double firstMs = first(first, database);
      long started = System.nanoTime();
      for (int round = -WARM_UP; round < ROUNDS; round++) {
        if (round == 0) {
          latencyNs.reset();
          started = System.nanoTime();
        }
        NodeClient node = round % 2 == 0 ? first : second;
        for (int record = 0; record < RECORDS; record++) {
          long asked = System.nanoTime();
          node.migrate(database, ("record-" + record).getBytes(UTF_8));
          latencyNs.recordValue(System.nanoTime() - asked);
        }
      }
      double seconds = (System.nanoTime() - started) / 1e9;
      return "p10_us=%.1f median_us=%.0f p99_us=%.0f requests_per_s=%.0f first_ms=%.2f"
          .formatted(
              latencyNs.getValueAtPercentile(10) / 1e3,
              latencyNs.getValueAtPercentile(50) / 1e3,
              latencyNs.getValueAtPercentile(99) / 1e3,
              (double) ROUNDS * RECORDS / seconds,
              firstMs);
    }
  }

  /** Records that nobody has yet; the median. */
  private static double first(NodeClient node, int database) throws IOException {
    String run = "first-" + System.nanoTime() + "-";
    Histogram latencyNs = new Histogram(3);
    for (int record = 0; record < FIRST; record++) {
      long asked = System.nanoTime();
      node.migrate(database, (run + record).getBytes(UTF_8));
      latencyNs.recordValue(System.nanoTime() - asked);
    }
    return latencyNs.getValueAtPercentile(50) / 1e6;
  }
}
