package io.jctdb.daemon;

import io.jctdb.database.message.LeaseMessage;
import io.jctdb.database.message.NodeMessage;
import io.jctdb.database.message.NodeMessageCodec;
import io.jctdb.database.message.NodePort;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.ObjIntConsumer;

/** The engine's port to the world: one Netty event loop is the owner thread of all records. */
final class LoopNodePort implements NodePort {
  private final EventLoop loop;
  private final FailStop failStop;
  private final int self;
  private final ObjIntConsumer<byte[]> link;
  private final ObjIntConsumer<byte[]> ahead;
  private final BiConsumer<Integer, NodeMessage> receiver;

  /**
   * @param link sends a frame to a peer
   * @param ahead the same for signs of life, which need not wait behind other frames: each stands
   *     for itself, and only their own order counts
   * @param receiver gets what this node sends to itself
   */
  LoopNodePort(
      EventLoop loop,
      FailStop failStop,
      int self,
      ObjIntConsumer<byte[]> link,
      ObjIntConsumer<byte[]> ahead,
      BiConsumer<Integer, NodeMessage> receiver) {
    this.loop = loop;
    this.failStop = failStop;
    this.self = self;
    this.link = link;
    this.ahead = ahead;
    this.receiver = receiver;
  }

  @Override
  public int self() {
    return self;
  }

  @Override
  public void send(int pnn, NodeMessage message) {
    if (pnn == self) {
      loop.execute(() -> receiver.accept(self, message));
    } else {
      boolean life = message instanceof LeaseMessage.Ping || message instanceof LeaseMessage.Ack;
      (life ? ahead : link).accept(NodeMessageCodec.encode(message), pnn);
    }
  }

  @Override
  public long nowNanos() {
    return System.nanoTime();
  }

  @Override
  public Timer after(long delayNanos, Runnable task) {
    if (delayNanos <= 0) {
      SoonTimer soon = new SoonTimer(failStop.guarded(task));
      loop.execute(soon);
      return soon;
    }
    ScheduledFuture<?> future =
        loop.schedule(failStop.guarded(task), delayNanos, TimeUnit.NANOSECONDS);
    return () -> future.cancel(false);
  }

  /** A task for the next turn of the loop, cheaper than a scheduled one. */
  private static final class SoonTimer implements Timer, Runnable {
    private final Runnable task;
    private boolean cancelled;

    SoonTimer(Runnable task) {
      this.task = task;
    }

    @Override
    public void cancel() {
      cancelled = true;
    }

    @Override
    public void run() {
      if (!cancelled) {
        task.run();
      }
    }
  }
}
