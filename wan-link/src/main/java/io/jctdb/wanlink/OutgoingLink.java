package io.jctdb.wanlink;

import io.jctdb.linux.TcpInfo;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The connecting side of a connection: introduces this node, then sends its frames. */
final class OutgoingLink extends SimpleChannelInboundHandler<LinkFrame> {
  /**
   * Below this a frame is copied behind its header; above, the copy costs more than a second
   * buffer.
   */
  private static final int COPY_LIMIT_BYTES = 8 << 10;

  private static final int DATA_HEADER_BYTES = LinkFrame.LENGTH_BYTES + 1;

  private final Peer peer;
  private final Channel channel;
  private final FrameDecoder decoder;
  private boolean welcomed;
  private boolean flushPending;
  private long queuedBytes;
  private @Nullable FarSender far;
  private boolean compressed;

  OutgoingLink(Peer peer, Channel channel, FrameDecoder decoder) {
    this.peer = peer;
    this.channel = channel;
    this.decoder = decoder;
  }

  Channel channel() {
    return channel;
  }

  FrameDecoder decoder() {
    return decoder;
  }

  boolean isWelcomed() {
    return welcomed;
  }

  long queuedBytes() {
    return far == null ? queuedBytes : queuedBytes + far.queuedBytes();
  }

  boolean leadsFar() {
    return far != null;
  }

  boolean isCompressed() {
    return compressed;
  }

  /** Nothing before the connection is established. */
  Optional<TcpInfo> kernelInfo() {
    return channel instanceof EpollSocketChannel tcp && tcp.isActive()
        ? TcpInfo.of(tcp.fd().intValue())
        : Optional.empty();
  }

  /** The transport, TLS included, is ready. */
  void introduce(LinkFrame.Hello hello) {
    control(hello);
  }

  /** Queues a frame; it leaves with the next {@link #flushPending}. */
  void write(byte[] payload) {
    if (far != null) {
      far.add(payload);
    } else {
      writeAhead(payload);
    }
  }

  /** Past the pieces that wait for their turn, if there are any. */
  void writeAhead(byte[] payload) {
    long size = DATA_HEADER_BYTES + payload.length;
    boolean copy = payload.length <= COPY_LIMIT_BYTES;
    ByteBuf head = channel.alloc().buffer(copy ? (int) size : DATA_HEADER_BYTES);
    head.writeInt(payload.length + 1).writeByte(LinkFrame.DATA);
    queuedBytes += size;
    if (copy) {
      head.writeBytes(payload);
    } else {
      channel.write(head, channel.voidPromise());
      head = Unpooled.wrappedBuffer(payload);
    }
    channel.write(head).addListener(written -> queuedBytes -= size);
  }

  /** True once: then the caller has to see to {@link #flush}. */
  boolean needsFlush() {
    boolean first = !flushPending;
    flushPending = true;
    return first;
  }

  void flush() {
    flushPending = false;
    channel.flush();
    if (far != null) {
      far.drain();
    }
  }

  void ping() {
    control(new LinkFrame.Ping(System.nanoTime()));
  }

  private void control(LinkFrame frame) {
    ByteBuf out = channel.alloc().buffer();
    LinkFrame.encode(frame, out);
    channel.writeAndFlush(out, channel.voidPromise());
  }

  @Override
  protected void channelRead0(ChannelHandlerContext ctx, LinkFrame frame) {
    switch (frame) {
      case LinkFrame.Welcome m when !welcomed -> {
        if (m.sender() != peer.pnn()) {
          throw new LinkException("node " + m.sender() + " answered instead");
        }
        welcomed = true;
        far = peer.farSender(this, m);
        compressed = far != null && peer.mayCompress(m);
        peer.welcomed(this, m.incarnation(), m.site());
      }
      case LinkFrame.Refused m when !welcomed -> peer.outgoingLost(this, "refused: " + m.reason());
      case LinkFrame.Pong m when welcomed ->
          peer.roundTrip(Math.max(1, System.nanoTime() - m.nanos()));
      case LinkFrame.Alive m when welcomed -> {}
      default -> throw new LinkException("unexpected " + frame.getClass().getSimpleName());
    }
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    if (far != null) {
      far.close();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    peer.outgoingLost(this, "connection closed by the other side");
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    peer.outgoingLost(this, Failure.text(cause));
  }
}
