package io.jctdb.daemon.catalog;

import io.jctdb.store.tdb.TdbTransactionStore;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * When something could not be done with a transactional file, tells whether the file itself is the
 * cause: reads it as a whole, as it is done at the start. A full disk or a refused lock is no
 * damage, and a damage that nothing has stumbled over is not looked for.
 *
 * <p>{@link #afterFailure} on the lane's thread, {@link #problem} from any thread.
 */
final class Examination {
  private static final Logger log = LoggerFactory.getLogger(Examination.class);

  /** Many operations may fail at once; the file may be large. */
  private static final Duration AT_MOST_EVERY = Duration.ofSeconds(1);

  private final String name;
  private final TdbTransactionStore store;
  private final Executor owner;
  private final DamageListener listener;
  private final LongSupplier clock;
  private boolean examined;
  private long examinedAt;
  private volatile String problem = "";

  /**
   * @param clock nanoseconds of any origin
   */
  Examination(
      String name,
      TdbTransactionStore store,
      Executor owner,
      DamageListener listener,
      LongSupplier clock) {
    this.name = name;
    this.store = store;
    this.owner = owner;
    this.listener = listener;
    this.clock = clock;
  }

  /** What was found; empty if nothing was. */
  String problem() {
    return problem;
  }

  /** The listener is told before whoever waits for the failed operation. */
  void afterFailure(RuntimeException failure) {
    long now = clock.getAsLong();
    if (examined && now - examinedAt < AT_MOST_EVERY.toNanos()) {
      return;
    }
    examined = true;
    examinedAt = now;
    try {
      if (store.isDamaged()) {
        problem = store.path() + ": the file is damaged (" + failure.getMessage() + ")";
        String found = problem;
        owner.execute(() -> listener.damaged(name, store.path(), found));
      }
    } catch (RuntimeException | InternalError e) { // the latter: a page cannot be read
      log.warn("{}: cannot be examined: {}", store.path(), e.getMessage());
    }
  }
}
