package io.jctdb.daemon.addresses;

import io.jctdb.database.message.NodePort;
import io.jctdb.iptakeover.Scheduler;
import java.time.Duration;

/** The owner thread's clock and timers, for the state machines of public addresses. */
record PortScheduler(NodePort port) implements Scheduler {
  @Override
  public long nowNanos() {
    return port.nowNanos();
  }

  @Override
  public Timer after(Duration delay, Runnable task) {
    NodePort.Timer timer = port.after(delay.toNanos(), task);
    return timer::cancel;
  }
}
