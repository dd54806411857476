package io.jctdb.recovery;

import java.io.IOException;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.function.LongSupplier;

/**
 * What kept the present thread from running since it asked last, as far as anybody counts it: time
 * without a processor although it could have run (the kernel: the second number of {@code
 * /proc/thread-self/schedstat}, nanoseconds; its Documentation/scheduler/sched-stats), and
 * collections of garbage (the Java machine, milliseconds). Always asked by the same thread.
 */
final class StandstillCauses {
  private final Path schedstat;
  private final LongSupplier garbageMillis;
  private OptionalLong waitedNanos = OptionalLong.empty();
  private long collectedMillis;

  /**
   * @param withoutProcessorMillis empty if this kernel does not count it
   */
  record Waits(OptionalLong withoutProcessorMillis, long garbageMillis) {
    /** In the words of the log; says so if most of the time is neither. */
    String explain(long stalledMillis) {
      String processor =
          withoutProcessorMillis.isPresent()
              ? withoutProcessorMillis.getAsLong() + " ms"
              : "unknown";
      String known =
          "collecting garbage " + garbageMillis + " ms, waiting for a processor " + processor;
      return garbageMillis + withoutProcessorMillis.orElse(0) >= stalledMillis / 2
          ? known
          : known + ", else stopped, or held by its Java machine or its host";
    }
  }

  StandstillCauses() {
    this(Path.of("/proc/thread-self/schedstat"), StandstillCauses::collected);
  }

  StandstillCauses(Path schedstat, LongSupplier garbageMillis) {
    this.schedstat = schedstat;
    this.garbageMillis = garbageMillis;
    this.collectedMillis = garbageMillis.getAsLong();
  }

  /** Since the last call. */
  Waits next() {
    OptionalLong waited = waited();
    long collected = garbageMillis.getAsLong();
    Waits since =
        new Waits(
            waited.isPresent() && waitedNanos.isPresent()
                ? OptionalLong.of((waited.getAsLong() - waitedNanos.getAsLong()) / 1_000_000)
                : OptionalLong.empty(),
            collected - collectedMillis);
    waitedNanos = waited;
    collectedMillis = collected;
    return since;
  }

  private static long collected() {
    return ManagementFactory.getGarbageCollectorMXBeans().stream()
        .mapToLong(GarbageCollectorMXBean::getCollectionTime)
        .sum();
  }

  private OptionalLong waited() {
    try {
      return OptionalLong.of(Long.parseLong(Files.readString(schedstat).strip().split(" ")[1]));
    } catch (IOException | NumberFormatException | ArrayIndexOutOfBoundsException e) {
      return OptionalLong.empty();
    }
  }
}
