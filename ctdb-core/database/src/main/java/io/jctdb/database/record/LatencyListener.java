package io.jctdb.database.record;

/** Hears of what took long ({@code LogLatencyMs}, cluster-and-failover 2.1). Owner thread. */
public interface LatencyListener {
  LatencyListener NOBODY =
      new LatencyListener() {
        @Override
        public long limitNanos() {
          return Long.MAX_VALUE;
        }

        @Override
        public void slow(SlowOperation operation) {}
      };

  /** What takes less is not told. May change at any time. */
  long limitNanos();

  /** Told when it is over; no chain lock is held. */
  void slow(SlowOperation operation);
}
