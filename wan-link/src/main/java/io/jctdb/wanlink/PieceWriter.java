package io.jctdb.wanlink;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayDeque;
import java.util.zip.Deflater;
import org.jspecify.annotations.Nullable;

/**
 * The {@code DATA} frames that wait for their way to another site, and the pieces that they are cut
 * into. With compression the dictionary goes on from piece to piece: frames of one kind differ
 * little, and are short.
 *
 * <p>Zlib's deflate, because both sides have it in the Java runtime; at its fastest level, because
 * the thread that serves records does it.
 */
final class PieceWriter implements AutoCloseable {
  static final int PIECE_BYTES = 32 << 10;
  private static final int HEADER_BYTES = LinkFrame.LENGTH_BYTES + 1;

  private final ArrayDeque<byte[]> frames = new ArrayDeque<>();
  private final byte[] raw;
  private final byte[] deflated;
  private final @Nullable Deflater deflater;

  /** Of the first frame with its header, what has gone. */
  private int gone;

  private long bytes;

  /**
   * @param maxFrameBytes what the receiver takes at once
   */
  PieceWriter(boolean compress, int maxFrameBytes) {
    this.deflater = compress ? new Deflater(Deflater.BEST_SPEED, true) : null;
    // Half of it, because data that cannot be compressed gets a little longer.
    this.raw = new byte[Math.max(1, Math.min(PIECE_BYTES, maxFrameBytes / 2))];
    this.deflated = new byte[raw.length];
  }

  void add(byte[] frame) {
    frames.add(frame);
    bytes += HEADER_BYTES + frame.length;
  }

  boolean isEmpty() {
    return frames.isEmpty();
  }

  /** What waits, with headers, not compressed. */
  long bytes() {
    return bytes;
  }

  /** The next piece, ready to be sent. There must be something that waits. */
  ByteBuf next(ByteBufAllocator alloc) {
    int length = fill();
    bytes -= length;
    ByteBuf out = alloc.buffer(length + 64);
    if (deflater == null) {
      out.writeInt(0).writeByte(LinkFrame.PIECE).writeBytes(raw, 0, length);
    } else {
      out.writeInt(0).writeByte(LinkFrame.DEFLATED).writeInt(length);
      deflate(deflater, length, out);
    }
    return out.setInt(0, out.writerIndex() - LinkFrame.LENGTH_BYTES);
  }

  private void deflate(Deflater stream, int length, ByteBuf out) {
    stream.setInput(raw, 0, length);
    int some;
    do {
      some = stream.deflate(deflated, 0, deflated.length, Deflater.SYNC_FLUSH);
      out.writeBytes(deflated, 0, some);
    } while (some == deflated.length);
  }

  /** As many frames as fit, the first and the last of them perhaps in part. */
  private int fill() {
    int length = 0;
    while (length < raw.length && !frames.isEmpty()) {
      byte[] frame = frames.element();
      while (gone < HEADER_BYTES && length < raw.length) {
        raw[length++] = header(frame.length + 1, gone++);
      }
      int some = Math.min(raw.length - length, frame.length - (gone - HEADER_BYTES));
      if (gone >= HEADER_BYTES) {
        System.arraycopy(frame, gone - HEADER_BYTES, raw, length, some);
        length += some;
        gone += some;
      }
      if (gone == HEADER_BYTES + frame.length) {
        frames.remove();
        gone = 0;
      }
    }
    return length;
  }

  private static byte header(int frameLength, int index) {
    return index == LinkFrame.LENGTH_BYTES
        ? LinkFrame.DATA
        : (byte) (frameLength >>> (24 - 8 * index));
  }

  @Override
  public void close() {
    if (deflater != null) {
      deflater.end();
    }
    frames.clear();
    bytes = 0;
  }
}
