package io.jctdb.wanlink;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** The accepting side of a connection: a stranger until the greeting, then a peer's frames. */
final class IncomingLink extends SimpleChannelInboundHandler<LinkFrame> {
  private final LinkManager manager;
  private final Channel channel;
  private final FrameDecoder decoder;

  /** Frames that came before the link was up: its other direction takes another way. */
  private final ArrayDeque<byte[]> held = new ArrayDeque<>();

  private @Nullable Peer peer;
  private boolean refused;
  private long heardBefore;
  private final long openedNanos = System.nanoTime();

  IncomingLink(LinkManager manager, Channel channel, FrameDecoder decoder) {
    this.manager = manager;
    this.channel = channel;
    this.decoder = decoder;
  }

  Channel channel() {
    return channel;
  }

  FrameDecoder decoder() {
    return decoder;
  }

  /** When it was accepted ({@link System#nanoTime}). */
  long openedNanos() {
    return openedNanos;
  }

  /** Tells the other side that its bytes arrive, if any did since the last call. */
  void proveAlive() {
    if (decoder.heardNanos() != heardBefore) {
      heardBefore = decoder.heardNanos();
      write(new LinkFrame.Alive());
      channel.flush();
    }
  }

  /** The link is up: delivers what was held and goes on reading. */
  void release(Peer owner) {
    while (!held.isEmpty() && owner.isCurrent(this)) {
      owner.deliver(held.remove());
    }
    channel.config().setAutoRead(true);
  }

  @Override
  protected void channelRead0(ChannelHandlerContext ctx, LinkFrame frame) {
    if (refused) {
      return;
    }
    Peer known = peer;
    if (known == null) {
      if (!(frame instanceof LinkFrame.Hello hello)) {
        throw new LinkException("no greeting");
      }
      greeted(hello);
      return;
    }
    switch (frame) {
      case LinkFrame.Data m -> data(known, m.payload());
      case LinkFrame.Ping m -> write(new LinkFrame.Pong(m.nanos()));
      default -> throw new LinkException("unexpected " + frame.getClass().getSimpleName());
    }
  }

  private void greeted(LinkFrame.Hello hello) {
    switch (manager.introduce(hello, channel)) {
      case LinkManager.Introduction.Refused answer -> {
        refused = true;
        write(new LinkFrame.Refused(answer.reason())).addListener(ChannelFutureListener.CLOSE);
        channel.flush();
      }
      case LinkManager.Introduction.Accepted answer -> {
        peer = answer.peer();
        decoder.allow(manager.config().maxFrameBytes());
        LinkConfig own = manager.config();
        write(
            new LinkFrame.Welcome(
                own.self(), own.incarnation(), LinkFrame.CAN_INFLATE, own.wideArea().site()));
        channel.flush();
        manager.strangerLeft(this);
        answer.peer().greeted(this, hello.incarnation());
      }
    }
  }

  private void data(Peer known, byte[] payload) {
    if (known.isCurrent(this) && known.isUp() && held.isEmpty()) {
      known.deliver(payload);
    } else if (known.isCurrent(this)) {
      held.add(payload);
      channel.config().setAutoRead(false);
    }
  }

  private ChannelFuture write(LinkFrame frame) {
    ByteBuf out = channel.alloc().buffer();
    LinkFrame.encode(frame, out);
    return channel.write(out);
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    ctx.flush(); // the pongs
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    lost("connection closed by the other side");
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    lost(Failure.text(cause));
  }

  private void lost(String reason) {
    if (peer != null) {
      peer.incomingLost(this, reason);
    } else {
      manager.strangerFailed(this, reason);
    }
    channel.close();
  }
}
