package io.jctdb.tests.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.jctdb.protocol.Control;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * What a node far away waits for: the first root is a node of the main site, the second the remote
 * one. Few of each, because each takes as long as the line is.
 */
final class RemoteAccess implements Benchmark {
  private static final int COUNT = 9;
  private static final String NAME = "bench_remote.tdb";
  private static final byte[] CONTENT = "here".getBytes(UTF_8);

  @Override
  public String run(List<Path> roots) throws IOException {
    try (NodeClient near = new NodeClient(roots.get(0));
        NodeClient far = new NodeClient(roots.get(1));
        SharedDatabase nearBy = SharedDatabase.attach(near, NAME, Control.DB_ATTACH);
        SharedDatabase farAway = SharedDatabase.attach(far, NAME, Control.DB_ATTACH)) {
      String run = Long.toString(System.nanoTime());
      return "free_ms=%.2f again_ms=%.2f fetched_ms=%.2f back_ms=%.2f commit_ms=%.2f"
          .formatted(
              median(i -> write(farAway, run + "-" + i)),
              median(i -> write(farAway, run + "-" + i)),
              fetched(nearBy, farAway, run + "-near-"),
              median(i -> write(nearBy, run + "-" + i)),
              commits(far));
    }
  }

  /** Records that the main site owns. */
  private static double fetched(SharedDatabase near, SharedDatabase far, String run)
      throws IOException {
    for (int i = 0; i < COUNT; i++) {
      write(near, run + i);
    }
    return median(i -> write(far, run + i));
  }

  /** Something that stays: an empty record would be removed, and the next one would find none. */
  private static void write(SharedDatabase database, String key) throws IOException {
    database.change(key.getBytes(UTF_8), old -> CONTENT);
  }

  private static double commits(NodeClient far) throws IOException {
    try (SharedDatabase shared =
        SharedDatabase.attach(far, "bench_remote_commit.tdb", Control.DB_ATTACH_PERSISTENT)) {
      Transactions.commit(shared);
      return median(i -> Transactions.commit(shared));
    } catch (Transactions.LostCommitException e) {
      return Double.NaN; // what a node of ctdbd's that is no lmaster does
    }
  }

  private interface Step {
    void run(int number) throws IOException;
  }

  private static double median(Step step) throws IOException {
    double[] millis = new double[COUNT];
    for (int i = 0; i < COUNT; i++) {
      long asked = System.nanoTime();
      step.run(i);
      millis[i] = (System.nanoTime() - asked) / 1e6;
    }
    Arrays.sort(millis);
    return millis[COUNT / 2];
  }
}
