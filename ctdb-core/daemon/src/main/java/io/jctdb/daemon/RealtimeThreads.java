package io.jctdb.daemon;

import io.jctdb.linux.LinuxException;
import io.jctdb.linux.RealtimeScheduling;
import io.netty.channel.EventLoop;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code [legacy] realtime scheduling}: the threads that others wait for run before all that is not
 * real-time, as ctdbd does.
 *
 * <p>Two priorities, so that the node keeps its lease however busy it is with records: the control
 * plane (membership, ZooKeeper, address leases, events) above the owner of the records and what
 * that starts. The Java machine's own threads stay as they are.
 *
 * <p>Where ctdbd ends if it may not do this, we say so once and go on without.
 */
final class RealtimeThreads {
  private static final Logger log = LoggerFactory.getLogger("ctdbd");
  private static final int RECORDS_PRIORITY = 1;
  private static final int CONTROL_PRIORITY = 2;

  private volatile boolean wanted;

  RealtimeThreads(boolean wanted) {
    this.wanted = wanted;
  }

  void raiseRecords(EventLoop records) {
    records.execute(() -> attempt(() -> RealtimeScheduling.raiseThisThread(RECORDS_PRIORITY)));
  }

  /** From now on the calling thread starts threads of the control plane. */
  void beginControlPlane() {
    attempt(() -> RealtimeScheduling.raiseThisThread(CONTROL_PRIORITY));
  }

  void endControlPlane() {
    attempt(RealtimeScheduling::lowerThisThread);
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
          "real-time scheduling is not possible: {}; going on without it, which is slower while the"
              + " node is busy. It needs root or CAP_SYS_NICE; [legacy] realtime scheduling = false"
              + " in ctdb.conf switches it off",
          e.getMessage());
    }
  }
}
