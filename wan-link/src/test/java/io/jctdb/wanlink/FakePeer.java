package io.jctdb.wanlink;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;

/** A node made by hand from blocking sockets, to misbehave with. */
final class FakePeer implements AutoCloseable {
  private final int pnn;
  private final InetSocketAddress address;
  private final ServerSocket server;

  FakePeer(int pnn, InetSocketAddress address) throws IOException {
    this(pnn, address, 0);
  }

  /**
   * @param backlog connections that may wait for {@link #accept}; the kernel drops the first packet
   *     of more than one beyond that. 0: its default
   */
  FakePeer(int pnn, InetSocketAddress address, int backlog) throws IOException {
    this.pnn = pnn;
    this.address = address;
    this.server = new ServerSocket();
    server.setReuseAddress(true);
    server.bind(address, backlog);
  }

  /** Takes the other's connection and welcomes it. */
  Socket accept() throws IOException {
    Socket socket = server.accept();
    if (!(read(socket) instanceof LinkFrame.Hello)) {
      throw new IOException("no greeting");
    }
    write(socket, new LinkFrame.Welcome(pnn, 99, LinkFrame.CAN_INFLATE, "main"));
    return socket;
  }

  /** Takes a connection, whoever it is from, and closes it. */
  void discard() throws IOException {
    server.accept().close();
  }

  /** Gives up waiting for connections after so long. */
  void patience(Duration limit) throws IOException {
    server.setSoTimeout((int) limit.toMillis());
  }

  Socket connect(InetSocketAddress to) throws IOException {
    Socket socket = new Socket();
    socket.setReuseAddress(true);
    socket.bind(new InetSocketAddress(address.getAddress(), 0));
    socket.connect(to);
    socket.setSoTimeout(10_000);
    return socket;
  }

  static LinkFrame read(Socket socket) throws IOException {
    DataInputStream in = new DataInputStream(socket.getInputStream());
    byte[] frame = new byte[in.readInt()];
    in.readFully(frame);
    return LinkFrame.decode(Unpooled.wrappedBuffer(frame));
  }

  static void write(Socket socket, LinkFrame frame) throws IOException {
    ByteBuf out = Unpooled.buffer();
    LinkFrame.encode(frame, out);
    socket.getOutputStream().write(out.array(), 0, out.readableBytes());
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
