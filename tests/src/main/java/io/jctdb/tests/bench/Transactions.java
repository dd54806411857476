package io.jctdb.tests.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.jctdb.protocol.Control;
import io.jctdb.protocol.Key;
import io.jctdb.protocol.MarshallBuffer;
import io.jctdb.protocol.RecordData;
import io.jctdb.protocol.RecordHeader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import org.HdrHistogram.Histogram;

/** Commits of one record each to a persistent database, one after the other, from one node. */
final class Transactions implements Benchmark {
  private static final byte[] SEQUENCE_NUMBER = "__db_sequence_number__\0".getBytes(UTF_8);
  private static final byte[] KEY = "record".getBytes(UTF_8);
  private static final int WARM_UP = 300;
  private static final int COUNT = 1_000;

  @Override
  public String run(List<Path> roots) throws IOException {
    try (NodeClient node = new NodeClient(roots.get(0));
        SharedDatabase database =
            SharedDatabase.attach(node, "bench_commit.tdb", Control.DB_ATTACH_PERSISTENT)) {
      for (int warm = 0; warm < WARM_UP; warm++) {
        commit(database);
      }
      Histogram latencyNs = new Histogram(3);
      long started = System.nanoTime();
      for (int done = 0; done < COUNT; done++) {
        long asked = System.nanoTime();
        commit(database);
        latencyNs.recordValue(System.nanoTime() - asked);
      }
      double seconds = (System.nanoTime() - started) / 1e9;
      return "commits_per_s=%.0f p10_ms=%.3f median_ms=%.2f p99_ms=%.2f"
          .formatted(
              COUNT / seconds,
              latencyNs.getValueAtPercentile(10) / 1e6,
              latencyNs.getValueAtPercentile(50) / 1e6,
              latencyNs.getValueAtPercentile(99) / 1e6);
    }
  }

  /** A node acknowledged what its own copy does not have. */
  static final class LostCommitException extends IOException {
    private static final long serialVersionUID = 1;

    LostCommitException() {
      super("a commit was acknowledged but is not in the file");
    }
  }

  /** As smbd does it (databases.md 6.1), without the lock: nobody else writes this database. */
  static void commit(SharedDatabase database) throws IOException {
    long sequence = sequence(database.read(SEQUENCE_NUMBER)) + 1;
    MarshallBuffer changes =
        new MarshallBuffer(
            database.id(),
            List.of(
                record(database, KEY, ("value " + sequence).getBytes(UTF_8)),
                record(database, SEQUENCE_NUMBER, sequence(sequence))));
    database.node().control(Control.TRANS3_COMMIT, database.id() & 0xFFFF_FFFFL, changes.encode());
    if (sequence(database.read(SEQUENCE_NUMBER)) != sequence) {
      throw new LostCommitException();
    }
  }

  private static RecordData record(SharedDatabase database, byte[] key, byte[] value) {
    RecordHeader header = new RecordHeader(database.rsn(key) + 1, database.node().pnn(), 0);
    return RecordData.of(0, new Key(key), header, value);
  }

  private static byte[] sequence(long number) {
    return ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(number).array();
  }

  private static long sequence(byte[] value) {
    return value.length == 8 ? ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN).getLong() : 0;
  }
}
