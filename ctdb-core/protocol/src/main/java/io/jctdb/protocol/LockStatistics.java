package io.jctdb.protocol;

import java.util.List;

/**
 * Chain and database locks taken by a daemon (client-protocol.md 4.11).
 *
 * @param buckets 16 counters by waiting time: below 1 ms, 10 ms, 100 ms, 1 s, 2 s, 4 s … 64 s, more
 */
public record LockStatistics(
    int numCalls,
    int numCurrent,
    int numPending,
    int numFailed,
    Latency latency,
    List<Integer> buckets) {
  public static final LockStatistics NONE =
      new LockStatistics(0, 0, 0, 0, Latency.NONE, Buckets.ZERO);

  public LockStatistics {
    buckets = Buckets.checked(buckets);
  }

  static LockStatistics read(ByteReader in) {
    return new LockStatistics(
        in.u32(), in.u32(), in.u32(), in.u32(), Latency.read(in), Buckets.read(in));
  }

  void write(ByteWriter out) {
    out.u32(numCalls).u32(numCurrent).u32(numPending).u32(numFailed);
    latency.write(out);
    Buckets.write(buckets, out);
  }
}
