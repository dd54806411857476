package io.jctdb.tests.bench;

import io.jctdb.protocol.CallFlag;
import io.jctdb.protocol.CallId;
import io.jctdb.protocol.Control;
import io.jctdb.protocol.FrameSplitter;
import io.jctdb.protocol.Packet;
import io.jctdb.protocol.Packet.ReplyCall;
import io.jctdb.protocol.Packet.ReplyControl;
import io.jctdb.protocol.Packet.RequestCall;
import io.jctdb.protocol.Packet.RequestControl;
import io.jctdb.protocol.Packet.RequestMessage;
import io.jctdb.protocol.PacketCodec;
import io.jctdb.protocol.PacketHeader;
import io.jctdb.protocol.Padding;
import io.jctdb.protocol.SpecialPnn;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * A connection to one node's daemon that does one thing at a time, as smbd's synchronous connection
 * does. Belongs to one thread.
 */
final class NodeClient implements AutoCloseable {
  private static final byte[] NOTHING = {};

  private final Path root;
  private final SocketChannel channel;
  private final FrameSplitter splitter = new FrameSplitter();
  private final ByteBuffer received = ByteBuffer.allocateDirect(1 << 16);
  private final ArrayDeque<Packet> arrived = new ArrayDeque<>();
  private final ArrayDeque<RequestMessage> messages = new ArrayDeque<>();
  private final int pnn;
  private int lastRequest;

  /**
   * Connects.
   *
   * @param root the node's root directory as this process sees it
   */
  NodeClient(Path root) throws IOException {
    this.root = root;
    channel = SocketChannel.open(UnixDomainSocketAddress.of(root.resolve("run/ctdb/ctdbd.socket")));
    // GET_PNN is answered with the pnn as its status.
    pnn = exchange(Control.GET_PNN, 0, NOTHING).status();
  }

  int pnn() {
    return pnn;
  }

  /** Where this process sees a file that the node calls by an absolute path. */
  Path local(String path) {
    return root.resolve(path.substring(1));
  }

  /** A control to this node's daemon that must succeed; its reply's data. */
  byte[] control(Control control, long srvid, byte[] data) throws IOException {
    ReplyControl reply = exchange(control, srvid, data);
    if (reply.status() != 0) {
      throw new IOException(
          control + " on node " + pnn + ": status " + reply.status() + " " + reply.error());
    }
    return reply.data();
  }

  int control(Control control, int argument) throws IOException {
    return number(control(control, 0, number(argument)));
  }

  /** Asks for the record; returns when it is here, and this node is its owner. */
  void migrate(int database, byte[] key) throws IOException {
    int request = ++lastRequest;
    send(
        new RequestCall(
            header(request), CallFlag.IMMEDIATE_MIGRATION, database, CallId.NULL, 0, key, NOTHING));
    if (!(reply(request) instanceof ReplyCall)) {
      throw new IOException("node " + pnn + " refused a call");
    }
  }

  void sendMessage(int destination, long srvid, byte[] data) throws IOException {
    PacketHeader header = new PacketHeader(PacketHeader.INVALID_GENERATION, destination, pnn, 0);
    send(new RequestMessage(header, srvid, data));
  }

  RequestMessage nextMessage() throws IOException {
    while (messages.isEmpty()) {
      arrived.add(next());
      sort();
    }
    return messages.remove();
  }

  private ReplyControl exchange(Control control, long srvid, byte[] data) throws IOException {
    int request = ++lastRequest;
    send(new RequestControl(header(request), control.opcode(), srvid, 0, 0, data));
    if (reply(request) instanceof ReplyControl reply) {
      return reply;
    }
    throw new IOException(control + " was not answered by a control's reply");
  }

  private static PacketHeader header(int request) {
    return new PacketHeader(
        PacketHeader.INVALID_GENERATION, SpecialPnn.CURRENT_NODE, SpecialPnn.CURRENT_NODE, request);
  }

  private void send(Packet packet) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(PacketCodec.encode(packet, Padding.NONE));
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  private Packet reply(int request) throws IOException {
    while (true) {
      Packet packet = next();
      if (packet instanceof RequestMessage message) {
        messages.add(message);
      } else if (packet.header().reqid() == request) {
        return packet;
      }
    }
  }

  private void sort() {
    for (Packet packet = arrived.poll(); packet != null; packet = arrived.poll()) {
      if (packet instanceof RequestMessage message) {
        messages.add(message);
      }
    }
  }

  private Packet next() throws IOException {
    @Nullable Packet packet = arrived.poll();
    while (packet == null) {
      received.clear();
      if (channel.read(received) < 0) {
        throw new IOException("the daemon of node " + pnn + " closed the connection");
      }
      splitter.feed(received.flip(), this::accept);
      packet = arrived.poll();
    }
    return packet;
  }

  private void accept(byte[] bytes) {
    if (PacketCodec.decode(bytes) instanceof PacketCodec.Good good) {
      arrived.add(good.packet());
    }
  }

  static byte[] number(int value) {
    return ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array();
  }

  static int number(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt();
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
