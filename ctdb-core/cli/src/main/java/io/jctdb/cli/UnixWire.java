package io.jctdb.cli;

import io.jctdb.protocol.FrameSplitter;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The Unix socket of a daemon. One thread. */
final class UnixWire implements Wire {
  private static final int ENOENT = 2;
  private static final int EACCES = 13;
  private static final int ECONNREFUSED = 111;

  private final SocketChannel channel;
  private final Selector selector;
  private final SelectionKey key;
  private final ByteBuffer chunk = ByteBuffer.allocateDirect(1 << 14);
  private final FrameSplitter splitter = new FrameSplitter();
  private final Deque<byte[]> packets = new ArrayDeque<>();

  private UnixWire(SocketChannel channel) throws IOException {
    this.channel = channel;
    channel.configureBlocking(false);
    selector = Selector.open();
    key = channel.register(selector, SelectionKey.OP_READ);
  }

  static UnixWire connect(Path socket) throws Host.ConnectFailure {
    try {
      SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
      channel.connect(UnixDomainSocketAddress.of(socket));
      return new UnixWire(channel);
    } catch (IOException e) {
      throw new Host.ConnectFailure(errno(e));
    }
  }

  /** Java keeps the errno to itself, but for the text that belongs to it. */
  private static int errno(IOException e) {
    String text = String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
    if (text.contains("refused")) {
      return ECONNREFUSED;
    }
    return text.contains("denied") ? EACCES : ENOENT;
  }

  @Override
  public void send(byte[] packet) {
    try {
      ByteBuffer bytes = ByteBuffer.wrap(packet);
      while (channel.write(bytes) >= 0 && bytes.hasRemaining()) {
        key.interestOps(SelectionKey.OP_READ | SelectionKey.OP_WRITE);
        selector.select();
        selector.selectedKeys().clear();
        read(); // else two full buffers would wait for each other
        key.interestOps(SelectionKey.OP_READ);
      }
    } catch (IOException e) {
      throw new ConnectionLost();
    }
  }

  @Override
  public byte @Nullable [] receive(long timeoutMillis) {
    long end = timeoutMillis == FOREVER ? 0 : System.nanoTime() + timeoutMillis * 1_000_000;
    try {
      while (packets.isEmpty()) {
        if (timeoutMillis == FOREVER) {
          selector.select();
        } else {
          long left = (end - System.nanoTime()) / 1_000_000;
          int ready = left > 0 ? selector.select(left) : selector.selectNow();
          if (ready == 0 && left <= 0) {
            return null;
          }
        }
        selector.selectedKeys().clear();
        read();
      }
      return packets.remove();
    } catch (IOException e) {
      throw new ConnectionLost();
    }
  }

  private void read() throws IOException {
    chunk.clear();
    int count = channel.read(chunk);
    if (count < 0) {
      throw new ConnectionLost();
    }
    chunk.flip();
    if (splitter.feed(chunk, packets::add) == FrameSplitter.Verdict.CLOSE) {
      throw new ConnectionLost();
    }
  }

  @Override
  public void close() {
    try {
      selector.close();
      channel.close();
    } catch (IOException e) {
      // the process ends anyway
    }
  }
}
