package io.jctdb.wanlink;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;

/**
 * Sends frames to a node of another site: in pieces, compressed if both sides agreed, no faster
 * than allowed, and with little of it out of our hands at any time, so that what waits can be
 * counted and a ping need not wait behind it.
 */
final class FarSender implements AutoCloseable {
  /** A second's worth on a line of 1 Mbit/s, with what the kernel keeps: a ping waits for that. */
  private static final long HANDED_OVER_BYTES = 64 << 10;

  private final Channel channel;
  private final PieceWriter pieces;
  private final PacedLinks turns;
  private final WireCounter counter;
  private long handedOverBytes;
  private boolean closed;

  /** Is told of the bytes of each piece. */
  interface WireCounter {
    void sent(long bytes);
  }

  FarSender(Channel channel, PieceWriter pieces, PacedLinks turns, WireCounter counter) {
    this.channel = channel;
    this.pieces = pieces;
    this.turns = turns;
    this.counter = counter;
  }

  void add(byte[] frame) {
    pieces.add(frame);
  }

  /** What waits, and what Netty has not yet handed to the kernel. */
  long queuedBytes() {
    return pieces.bytes() + handedOverBytes;
  }

  /** Sends what may go now; the rest follows by itself. */
  void drain() {
    boolean more = canSend();
    while (more && turns.mayGo(this)) {
      more = sendPiece();
    }
  }

  /** Sends one piece; false if there is none, or none may go before others have gone. */
  boolean sendPiece() {
    if (!canSend()) {
      return false;
    }
    ByteBuf piece = pieces.next(channel.alloc());
    long size = piece.readableBytes();
    handedOverBytes += size;
    turns.sent(size);
    counter.sent(size);
    channel.writeAndFlush(piece).addListener(written -> handedOver(size));
    return canSend();
  }

  private boolean canSend() {
    return !closed && !pieces.isEmpty() && handedOverBytes < HANDED_OVER_BYTES;
  }

  private void handedOver(long size) {
    boolean wasFull = handedOverBytes >= HANDED_OVER_BYTES;
    handedOverBytes -= size;
    if (wasFull) {
      drain();
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      turns.forget(this);
      pieces.close();
    }
  }
}
