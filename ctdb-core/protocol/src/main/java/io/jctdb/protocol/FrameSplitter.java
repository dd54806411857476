package io.jctdb.protocol;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * Cuts a byte stream into packets at their length fields (client-protocol.md 1.2, 1.3).
 *
 * <p>Chunks may be of any size. Lengths 1 to 31 are skipped, that many bytes, without a packet;
 * length 0, or one beyond the limit, means that the stream cannot be followed any more. Memory
 * grows with the bytes that arrived, never with the length that a peer promised. Not thread-safe:
 * one splitter per connection, used by its reader.
 */
public final class FrameSplitter {
  /** Far above the biggest packet seen (registry commits, memory dumps: below 10 MiB). */
  public static final int DEFAULT_MAX_LENGTH = 1 << 28;

  private static final int LENGTH_FIELD = 4;

  private final int maxLength;

  /** The beginning of a packet that has not arrived completely: {@code held[0, heldSize)}. */
  private byte[] held = new byte[0];

  private int heldSize;

  public FrameSplitter() {
    this(DEFAULT_MAX_LENGTH);
  }

  public FrameSplitter(int maxLength) {
    this.maxLength = maxLength;
  }

  /** What to do with the connection after a chunk. */
  public enum Verdict {
    /** Go on reading. */
    CONTINUE,
    /** Close it: length 0 or beyond the limit. Feed no more. */
    CLOSE
  }

  /** Takes the whole chunk; hands every packet that is complete to {@code packets}, in order. */
  public Verdict feed(ByteBuffer chunk, Consumer<byte[]> packets) {
    while (chunk.hasRemaining()) {
      if (heldSize < LENGTH_FIELD) {
        hold(chunk, LENGTH_FIELD - heldSize);
        if (heldSize < LENGTH_FIELD) {
          return Verdict.CONTINUE;
        }
      }
      int length = lengthHeld();
      if (length <= 0 || length > maxLength) {
        return Verdict.CLOSE;
      }
      if (length < LENGTH_FIELD) {
        giveBack(length);
        continue;
      }
      hold(chunk, length - heldSize);
      if (heldSize == length) {
        deliver(length, packets);
      }
    }
    return Verdict.CONTINUE;
  }

  private void deliver(int length, Consumer<byte[]> packets) {
    heldSize = 0;
    if (length < PacketHeader.SIZE) {
      return;
    }
    byte[] packet = held.length == length ? held : Arrays.copyOf(held, length);
    held = new byte[0];
    packets.accept(packet);
  }

  /** A length below 4 ends inside its own length field: what is left begins the next packet. */
  private void giveBack(int length) {
    System.arraycopy(held, length, held, 0, heldSize - length);
    heldSize -= length;
  }

  private int lengthHeld() {
    return (held[0] & 0xFF)
        | (held[1] & 0xFF) << 8
        | (held[2] & 0xFF) << 16
        | (held[3] & 0xFF) << 24;
  }

  private void hold(ByteBuffer chunk, int wanted) {
    int count = Math.min(wanted, chunk.remaining());
    int needed = heldSize + count;
    if (needed > held.length) {
      // Exactly what is needed when the packet is complete; doubled while it trickles in.
      int grown = count == wanted ? needed : (int) Math.min(Math.max(64L, 2L * needed), maxLength);
      held = Arrays.copyOf(held, Math.max(grown, needed));
    }
    chunk.get(held, heldSize, count);
    heldSize = needed;
  }
}
