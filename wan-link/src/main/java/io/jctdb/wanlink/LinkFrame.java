package io.jctdb.wanlink;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/**
 * What travels on a connection.
 *
 * <p>Layout, big-endian:
 *
 * <pre>
 *  0  u32  length of all that follows
 *  4  u8   type
 *  5       body
 * </pre>
 *
 * The connecting side sends {@code HELLO} and gets {@code WELCOME} or {@code REFUSED}. From then on
 * it sends {@code DATA} and {@code PING}; the accepting side sends {@code PONG} and {@code ALIVE}.
 *
 * <p>To another site {@code DATA} frames travel as a stream of their own in {@code PIECE}s, between
 * which a {@code PING} finds its way, or in {@code DEFLATED} ones: raw length u32, then a part of a
 * raw deflate stream (RFC 1951) that goes on over all pieces of the connection and is flushed at
 * the end of each.
 */
sealed interface LinkFrame {
  /** Of the length field. */
  int LENGTH_BYTES = 4;

  /** {@code "jctdblnk"}. */
  long MAGIC = 0x6a63_7464_626c_6e6bL;

  int VERSION = 3;

  /** A nodes list of a thousand entries fits; whoever has not introduced himself gets no more. */
  int MAX_HANDSHAKE_BYTES = 64 << 10;

  int HELLO = 1;
  int WELCOME = 2;
  int REFUSED = 3;
  int DATA = 4;
  int PING = 5;
  int PONG = 6;
  int ALIVE = 7;
  int PIECE = 8;
  int DEFLATED = 9;

  /** A feature that both sides must have: {@link #DEFLATED}. */
  int CAN_INFLATE = 1;

  /** Of what a {@link Piece} stands for, before compression. */
  int MAX_PIECE_BYTES = 64 << 10;

  int MAX_SITE_BYTES = 255;

  /**
   * Magic and version come first, so that any future version can tell.
   *
   * @param features what the sender may use, if the receiver can do it, too
   */
  record Hello(
      int version,
      int sender,
      int receiver,
      long incarnation,
      int features,
      String site,
      String nodes)
      implements LinkFrame {}

  /**
   * @param features what the sender of the greeting may use
   */
  record Welcome(int sender, long incarnation, int features, String site) implements LinkFrame {}

  record Refused(String reason) implements LinkFrame {}

  record Data(byte[] payload) implements LinkFrame {}

  /** Carries the sender's clock, which comes back in {@link Pong}. */
  record Ping(long nanos) implements LinkFrame {}

  record Pong(long nanos) implements LinkFrame {}

  /** The accepting side is there, although a long frame keeps the pings from getting through. */
  record Alive() implements LinkFrame {}

  /**
   * A part of the stream of {@code DATA} frames.
   *
   * @param rawBytes its length once it is inflated; the payload's length if it is not deflated
   */
  record Piece(boolean deflated, int rawBytes, byte[] payload) implements LinkFrame {}

  /** Writes everything but {@link Data}, whose payload is not to be copied. */
  static void encode(LinkFrame frame, ByteBuf out) {
    int start = out.writerIndex();
    out.writeInt(0);
    switch (frame) {
      case Hello m -> {
        out.writeByte(HELLO).writeLong(MAGIC).writeShort(m.version);
        out.writeInt(m.sender).writeInt(m.receiver).writeLong(m.incarnation);
        out.writeByte(m.features);
        writeSite(m.site, out);
        out.writeCharSequence(m.nodes, StandardCharsets.UTF_8);
      }
      case Welcome m -> {
        out.writeByte(WELCOME).writeInt(m.sender).writeLong(m.incarnation).writeByte(m.features);
        writeSite(m.site, out);
      }
      case Refused m -> {
        out.writeByte(REFUSED);
        out.writeCharSequence(m.reason, StandardCharsets.UTF_8);
      }
      case Data m -> out.writeByte(DATA).writeBytes(m.payload);
      case Ping m -> out.writeByte(PING).writeLong(m.nanos);
      case Pong m -> out.writeByte(PONG).writeLong(m.nanos);
      case Alive m -> out.writeByte(ALIVE);
      case Piece m -> {
        out.writeByte(m.deflated ? DEFLATED : PIECE);
        if (m.deflated) {
          out.writeInt(m.rawBytes);
        }
        out.writeBytes(m.payload);
      }
    }
    out.setInt(start, out.writerIndex() - start - LENGTH_BYTES);
  }

  /**
   * Reads the frame of which {@code in} holds type and body and nothing else.
   *
   * @throws LinkException if it is none
   */
  static LinkFrame decode(ByteBuf in) {
    int type = in.readUnsignedByte();
    LinkFrame frame =
        switch (type) {
          case HELLO -> hello(in);
          case WELCOME ->
              new Welcome(need(in, 14).readInt(), in.readLong(), in.readUnsignedByte(), site(in));
          case REFUSED -> new Refused(text(in));
          case DATA -> new Data(rest(in));
          case PING -> new Ping(need(in, 8).readLong());
          case PONG -> new Pong(need(in, 8).readLong());
          case ALIVE -> new Alive();
          case PIECE -> piece(false, in.readableBytes(), in);
          case DEFLATED -> piece(true, need(in, 4).readInt(), in);
          default -> throw new LinkException("frame type " + type);
        };
    if (in.isReadable()) {
      throw new LinkException("frame of type " + type + " is too long");
    }
    return frame;
  }

  private static Hello hello(ByteBuf in) {
    if (need(in, 10).readLong() != MAGIC) {
      throw new LinkException("greeting without our magic");
    }
    int version = in.readUnsignedShort();
    if (version != VERSION) {
      in.skipBytes(in.readableBytes());
      return new Hello(version, -1, -1, 0, 0, "", "");
    }
    need(in, 18);
    return new Hello(
        version,
        in.readInt(),
        in.readInt(),
        in.readLong(),
        in.readUnsignedByte(),
        site(in),
        text(in));
  }

  private static Piece piece(boolean deflated, int rawBytes, ByteBuf in) {
    if (rawBytes < 1 || rawBytes > MAX_PIECE_BYTES) {
      throw new LinkException("piece of " + rawBytes + " bytes");
    }
    return new Piece(deflated, rawBytes, rest(in));
  }

  private static byte[] rest(ByteBuf in) {
    byte[] bytes = new byte[in.readableBytes()];
    in.readBytes(bytes);
    return bytes;
  }

  private static void writeSite(String site, ByteBuf out) {
    byte[] bytes = site.getBytes(StandardCharsets.UTF_8);
    out.writeByte(bytes.length).writeBytes(bytes);
  }

  private static String site(ByteBuf in) {
    int length = in.readUnsignedByte();
    return need(in, length).readCharSequence(length, StandardCharsets.UTF_8).toString();
  }

  private static ByteBuf need(ByteBuf in, int bytes) {
    if (in.readableBytes() < bytes) {
      throw new LinkException("truncated frame");
    }
    return in;
  }

  private static String text(ByteBuf in) {
    return in.readCharSequence(in.readableBytes(), StandardCharsets.UTF_8).toString();
  }
}
