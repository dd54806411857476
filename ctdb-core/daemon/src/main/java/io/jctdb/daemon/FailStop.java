package io.jctdb.daemon;

import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What becomes of an exception that nobody expected on the owner thread: a state machine may have
 * stopped half-way through a step, and whatever it did next could cost somebody's data. So the
 * process ends at once, as if it had been killed; its launcher lets go of what it held and starts
 * it anew. While the daemon is ending anyway, the exception is only logged. Whoever else finds that
 * only a new process can go on says so here, too.
 *
 * <p>What a client asks for is not among this: an exception there costs the client its connection.
 */
final class FailStop {
  /** Exit status; also what Java ends with when it is out of memory. */
  static final int STATUS = 3;

  private static final Logger log = LoggerFactory.getLogger("ctdbd");

  private final IntConsumer halt;
  private final BooleanSupplier ending;

  /**
   * @param halt ends the process without further ado
   * @param ending whether the daemon is ending in good order
   */
  FailStop(IntConsumer halt, BooleanSupplier ending) {
    this.halt = halt;
    this.ending = ending;
  }

  Runnable guarded(Runnable task) {
    return () -> run(task);
  }

  Executor guarded(Executor owner) {
    return task -> owner.execute(guarded(task));
  }

  /** Ends the process, if it is not ending anyway. */
  void endAtOnce(String why) {
    if (!ending.getAsBoolean()) {
      log.error("{}: this daemon ends at once, so as to begin anew", why);
      halt.accept(STATUS);
    }
  }

  void run(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException | Error e) {
      if (ending.getAsBoolean()) {
        log.error("internal error while ending", e);
        return;
      }
      log.error("internal error: this daemon ends at once, so as to begin anew", e);
      halt.accept(STATUS);
      throw e;
    }
  }
}
