package io.jctdb.wanlink;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

/** Runs an action once the connection is established. */
final class OnActive extends ChannelInboundHandlerAdapter {
  private final Runnable action;

  OnActive(Runnable action) {
    this.action = action;
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    ctx.fireChannelActive();
    action.run();
  }
}
