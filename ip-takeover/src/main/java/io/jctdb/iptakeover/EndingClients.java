package io.jctdb.iptakeover;

import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Waits for the local processes that served public addresses, when these leave a node that goes out
 * of service. An smbd that has lost its address ends by itself, within some tens of milliseconds,
 * and takes its open files out of the databases first. If these were frozen before, the files would
 * look open for as long as the node is out of service, and whoever opens one elsewhere would wait
 * for an answer of that process.
 *
 * <p>A process has several connections to the daemon, and may close the one that spoke of addresses
 * before it is done with the databases; so what counts is that none is left.
 *
 * <p>Threading: owner thread.
 */
public final class EndingClients {
  private static final Logger LOG = LoggerFactory.getLogger(EndingClients.class);

  /** One that hangs shall not keep a node from stopping. */
  static final Duration PATIENCE = Duration.ofSeconds(1);

  private static final Duration LOOK = Duration.ofMillis(10);

  private final Supplier<Set<Integer>> serving;
  private final IntPredicate connected;
  private final Scheduler scheduler;
  private final Set<Integer> awaited = new HashSet<>();

  /**
   * @param serving the processes that serve public addresses now, by id
   * @param connected whether that process has a connection to the daemon
   */
  public EndingClients(
      Supplier<Set<Integer>> serving, IntPredicate connected, Scheduler scheduler) {
    this.serving = serving;
    this.connected = connected;
    this.scheduler = scheduler;
  }

  /** The addresses are about to leave. */
  public void remember() {
    awaited.addAll(serving.get());
  }

  /** Runs {@code done} when those who served the addresses have ended, or do not for too long. */
  public void await(Runnable done) {
    remember();
    await(scheduler.nowNanos() + PATIENCE.toNanos(), done);
  }

  private void await(long endNanos, Runnable done) {
    awaited.removeIf(pid -> !connected.test(pid));
    boolean late = scheduler.nowNanos() - endNanos >= 0;
    if (!awaited.isEmpty() && !late) {
      scheduler.after(LOOK, () -> await(endNanos, done));
      return;
    }
    if (!awaited.isEmpty()) {
      LOG.warn(
          "Processes {} have not ended {} ms after their public addresses have gone: what they have"
              + " open stays so until this node is back",
          awaited,
          PATIENCE.toMillis());
      awaited.clear();
    }
    done.run();
  }
}
