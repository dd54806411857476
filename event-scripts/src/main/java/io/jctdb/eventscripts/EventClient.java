package io.jctdb.eventscripts;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/** Asks whoever serves the event socket, our daemon or ctdbd's; one request at a time. */
final class EventClient implements AutoCloseable {
  /** Status carries the output of all scripts of an event. */
  private static final int REPLY_BYTES_MAX = 256 << 20;

  private static final int REPLY_BYTES_MIN = EventPacket.HEADER_BYTES + 8;

  private final SocketChannel channel;

  EventClient(Path socket) throws IOException {
    channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
  }

  EventPacket.Reply ask(EventPacket.Request request) throws IOException {
    ByteBuffer packet = EventPacket.request(request);
    while (packet.hasRemaining()) {
      int _ = channel.write(packet);
    }
    ByteBuffer header = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
    fill(header);
    int length = header.getInt(0);
    if (length < REPLY_BYTES_MIN || length > REPLY_BYTES_MAX) {
      throw new IOException("a reply of " + length + " bytes");
    }
    ByteBuffer reply = ByteBuffer.allocate(length).put(header.flip());
    fill(reply);
    try {
      return EventPacket.parseReply(reply.flip());
    } catch (EventPacket.Malformed e) {
      throw new IOException("a reply that makes no sense: " + e.getMessage(), e);
    }
  }

  private void fill(ByteBuffer buffer) throws IOException {
    while (buffer.hasRemaining()) {
      if (channel.read(buffer) < 0) {
        throw new IOException("the event daemon closed the connection");
      }
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
