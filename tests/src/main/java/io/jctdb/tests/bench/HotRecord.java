package io.jctdb.tests.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.jctdb.protocol.Control;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/**
 * One process on every node counts in the same record and then has something else to do for a
 * moment, as smbds that open and close files in one directory; no step may be lost.
 */
final class HotRecord implements Benchmark {
  private static final byte[] KEY = "hot".getBytes(UTF_8);
  private static final long DURATION_NS = TimeUnit.SECONDS.toNanos(5);
  private static final long PAUSE_NS = TimeUnit.MICROSECONDS.toNanos(50);

  private record Done(long count, long migrations, Histogram latencyNs) {}

  @Override
  public String run(List<Path> roots) throws IOException, InterruptedException {
    String name = "bench_hot_" + System.currentTimeMillis() + ".tdb";
    long end = System.nanoTime() + DURATION_NS;
    List<Done> results = new ArrayList<>();
    try (ExecutorService threads = Executors.newCachedThreadPool()) {
      List<Future<Done>> running = new ArrayList<>();
      for (Path root : roots) {
        Callable<Done> worker = () -> count(root, name, end);
        running.add(threads.submit(worker));
      }
      for (Future<Done> worker : running) {
        results.add(worker.get());
      }
    } catch (ExecutionException e) {
      throw new IOException("a node's worker failed", e);
    }
    long counted = results.stream().mapToLong(Done::count).sum();
    long found = total(roots.get(0), name);
    if (found != counted) {
      throw new IOException("counted " + counted + " times, the record says " + found);
    }
    return summary(results, counted);
  }

  private static String summary(List<Done> results, long counted) {
    Histogram latencyNs = new Histogram(3);
    results.forEach(done -> latencyNs.add(done.latencyNs()));
    double seconds = DURATION_NS / 1e9;
    return "changes_per_s=%.0f migrations_per_s=%.0f p99_us=%.0f max_ms=%.1f fewest_of_a_node=%d"
        .formatted(
            counted / seconds,
            results.stream().mapToLong(Done::migrations).sum() / seconds,
            latencyNs.getValueAtPercentile(99) / 1e3,
            latencyNs.getMaxValue() / 1e6,
            results.stream().mapToLong(Done::count).min().orElse(0));
  }

  private static Done count(Path root, String name, long end) throws IOException {
    try (NodeClient node = new NodeClient(root);
        SharedDatabase database = SharedDatabase.attach(node, name, Control.DB_ATTACH)) {
      Histogram latencyNs = new Histogram(3);
      long count = 0;
      long migrations = 0;
      while (System.nanoTime() < end) {
        long asked = System.nanoTime();
        migrations += database.change(KEY, HotRecord::increment);
        latencyNs.recordValue(System.nanoTime() - asked);
        count++;
        LockSupport.parkNanos(PAUSE_NS);
      }
      return new Done(count, migrations, latencyNs);
    }
  }

  private static byte[] increment(byte[] value) {
    return ByteBuffer.allocate(8).putLong(counter(value) + 1).array();
  }

  private static long counter(byte[] value) {
    return value.length == 8 ? ByteBuffer.wrap(value).getLong() : 0;
  }

  private static long total(Path root, String name) throws IOException {
    try (NodeClient node = new NodeClient(root);
        SharedDatabase database = SharedDatabase.attach(node, name, Control.DB_ATTACH)) {
      database.change(KEY, value -> value);
      return counter(database.read(KEY));
    }
  }
}
