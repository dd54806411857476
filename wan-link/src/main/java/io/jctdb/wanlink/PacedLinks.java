package io.jctdb.wanlink;

import io.netty.channel.EventLoop;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;

/**
 * All links of this node to other sites share what the configuration allows them: one piece each,
 * in turn. Used on the event loop only.
 */
final class PacedLinks {
  private final EventLoop loop;
  private final Pacer pacer;
  private final ArrayDeque<FarSender> inLine = new ArrayDeque<>();

  PacedLinks(EventLoop loop, long bytesPerSecond) {
    this.loop = loop;
    this.pacer = new Pacer(bytesPerSecond);
  }

  /** Whether this link may send a piece now; otherwise it is asked to go on when it may. */
  boolean mayGo(FarSender link) {
    long waitNanos = pacer.waitNanos(System.nanoTime());
    if (waitNanos == 0 && inLine.isEmpty()) {
      return true;
    }
    if (!inLine.contains(link)) {
      inLine.add(link);
      if (inLine.size() == 1) {
        schedule(waitNanos);
      }
    }
    return false;
  }

  void sent(long bytes) {
    pacer.spend(bytes, System.nanoTime());
  }

  void forget(FarSender link) {
    inLine.remove(link);
  }

  private void schedule(long waitNanos) {
    loop.schedule(this::next, waitNanos, TimeUnit.NANOSECONDS);
  }

  private void next() {
    long waitNanos = pacer.waitNanos(System.nanoTime());
    while (waitNanos == 0 && !inLine.isEmpty()) {
      FarSender link = inLine.remove();
      if (link.sendPiece()) {
        inLine.add(link);
      }
      waitNanos = pacer.waitNanos(System.nanoTime());
    }
    if (!inLine.isEmpty()) {
      schedule(waitNanos);
    }
  }
}
