package io.jctdb.wanlink;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Cuts the byte stream into {@link LinkFrame}s. Memory grows with the bytes that really came, not
 * with the length that a frame claims.
 */
final class FrameDecoder extends ByteToMessageDecoder {
  private int maxFrameBytes = LinkFrame.MAX_HANDSHAKE_BYTES;
  private long heardNanos = System.nanoTime();
  private long heardBytes;
  private @Nullable PieceReader pieces;

  /** After the introduction. */
  void allow(int newMaxFrameBytes) {
    maxFrameBytes = newMaxFrameBytes;
  }

  /** When the last byte came ({@link System#nanoTime}). */
  long heardNanos() {
    return heardNanos;
  }

  /** Bytes that came since the last call. */
  long takeHeardBytes() {
    long bytes = heardBytes;
    heardBytes = 0;
    return bytes;
  }

  /** Pushes that moment later: time in which this process itself did not run is no silence. */
  void forgive(long nanos) {
    heardNanos += nanos;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object bytes) throws Exception {
    heardNanos = System.nanoTime();
    if (bytes instanceof ByteBuf buffer) {
      heardBytes += buffer.readableBytes();
    }
    super.channelRead(ctx, bytes);
  }

  @Override
  protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
    LinkFrame frame = cut(in, maxFrameBytes);
    if (frame instanceof LinkFrame.Piece piece) {
      if (pieces == null) {
        pieces = new PieceReader(maxFrameBytes);
      }
      pieces.read(piece, out);
    } else if (frame != null) {
      out.add(frame);
    }
  }

  /**
   * Takes the first frame, if all of it is there.
   *
   * @throws LinkException if it is none, or longer than allowed
   */
  static @Nullable LinkFrame cut(ByteBuf in, int maxFrameBytes) {
    if (in.readableBytes() < LinkFrame.LENGTH_BYTES) {
      return null;
    }
    long length = in.getUnsignedInt(in.readerIndex());
    if (length < 1 || length > 1L + maxFrameBytes) {
      throw new LinkException(
          "frame of " + length + " bytes, allowed are 1 to " + (1L + maxFrameBytes));
    }
    if (in.readableBytes() < LinkFrame.LENGTH_BYTES + length) {
      return null;
    }
    in.skipBytes(LinkFrame.LENGTH_BYTES);
    return LinkFrame.decode(in.readSlice((int) length));
  }

  @Override
  protected void handlerRemoved0(ChannelHandlerContext ctx) {
    if (pieces != null) {
      pieces.close();
      pieces = null;
    }
  }
}
