package io.jctdb.daemon;

import io.jctdb.linux.LinuxException;
import io.jctdb.linux.ThreadPriority;
import io.netty.channel.EventLoop;
import java.io.UncheckedIOException;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code [legacy] realtime scheduling}: the threads that others wait for run before those of other
 * processes. Not as real-time threads, as ctdbd does; {@link ThreadPriority} says why.
 *
 * <p>They are raised when the node has become a member. Until then they are only
 * <em>earmarked</em>, by nice values that hardly differ from those of others: for the first seconds
 * all of this is loading and interpreting code, and a node that comes back would push aside the
 * clients and the daemons of the host, and of other nodes where several are on one
 * (docs/benchmarks.md, "What a node's return did").
 *
 * <p>Not the highest nice values: at -20 a thread that runs unfamiliar code for a second leaves a
 * smbd one part in 88 of the processor, and if that smbd has been interrupted while it held a lock
 * of the kernel (those of a file's mappings, which fork, exit and mmap take), all who need the lock
 * wait for it, this daemon with them (docs/benchmarks.md, "What stood still").
 *
 * <p>Two priorities, so that the node keeps its lease however busy it is with records: the control
 * plane (membership, ZooKeeper, address leases, events) above the owner of the records and what
 * that starts. Of the Java machine's own threads the one that collects garbage is among them: while
 * it works all others wait for it, and beside a host's other work it took 0.27 s for what takes
 * milliseconds. The rest stays as it is: the compiler is not lowered, although it takes half of the
 * processor time of a start. It holds locks that all threads need, and a process that is killed
 * ends, and closes its connections, when its last thread has had its turn: with a nice value of 10
 * a killed daemon did so after 1.7 s once, which that explains.
 *
 * <p>Where ctdbd ends if it may not do this, we say so once and go on without.
 */
final class PreferredThreads {
  private static final Logger log = LoggerFactory.getLogger("ctdbd");
  private static final int CONTROL_NICE = -11;
  private static final int RECORDS_NICE = -9;

  /** Not -1, which getpriority(2) also gives for a thread that has ended. */
  private static final int CONTROL_EARMARK = -2;

  private static final int RECORDS_EARMARK = -3;

  /** Of the serial collector, which is what the daemon runs with (libexec/jctdb-java). */
  private static final String COLLECTOR = "VM Thread";

  private volatile boolean wanted;

  PreferredThreads(boolean wanted) {
    this.wanted = wanted;
  }

  /** Earmarks the owner of the records, and what that starts. */
  void earmarkRecords(EventLoop records) {
    records.execute(() -> attempt(() -> ThreadPriority.raiseThisThread(RECORDS_EARMARK)));
  }

  /** From now on the calling thread starts threads of the control plane, earmarked as such. */
  void beginControlPlane() {
    attempt(() -> ThreadPriority.raiseThisThread(CONTROL_EARMARK));
  }

  void endControlPlane() {
    attempt(ThreadPriority::lowerThisThread);
  }

  /** This node is a member: what is earmarked is preferred from now on. Any thread. */
  void raiseAll() {
    attempt(
        () -> {
          ThreadPriority.raiseAll(
              Map.of(CONTROL_EARMARK, CONTROL_NICE, RECORDS_EARMARK, RECORDS_NICE));
          if (!ThreadPriority.raise(COLLECTOR, ThreadPriority.HIGHEST)) {
            log.warn("the thread that collects garbage was not found; it keeps its priority");
          }
        });
  }

  private void attempt(Runnable change) {
    if (!wanted) {
      return;
    }
    try {
      change.run();
    } catch (LinuxException | UncheckedIOException e) {
      wanted = false;
      log.error(
          "a higher priority is not possible: {}; going on without it, which is slower while the"
              + " node is busy. It needs root or CAP_SYS_NICE; [legacy] realtime scheduling = false"
              + " in ctdb.conf switches it off",
          e.getMessage());
    }
  }
}
