package io.jctdb.protocol;

import io.jctdb.protocol.Packet.Keepalive;
import io.jctdb.protocol.Packet.ReplyCall;
import io.jctdb.protocol.Packet.ReplyControl;
import io.jctdb.protocol.Packet.ReplyDmaster;
import io.jctdb.protocol.Packet.ReplyError;
import io.jctdb.protocol.Packet.RequestCall;
import io.jctdb.protocol.Packet.RequestControl;
import io.jctdb.protocol.Packet.RequestDmaster;
import io.jctdb.protocol.Packet.RequestMessage;
import io.jctdb.protocol.Packet.RequestTunnel;
import java.nio.charset.StandardCharsets;

/** Whole packets to bytes and back (client-protocol.md 1.2, 1.3, 2). */
public final class PacketCodec {
  private PacketCodec() {}

  /** What became of a byte string that was said to be a packet. */
  public sealed interface Decoded {}

  /** A packet that keeps the rules. */
  public record Good(Packet packet) implements Decoded {}

  /** Drop it, do not answer, keep the connection (1.3); {@code reason} is for the log. */
  public record Discard(String reason) implements Decoded {}

  /**
   * Decodes one whole packet. Never throws, whatever the bytes; bytes after the last field are
   * padding and are ignored.
   */
  public static Decoded decode(byte[] packet) {
    if (packet.length < PacketHeader.SIZE) {
      return new Discard("packet of " + packet.length + " bytes is shorter than a header");
    }
    ByteReader in = new ByteReader(packet);
    int length = in.u32();
    int magic = in.u32();
    int version = in.u32();
    int generation = in.u32();
    int number = in.u32();
    PacketHeader header = new PacketHeader(generation, in.u32(), in.u32(), in.u32());
    if (length != packet.length) {
      return new Discard("header says " + length + " bytes, packet has " + packet.length);
    }
    if (magic != PacketHeader.MAGIC || version != PacketHeader.VERSION) {
      return new Discard(String.format("magic 0x%08x version %d", magic, version));
    }
    Operation operation = Operation.of(number);
    if (operation == null) {
      return new Discard("unknown operation " + Integer.toUnsignedString(number));
    }
    try {
      return new Good(body(operation, header, in));
    } catch (MalformedPacketException e) {
      return new Discard(operation + ": " + e.getMessage());
    }
  }

  /** Encodes a packet; its length field and padding are those of the sender's habit. */
  public static byte[] encode(Packet packet, Padding padding) {
    ByteWriter out = new ByteWriter(64 + payloadSize(packet));
    PacketHeader header = packet.header();
    out.u32(0).u32(PacketHeader.MAGIC).u32(PacketHeader.VERSION).u32(header.generation());
    out.u32(packet.operation().number()).u32(header.destnode()).u32(header.srcnode());
    out.u32(header.reqid());
    writeBody(packet, out);
    int length = padding.padded(packet.operation(), out.size());
    out.zeros(length - out.size());
    out.setU32(0, length);
    return out.toBytes();
  }

  private static Packet body(Operation operation, PacketHeader header, ByteReader in) {
    return switch (operation) {
      case REQ_CALL -> requestCall(header, in);
      case REPLY_CALL -> new ReplyCall(header, in.u32(), in.bytes(in.lengthWithinRest()));
      case REPLY_ERROR -> new ReplyError(header, in.u32(), in.bytes(in.lengthWithinRest()));
      case REQ_MESSAGE -> new RequestMessage(header, in.u64(), in.bytes(in.lengthWithinRest()));
      case REQ_CONTROL -> requestControl(header, in);
      case REPLY_CONTROL -> replyControl(header, in);
      case REQ_TUNNEL ->
          new RequestTunnel(header, in.u64(), in.u32(), in.bytes(in.lengthWithinRest()));
      case REQ_DMASTER -> requestDmaster(header, in);
      case REPLY_DMASTER -> replyDmaster(header, in);
      case REQ_KEEPALIVE -> new Keepalive(header, in.u32(), in.u32());
    };
  }

  private static RequestCall requestCall(PacketHeader header, ByteReader in) {
    int flags = in.u32();
    int dbId = in.u32();
    int callId = in.u32();
    int hopCount = in.u32();
    int keyLength = in.u32();
    int dataLength = in.u32();
    return new RequestCall(
        header, flags, dbId, callId, hopCount, in.bytes(keyLength), in.bytes(dataLength));
  }

  private static RequestControl requestControl(PacketHeader header, ByteReader in) {
    int opcode = in.u32();
    in.skip(4);
    return new RequestControl(
        header, opcode, in.u64(), in.u32(), in.u32(), in.bytes(in.lengthWithinRest()));
  }

  private static ReplyControl replyControl(PacketHeader header, ByteReader in) {
    int status = in.u32();
    int dataLength = in.u32();
    int errorLength = in.u32();
    return new ReplyControl(header, status, in.bytes(dataLength), in.text(errorLength));
  }

  private static RequestDmaster requestDmaster(PacketHeader header, ByteReader in) {
    int dbId = in.u32();
    long rsn = in.skip(4).u64();
    int dmaster = in.u32();
    int keyLength = in.u32();
    int dataLength = in.u32();
    return new RequestDmaster(
        header, dbId, rsn, dmaster, in.bytes(keyLength), in.bytes(dataLength), in.u32());
  }

  private static ReplyDmaster replyDmaster(PacketHeader header, ByteReader in) {
    int dbId = in.u32();
    long rsn = in.skip(4).u64();
    int keyLength = in.u32();
    int dataLength = in.u32();
    return new ReplyDmaster(header, dbId, rsn, in.bytes(keyLength), in.bytes(dataLength), in.u32());
  }

  private static int payloadSize(Packet packet) {
    return switch (packet) {
      case RequestCall p -> p.key().length + p.callData().length;
      case ReplyCall p -> p.data().length;
      case ReplyError p -> p.message().length;
      case RequestMessage p -> p.data().length;
      case RequestControl p -> p.data().length;
      case ReplyControl p -> p.data().length + p.error().length();
      case RequestTunnel p -> p.data().length;
      case RequestDmaster p -> p.key().length + p.data().length;
      case ReplyDmaster p -> p.key().length + p.data().length;
      case Keepalive p -> 0;
    };
  }

  private static void writeBody(Packet packet, ByteWriter out) {
    switch (packet) {
      case RequestCall p -> {
        out.u32(p.flags()).u32(p.dbId()).u32(p.callId()).u32(p.hopCount());
        out.u32(p.key().length).u32(p.callData().length).bytes(p.key()).bytes(p.callData());
      }
      case ReplyCall p -> out.u32(p.status()).u32(p.data().length).bytes(p.data());
      case ReplyError p -> out.u32(p.status()).u32(p.message().length).bytes(p.message());
      case RequestMessage p -> out.u64(p.srvid()).u32(p.data().length).bytes(p.data());
      case RequestControl p -> {
        out.u32(p.opcode()).u32(0).u64(p.srvid()).u32(p.clientId()).u32(p.flags());
        out.u32(p.data().length).bytes(p.data());
      }
      case ReplyControl p -> {
        byte[] error = p.error().getBytes(StandardCharsets.UTF_8);
        out.u32(p.status()).u32(p.data().length).u32(error.length).bytes(p.data()).bytes(error);
      }
      case RequestTunnel p ->
          out.u64(p.tunnelId()).u32(p.flags()).u32(p.data().length).bytes(p.data());
      case RequestDmaster p -> {
        out.u32(p.dbId()).u32(0).u64(p.rsn()).u32(p.dmaster());
        out.u32(p.key().length).u32(p.data().length).bytes(p.key()).bytes(p.data());
        out.u32(p.recordFlags());
      }
      case ReplyDmaster p -> {
        out.u32(p.dbId()).u32(0).u64(p.rsn());
        out.u32(p.key().length).u32(p.data().length).bytes(p.key()).bytes(p.data());
        out.u32(p.recordFlags());
      }
      case Keepalive p -> out.u32(p.version()).u32(p.uptime());
    }
  }
}
