package io.jctdb.daemon.catalog;

import io.jctdb.database.message.KeeperMessage;
import io.jctdb.database.record.LatencyListener;
import io.jctdb.database.record.SlowOperation;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes into the log what took long for a record: the tunable {@code LogLatencyMs}. */
public final class SlowRecords implements LatencyListener {
  private static final Logger log = LoggerFactory.getLogger(SlowRecords.class);

  private final LongSupplier limitMillis;
  private final IntFunction<String> databaseName;

  /**
   * @param limitMillis 0: nothing is told
   */
  public SlowRecords(LongSupplier limitMillis, IntFunction<String> databaseName) {
    this.limitMillis = limitMillis;
    this.databaseName = databaseName;
  }

  @Override
  public long limitNanos() {
    long limit = limitMillis.getAsLong();
    return limit == 0 ? Long.MAX_VALUE : TimeUnit.MILLISECONDS.toNanos(limit);
  }

  @Override
  public void slow(SlowOperation operation) {
    log.warn(
        "{} key {}: {}", databaseName.apply(operation.dbId()), operation.key(), told(operation));
  }

  private static String told(SlowOperation operation) {
    long took = millis(operation.nanos());
    return switch (operation) {
      case SlowOperation.Call o when o.lmaster() == KeeperMessage.NOBODY ->
          "%d clients here waited %d ms; no other node was asked".formatted(o.clients(), took);
      case SlowOperation.Call o ->
          "%d clients here waited %d ms, %d of them since its lmaster was asked, node %d (asked again %d times)"
              .formatted(o.clients(), took, millis(o.askedNanos()), o.lmaster(), o.repeats());
      case SlowOperation.Move o when o.last() == KeeperMessage.NOBODY ->
          "it took %d ms to give it to node %d".formatted(took, o.requester());
      case SlowOperation.Move o ->
          "it took %d ms to give it to node %d; %s, last node %d"
              .formatted(
                  took,
                  o.requester(),
                  o.searched() ? "all who may have it were asked" : "its owner was asked",
                  o.last());
      case SlowOperation.Removal o ->
          "it took %d ms to remove what node %d had emptied".formatted(took, o.owner());
      case SlowOperation.LockWait _ ->
          "its chain was locked by other processes here for %d ms".formatted(took);
    };
  }

  private static long millis(long nanos) {
    return TimeUnit.NANOSECONDS.toMillis(nanos);
  }
}
