package io.jctdb.daemon.client;

import io.jctdb.protocol.FrameSplitter;
import io.jctdb.protocol.Packet;
import io.jctdb.protocol.PacketCodec;
import io.jctdb.protocol.Padding;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.unix.PeerCredentials;
import java.io.IOException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client on the Unix socket: framing, and what dies with the connection (registrations, notify
 * entries). Bad input never disturbs anybody else: it is dropped or ends this connection, as
 * client-protocol.md 1.3 says.
 *
 * <p>A client that is slow, stuck or hostile costs the daemon a bounded amount of memory. From one
 * that leaves too much unread, or asks for more than is answered, nothing more is read until it has
 * caught up: its own writes block, nobody else's. Replies are never dropped. Messages come from
 * others, so they cannot be held back; one who lets too many pile up is cut off.
 *
 * <p>Owner thread only.
 */
public final class ClientConnection extends ChannelInboundHandlerAdapter
    implements MessageRouter.MessageListener {
  private static final Logger log = LoggerFactory.getLogger(ClientConnection.class);

  /** Above the biggest that is known (registry imports, a few MiB), well below our memory. */
  static final int PACKET_BYTES_MAX = 32 << 20;

  /** Reading stops above and goes on below half of it; far more than smbd ever leaves unread. */
  static final int UNREAD_BYTES_MAX = 4 << 20;

  /**
   * The same for requests without an answer; smbd has a few, parallel commands of the tool more.
   */
  static final int UNANSWERED_MAX = 4_096;

  /** Messages above it end the connection. */
  static final long MESSAGE_BYTES_MAX = Math.min(64 << 20, Runtime.getRuntime().maxMemory() / 8);

  /** smbd has half a dozen. */
  static final int REGISTRATIONS_MAX = 16_384;

  private static final int NOTICES_MAX = 256;
  private static final int NOTICE_BYTES_MAX = 4_096;

  private static long lastId;

  private final long id = ++lastId;
  private final ClientServer server;
  private final EpollDomainSocketChannel channel;
  private final FrameSplitter splitter = new FrameSplitter(PACKET_BYTES_MAX);
  private final Map<Long, Integer> registrations = new HashMap<>();
  private final Map<Long, byte[]> notices = new LinkedHashMap<>();
  private int pid = -1;
  private int queuedPackets;
  private long queuedBytes;
  private int unanswered;
  private int registered;
  private boolean flushPending;
  private boolean committing;
  private boolean held;

  ClientConnection(ClientServer server, EpollDomainSocketChannel channel) {
    this.server = server;
    this.channel = channel;
  }

  /** Distinguishes connections; never used again. */
  public long id() {
    return id;
  }

  /** Process id of whoever called connect, in this pid namespace; −1 if the kernel did not say. */
  public int pid() {
    return pid;
  }

  public boolean isOpen() {
    return channel.isActive();
  }

  /** Whether a TRANS3_COMMIT of this client is under way; it may have only one. */
  public boolean isCommitting() {
    return committing;
  }

  public void setCommitting(boolean committing) {
    this.committing = committing;
  }

  /** False if this client has too many. */
  public boolean register(long srvid) {
    if (registered >= REGISTRATIONS_MAX) {
      return false;
    }
    registered++;
    registrations.merge(srvid, 1, Integer::sum);
    server.router().register(srvid, this);
    return true;
  }

  public boolean deregister(long srvid) {
    Integer count = registrations.get(srvid);
    if (count == null) {
      return false;
    }
    if (count == 1) {
      registrations.remove(srvid);
    } else {
      registrations.put(srvid, count - 1);
    }
    registered--;
    return server.router().deregister(srvid, this);
  }

  public boolean hasRegistered(long srvid) {
    return registrations.containsKey(srvid);
  }

  /**
   * A message to be broadcast when this connection ends.
   *
   * @return false if that srvid has one already, or this client too many
   */
  public boolean addNotice(long srvid, byte[] data) {
    if (notices.size() >= NOTICES_MAX || data.length > NOTICE_BYTES_MAX) {
      return false;
    }
    return notices.putIfAbsent(srvid, data) == null;
  }

  public boolean removeNotice(long srvid) {
    return notices.remove(srvid) != null;
  }

  Map<Long, byte[]> notices() {
    return notices;
  }

  @Override
  public void message(long srvid, byte[] data) {
    if (queuedPackets > server.messageQueueLimit() || queuedBytes > MESSAGE_BYTES_MAX) {
      log.warn(
          "client pid {} does not read: {} packets of {} bytes wait; closing its connection",
          pid,
          queuedPackets,
          queuedBytes);
      channel.close(); // without a flush, which would keep them
      return;
    }
    server.sendMessage(this, srvid, data);
  }

  /** Queues a packet. Replies are never dropped, however slow the client. */
  public void send(Packet packet) {
    if (!channel.isActive()) {
      return;
    }
    server.statistics().packetSent();
    ByteBuf bytes = Unpooled.wrappedBuffer(PacketCodec.encode(packet, Padding.DAEMON_TO_CLIENT));
    int size = bytes.readableBytes();
    queuedPackets++;
    queuedBytes += size;
    channel
        .write(bytes)
        .addListener(
            f -> {
              queuedPackets--;
              queuedBytes -= size;
              readIfCaughtUp();
            });
    readIfCaughtUp();
    if (!flushPending) {
      flushPending = true;
      channel.eventLoop().execute(this::flush);
    }
  }

  /** Packets written but not yet taken by the kernel. */
  public int queuedPackets() {
    return queuedPackets;
  }

  /** The same in bytes. */
  public long queuedBytes() {
    return queuedBytes;
  }

  /** A request has arrived that will be answered; {@link #answered} follows once. */
  public void asked() {
    unanswered++;
    readIfCaughtUp();
  }

  public void answered() {
    unanswered--;
    readIfCaughtUp();
  }

  /** While true, nothing more is read: what it sends waits for another node. */
  public void hold(boolean hold) {
    held = hold;
    readIfCaughtUp();
  }

  private void readIfCaughtUp() {
    boolean reading = channel.config().isAutoRead();
    int share = reading ? 1 : 2; // stop at the limit, go on at half of it
    boolean caughtUp =
        !held && queuedBytes <= UNREAD_BYTES_MAX / share && unanswered <= UNANSWERED_MAX / share;
    if (caughtUp != reading) {
      log.debug(
          "client pid {}: {} reading: {} bytes unread, {} requests unanswered{}",
          pid,
          caughtUp ? "goes on" : "stops",
          queuedBytes,
          unanswered,
          held ? ", another node is behind" : "");
      channel.config().setAutoRead(caughtUp);
    }
  }

  private void flush() {
    flushPending = false;
    channel.flush();
  }

  public ChannelFuture close() {
    channel.flush();
    return channel.close();
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    try {
      PeerCredentials peer = channel.peerCredentials();
      pid = peer.pid();
    } catch (IOException e) {
      log.warn("cannot tell who connected: {}", e.toString());
    }
    server.opened(this);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf in = (ByteBuf) message;
    FrameSplitter.Verdict verdict;
    try {
      verdict = splitter.feed(in.nioBuffer(), this::frame);
    } finally {
      in.release();
    }
    if (verdict == FrameSplitter.Verdict.CLOSE) {
      log.warn("client pid {} sent a packet of impossible length; closing its connection", pid);
      close();
    } else if (flushPending) {
      flush();
    }
  }

  private void frame(byte[] bytes) {
    if (!channel.isActive()) {
      return; // closed by an earlier packet of the same chunk
    }
    server.statistics().packetReceived();
    switch (PacketCodec.decode(bytes)) {
      case PacketCodec.Good good -> server.packet(this, good.packet());
      case PacketCodec.Discard discard ->
          log.debug("client pid {}: packet dropped: {}", pid, discard.reason());
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    registrations.forEach(
        (srvid, count) -> {
          for (int i = 0; i < count; i++) {
            server.router().deregister(srvid, this);
          }
        });
    registrations.clear();
    server.closed(this);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    if (cause instanceof IOException) {
      log.debug("client pid {}: {}", pid, cause.toString());
    } else {
      log.error("client pid {}: closing its connection after an internal error", pid, cause);
    }
    channel.close();
  }
}
