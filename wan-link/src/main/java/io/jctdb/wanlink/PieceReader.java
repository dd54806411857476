package io.jctdb.wanlink;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.List;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Puts the {@code DATA} frames of another site together from the pieces in which they travel. Holds
 * at most one frame and one piece, whatever a piece claims to be.
 */
final class PieceReader implements AutoCloseable {
  /** A buffer that once held a longer frame is not kept. */
  private static final int KEEP_BYTES = 2 * LinkFrame.MAX_PIECE_BYTES;

  private final int maxFrameBytes;
  private final Inflater inflater = new Inflater(true);

  /** One more than the longest piece, so that the inflater also reads what ends it. */
  private final byte[] raw = new byte[LinkFrame.MAX_PIECE_BYTES + 1];

  private ByteBuf stream = Unpooled.buffer();

  PieceReader(int maxFrameBytes) {
    this.maxFrameBytes = maxFrameBytes;
  }

  /**
   * Adds the frames that are complete with this piece.
   *
   * @throws LinkException if the piece, or what is in it, is not what it should be
   */
  void read(LinkFrame.Piece piece, List<Object> out) {
    if (piece.deflated()) {
      inflate(piece);
      stream.writeBytes(raw, 0, piece.rawBytes());
    } else {
      stream.writeBytes(piece.payload());
    }
    LinkFrame frame;
    while ((frame = FrameDecoder.cut(stream, maxFrameBytes)) != null) {
      if (!(frame instanceof LinkFrame.Data)) {
        throw new LinkException("unexpected " + frame.getClass().getSimpleName() + " in a piece");
      }
      out.add(frame);
    }
    tidy();
  }

  private void inflate(LinkFrame.Piece piece) {
    inflater.setInput(piece.payload());
    int length = 0;
    try {
      int some;
      while ((some = inflater.inflate(raw, length, piece.rawBytes() + 1 - length)) > 0) {
        length += some;
      }
    } catch (DataFormatException e) {
      throw new LinkException("a piece that cannot be inflated: " + e.getMessage(), e);
    }
    if (length != piece.rawBytes() || inflater.getRemaining() > 0 || inflater.finished()) {
      throw new LinkException(
          "a piece that claims " + piece.rawBytes() + " bytes does not have that many");
    }
  }

  private void tidy() {
    if (stream.isReadable()) {
      stream.discardSomeReadBytes();
    } else if (stream.capacity() > KEEP_BYTES) {
      stream.release();
      stream = Unpooled.buffer();
    } else {
      stream.clear();
    }
  }

  @Override
  public void close() {
    inflater.end();
    stream.release();
  }
}
