package io.jctdb.database.message;

/**
 * What the engine may do to the world, and the only way it learns the time. The daemon implements
 * it with Netty, the simulator with a seeded event queue.
 *
 * <p>Threading: the owner thread only; callbacks come back on it.
 */
public interface NodePort {
  /** The pnn of this node. */
  int self();

  /**
   * Sends to another node, or to this one (then it arrives in a later step, never within this
   * call). FIFO per ordered pair of nodes; lost without notice when the link is down or breaks.
   */
  void send(int pnn, NodeMessage message);

  /** A monotonic clock in nanoseconds, with an arbitrary origin. */
  long nowNanos();

  /** Runs {@code task} once, no earlier than {@code delayNanos} from now. */
  Timer after(long delayNanos, Runnable task);

  /** A pending task. */
  interface Timer {
    /** The task will not run (unless it already has). */
    void cancel();
  }
}
