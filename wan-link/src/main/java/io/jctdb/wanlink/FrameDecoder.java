package io.jctdb.wanlink;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.util.List;

/**
 * Cuts the byte stream into {@link LinkFrame}s. Memory grows with the bytes that really came, not
 * with the length that a frame claims.
 */
final class FrameDecoder extends ByteToMessageDecoder {
  private int maxFrameBytes = LinkFrame.MAX_HANDSHAKE_BYTES;
  private long heardNanos = System.nanoTime();

  /** After the introduction. */
  void allow(int newMaxFrameBytes) {
    maxFrameBytes = newMaxFrameBytes;
  }

  /** When the last byte came ({@link System#nanoTime}). */
  long heardNanos() {
    return heardNanos;
  }

  /** Pushes that moment later: time in which this process itself did not run is no silence. */
  void forgive(long nanos) {
    heardNanos += nanos;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object bytes) throws Exception {
    heardNanos = System.nanoTime();
    super.channelRead(ctx, bytes);
  }

  @Override
  protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
    if (in.readableBytes() < LinkFrame.LENGTH_BYTES) {
      return;
    }
    long length = in.getUnsignedInt(in.readerIndex());
    if (length < 1 || length > 1L + maxFrameBytes) {
      throw new LinkException(
          "frame of " + length + " bytes, allowed are 1 to " + (1L + maxFrameBytes));
    }
    if (in.readableBytes() >= LinkFrame.LENGTH_BYTES + length) {
      in.skipBytes(LinkFrame.LENGTH_BYTES);
      out.add(LinkFrame.decode(in.readSlice((int) length)));
    }
  }
}
