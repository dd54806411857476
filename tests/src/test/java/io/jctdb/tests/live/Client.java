package io.jctdb.tests.live;

import io.jctdb.protocol.CallFlag;
import io.jctdb.protocol.Control;
import io.jctdb.protocol.FrameSplitter;
import io.jctdb.protocol.NodeMap;
import io.jctdb.protocol.Packet;
import io.jctdb.protocol.PacketCodec;
import io.jctdb.protocol.PacketHeader;
import io.jctdb.protocol.Padding;
import io.jctdb.protocol.Payload;
import io.jctdb.protocol.RunState;
import io.jctdb.protocol.SpecialPnn;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;

/** A client that can say anything. Nothing waits longer than some seconds. */
final class Client implements AutoCloseable {
  private static final long PATIENCE_MS = 20_000;

  private final SocketChannel channel;
  private final Selector selector = Selector.open();
  private final FrameSplitter splitter = new FrameSplitter();
  private final Deque<Packet> arrived = new ArrayDeque<>();
  private int lastRequest;

  Client(Path socket) throws IOException {
    channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
    channel.configureBlocking(false);
    channel.register(selector, SelectionKey.OP_READ);
  }

  boolean isHealthy() throws IOException {
    if (Payload.u32(ask(Control.GET_RUNSTATE, new byte[0]).data()) != RunState.RUNNING.number()) {
      return false;
    }
    NodeMap nodes = NodeMap.decode(ask(Control.GET_NODEMAP, new byte[0]).data());
    return nodes.nodes().getFirst().flags() == 0;
  }

  /** A control to this node, and its answer. */
  Packet.ReplyControl ask(Control control, byte[] data) throws IOException {
    return ask(control.opcode(), 0, data);
  }

  Packet.ReplyControl ask(int opcode, long srvid, byte[] data) throws IOException {
    int request = ++lastRequest;
    write(control(request, opcode, srvid, data));
    return (Packet.ReplyControl) answer(request);
  }

  static byte[] control(int request, int opcode, long srvid, byte[] data) {
    return PacketCodec.encode(
        new Packet.RequestControl(
            header(request, SpecialPnn.CURRENT_NODE), opcode, srvid, 0, 0, data),
        Padding.NONE);
  }

  Packet call(int dbId, int callId, byte[] key) throws IOException {
    int request = ++lastRequest;
    write(
        PacketCodec.encode(
            new Packet.RequestCall(
                header(request, 0),
                CallFlag.IMMEDIATE_MIGRATION,
                dbId,
                callId,
                0,
                key,
                new byte[0]),
            Padding.NONE));
    return answer(request);
  }

  static byte[] message(int pnn, long srvid, byte[] data) {
    return PacketCodec.encode(new Packet.RequestMessage(header(0, pnn), srvid, data), Padding.NONE);
  }

  private static PacketHeader header(int request, int destination) {
    return new PacketHeader(PacketHeader.INVALID_GENERATION, destination, 0, request);
  }

  private Packet answer(int request) throws IOException {
    while (true) {
      Packet packet = next();
      if (!(packet instanceof Packet.RequestMessage) && packet.header().reqid() == request) {
        return packet;
      }
    }
  }

  /** The data of the next message to that srvid. */
  byte[] nextMessage(long srvid) throws IOException {
    while (true) {
      if (next() instanceof Packet.RequestMessage message && message.srvid() == srvid) {
        return message.data();
      }
    }
  }

  Packet next() throws IOException {
    while (arrived.isEmpty()) {
      if (!read()) {
        throw new IOException("the daemon closed the connection");
      }
    }
    return arrived.remove();
  }

  /** Waits until the daemon closes this connection; false if it does not. */
  boolean isCutOff() throws IOException {
    try {
      while (read()) {
        arrived.clear();
      }
      return true;
    } catch (SilenceException e) {
      return false;
    } catch (IOException e) {
      return true;
    }
  }

  private boolean read() throws IOException {
    ByteBuffer chunk = ByteBuffer.allocate(1 << 16);
    selector.selectedKeys().clear();
    if (selector.select(PATIENCE_MS) == 0) {
      throw new SilenceException();
    }
    if (channel.read(chunk) < 0) {
      return false;
    }
    splitter.feed(chunk.flip(), this::accept);
    return true;
  }

  private void accept(byte[] bytes) {
    switch (PacketCodec.decode(bytes)) {
      case PacketCodec.Good good -> arrived.add(good.packet());
      case PacketCodec.Discard discard -> throw new AssertionError(discard.reason());
    }
  }

  /** Sends all of it. */
  void write(byte[] bytes) throws IOException {
    ByteBuffer rest = ByteBuffer.wrap(bytes);
    while (rest.hasRemaining()) {
      if (channel.write(rest) == 0) {
        Thread.onSpinWait();
      }
    }
  }

  /** Sends what the daemon takes without waiting; the number of bytes. */
  int tryWrite(ByteBuffer bytes) throws IOException {
    return channel.write(bytes);
  }

  @Override
  public void close() throws IOException {
    selector.close();
    channel.close();
  }

  private static final class SilenceException extends IOException {
    SilenceException() {
      super("nothing came within " + PATIENCE_MS + " ms");
    }
  }
}
