package io.jctdb.daemon.will;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.socket.DatagramPacket;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.ObjIntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hears last wills on the UDP port of the same number as the nodes' TCP port. A secret proves
 * itself, so nothing else is checked here but the form; whoever sends anything else is told
 * nothing, and cannot make this node do more than read so many datagrams a second.
 *
 * <p>Threading: owner thread.
 */
public final class WillListener {
  private static final Logger log = LoggerFactory.getLogger(WillListener.class);

  /** A launcher sends 20 a second; this is for many that die at once. */
  static final int MESSAGES_A_SECOND_MAX = 1_000;

  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
  private static final long COMPLAIN_EVERY = TimeUnit.SECONDS.toNanos(30);

  private final ObjIntConsumer<byte[]> told;
  private final LongSupplier clock;
  private long secondBegan;
  private int inThisSecond;
  private long complainedAt;
  private long dropped;

  WillListener(ObjIntConsumer<byte[]> told, LongSupplier clock) {
    this.told = told;
    this.clock = clock;
    this.secondBegan = clock.getAsLong();
    this.complainedAt = secondBegan - COMPLAIN_EVERY;
  }

  /**
   * Begins to listen.
   *
   * @param told gets the secret and the node that it is said to be of
   * @throws IOException if the port cannot be had
   */
  public static Channel open(EventLoop loop, InetSocketAddress address, ObjIntConsumer<byte[]> told)
      throws IOException {
    WillListener listener = new WillListener(told, System::nanoTime);
    ChannelFuture bound =
        new Bootstrap()
            .group(loop)
            .channel(EpollDatagramChannel.class)
            // One byte more than the longest message, so that a longer one is seen to be longer.
            .option(
                ChannelOption.RECVBUF_ALLOCATOR,
                new FixedRecvByteBufAllocator(WillMessage.BYTES_MAX + 1))
            .handler(
                new SimpleChannelInboundHandler<DatagramPacket>() {
                  @Override
                  protected void channelRead0(
                      ChannelHandlerContext context, DatagramPacket packet) {
                    listener.received(ByteBufUtil.getBytes(packet.content()), packet.sender());
                  }
                })
            .bind(address)
            .awaitUninterruptibly();
    if (!bound.isSuccess()) {
      throw new IOException(
          "UDP port "
              + address.getPort()
              + " of "
              + address.getAddress().getHostAddress()
              + " cannot be used: "
              + bound.cause().getMessage(),
          bound.cause());
    }
    return bound.channel();
  }

  void received(byte[] datagram, InetSocketAddress sender) {
    long now = clock.getAsLong();
    if (now - secondBegan >= SECOND) {
      secondBegan = now;
      inThisSecond = 0;
    }
    if (++inThisSecond > MESSAGES_A_SECOND_MAX) {
      drop(sender, now);
      return;
    }
    WillMessage.parse(datagram)
        .ifPresentOrElse(will -> told.accept(will.secret(), will.pnn()), () -> drop(sender, now));
  }

  private void drop(InetSocketAddress sender, long now) {
    dropped++;
    if (now - complainedAt >= COMPLAIN_EVERY) {
      complainedAt = now;
      log.warn(
          "{} datagrams that are no last will were dropped, the last from {}", dropped, sender);
      dropped = 0;
    }
  }
}
