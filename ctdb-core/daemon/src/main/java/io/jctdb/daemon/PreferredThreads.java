package io.jctdb.daemon;

import io.jctdb.linux.LinuxException;
import io.jctdb.linux.ThreadPriority;
import io.netty.channel.EventLoop;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code [legacy] realtime scheduling}: the threads that others wait for run before those of other
 * processes. Not as real-time threads, as ctdbd does; {@link ThreadPriority} says why.
 *
 * <p>Two priorities, so that the node keeps its lease however busy it is with records: the control
 * plane (membership, ZooKeeper, address leases, events) above the owner of the records and what
 * that starts. The Java machine's own threads stay as they are: its compiler is not lowered,
 * although it takes half of the processor time of a start. It holds locks that all threads need,
 * and a process that is killed ends, and closes its connections, when its last thread has had its
 * turn: with a nice value of 10 a killed daemon did so after 1.7 s once, which that explains.
 *
 * <p>Where ctdbd ends if it may not do this, we say so once and go on without.
 */
final class PreferredThreads {
  private static final Logger log = LoggerFactory.getLogger("ctdbd");
  private static final int CONTROL_NICE = ThreadPriority.HIGHEST;
  private static final int RECORDS_NICE = ThreadPriority.HIGHEST + 5;

  private volatile boolean wanted;

  PreferredThreads(boolean wanted) {
    this.wanted = wanted;
  }

  void raiseRecords(EventLoop records) {
    records.execute(() -> attempt(() -> ThreadPriority.raiseThisThread(RECORDS_NICE)));
  }

  /** From now on the calling thread starts threads of the control plane. */
  void beginControlPlane() {
    attempt(() -> ThreadPriority.raiseThisThread(CONTROL_NICE));
  }

  void endControlPlane() {
    attempt(ThreadPriority::lowerThisThread);
  }

  private void attempt(Runnable change) {
    if (!wanted) {
      return;
    }
    try {
      change.run();
    } catch (LinuxException e) {
      wanted = false;
      log.error(
          "a higher priority is not possible: {}; going on without it, which is slower while the"
              + " node is busy. It needs root or CAP_SYS_NICE; [legacy] realtime scheduling = false"
              + " in ctdb.conf switches it off",
          e.getMessage());
    }
  }
}
