package io.jctdb.daemon.client;

import io.jctdb.protocol.Packet;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The Unix socket. It is bound early, so that clients can connect and wait, but connections are
 * accepted only after {@link #serve} (client-protocol.md 1.1).
 */
public final class ClientServer {
  private static final Logger log = LoggerFactory.getLogger(ClientServer.class);
  private static final int BACKLOG = 100;

  /** What the daemon does with what clients send. Owner thread. */
  public interface Listener {
    void packet(ClientConnection client, Packet packet);

    /** The client has gone; {@code notices} are to be broadcast on its behalf. */
    void closed(ClientConnection client, Map<Long, byte[]> notices);

    /** Sends a message packet as this node. */
    void sendMessage(ClientConnection client, long srvid, byte[] data);

    /** Tunable MaxQueueDropMsg: packets a client may leave unread before it is cut off. */
    int messageQueueLimit();
  }

  private final ClientRegistry registry;
  private final MessageRouter router;
  private final ClientStatistics statistics;
  private final Listener listener;
  private final Path path;
  private final Channel channel;

  /**
   * @throws IOException if the socket cannot be made at {@code path}
   */
  public ClientServer(
      EventLoop loop,
      Path path,
      ClientRegistry registry,
      MessageRouter router,
      ClientStatistics statistics,
      Listener listener)
      throws IOException {
    this.registry = registry;
    this.router = router;
    this.statistics = statistics;
    this.listener = listener;
    this.path = path;
    Files.createDirectories(path.getParent());
    Files.deleteIfExists(path);
    this.channel =
        new ServerBootstrap()
            .group(loop)
            .channel(EpollServerDomainSocketChannel.class)
            .option(ChannelOption.SO_BACKLOG, BACKLOG)
            .option(ChannelOption.AUTO_READ, false)
            .childHandler(
                new ChannelInitializer<EpollDomainSocketChannel>() {
                  @Override
                  protected void initChannel(EpollDomainSocketChannel child) {
                    child.pipeline().addLast(new ClientConnection(ClientServer.this, child));
                  }
                })
            .bind(new DomainSocketAddress(path.toFile()))
            .syncUninterruptibly()
            .channel();
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwx------"));
  }

  /** Starts accepting. */
  public void serve() {
    channel.config().setAutoRead(true);
  }

  /** Stops accepting and removes the socket; connections stay. Not on the owner thread. */
  public void stopListening() {
    channel.close().syncUninterruptibly();
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      log.warn("{}: cannot be removed: {}", path, e.toString());
    }
  }

  MessageRouter router() {
    return router;
  }

  ClientStatistics statistics() {
    return statistics;
  }

  int messageQueueLimit() {
    return listener.messageQueueLimit();
  }

  void opened(ClientConnection client) {
    registry.add(client);
  }

  void packet(ClientConnection client, Packet packet) {
    listener.packet(client, packet);
  }

  void sendMessage(ClientConnection client, long srvid, byte[] data) {
    listener.sendMessage(client, srvid, data);
  }

  void closed(ClientConnection client) {
    registry.remove(client);
    listener.closed(client, client.notices());
  }
}
