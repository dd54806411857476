package io.jctdb.wanlink;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.unix.IntegerUnixChannelOption;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The links of this node to all others.
 *
 * <p>Each ordered pair of nodes has one TCP connection on which frames flow one way, from the
 * connecting to the accepting side; a link is the two connections of a pair of nodes together.
 * Within one direction frames arrive in the order sent, or the link goes down.
 *
 * <p>Threading: everything happens on one Netty event loop (epoll), the owner thread of the daemon.
 * All methods but {@link #start} and {@link #close} may only be called there.
 */
public final class LinkManager {
  private static final Logger log = LoggerFactory.getLogger(LinkManager.class);

  /** Connections that have not introduced themselves; nodes need one each. */
  private static final int MAX_STRANGERS = 256;

  /** What the kernel may hold back of a line to another site: more would hide the backlog in it. */
  private static final long NOT_SENT_BYTES = 64 << 10;

  private static final int IPPROTO_TCP = 6;

  /**
   * With little on the way, as is usual here, the kernel repeats it at an even pace for a while
   * instead of doubling the pause each time (tcp(7), tcp_thin_linear_timeouts): a line that comes
   * back is noticed sooner.
   */
  private static final IntegerUnixChannelOption THIN_LINEAR_TIMEOUTS =
      new IntegerUnixChannelOption("TCP_THIN_LINEAR_TIMEOUTS", IPPROTO_TCP, 16);

  private final EventLoop loop;
  private final LinkConfig config;
  private final LinkListener listener;
  private final @Nullable TlsContexts tls;
  private final Complaints complaints = new Complaints(log::warn, System::nanoTime);
  private final InetSocketAddress listenAddress;

  private final Map<Integer, Peer> peers = new TreeMap<>();
  private final Set<IncomingLink> strangers = new HashSet<>();
  private final List<OutgoingLink> unflushed = new ArrayList<>();
  private final ChannelGroup channels;
  private final PacedLinks pacedLinks;
  private NodesList nodes;
  private @Nullable Channel server;
  private @Nullable Future<?> ticker;
  private long lastTickNanos;
  private boolean closed;

  /**
   * Does not open anything yet.
   *
   * @param loop runs with an {@code EpollIoHandler}
   * @throws LinkException if the certificate files cannot be used
   */
  public LinkManager(EventLoop loop, LinkConfig config, LinkListener listener) {
    this.loop = loop;
    this.config = config;
    this.listener = listener;
    this.nodes = new NodesList(config.nodes());
    this.channels = new DefaultChannelGroup(loop);
    this.pacedLinks = new PacedLinks(loop, config.wideArea().bytesPerSecond());
    InetSocketAddress own = nodes.address(config.self());
    if (own == null || own.isUnresolved()) {
      throw new LinkException("node " + config.self() + " has no usable address: " + own);
    }
    this.listenAddress = own;
    this.tls =
        switch (config.security()) {
          case LinkSecurity.Plain plain -> null;
          case LinkSecurity.Tls files -> new TlsContexts(files);
        };
  }

  /**
   * Starts to listen, then to connect. May be called from any thread.
   *
   * @return completes when the port is open, or with a {@link LinkException} naming address, port
   *     and what is in the way
   */
  public CompletableFuture<Void> start() {
    CompletableFuture<Void> started = new CompletableFuture<>();
    loop.execute(() -> bind(started));
    return started;
  }

  private void bind(CompletableFuture<Void> started) {
    ChannelFuture bound =
        new ServerBootstrap()
            .group(loop)
            .channel(EpollServerSocketChannel.class)
            .option(ChannelOption.SO_REUSEADDR, true)
            .option(ChannelOption.SO_BACKLOG, 256)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childHandler(initializer(this::accepted))
            .bind(listenAddress);
    channels.add(bound.channel());
    bound.addListener(
        done -> {
          if (!done.isSuccess()) {
            started.completeExceptionally(bindFailure(done.cause()));
            return;
          }
          server = bound.channel();
          lastTickNanos = System.nanoTime();
          scheduleTick();
          nodes
              .asMap()
              .forEach(
                  (pnn, address) -> {
                    if (pnn != config.self()) {
                      addPeer(pnn, address);
                    }
                  });
          started.complete(null);
        });
  }

  private LinkException bindFailure(Throwable cause) {
    String where = listenAddress.getAddress().getHostAddress() + ":" + listenAddress.getPort();
    String reason = Failure.text(cause);
    String hint =
        reason.contains("in use")
            ? "another daemon (jctdbd, or Samba's ctdbd) of this node seems to hold it; "
                + "'ss -ltnp sport = :"
                + listenAddress.getPort()
                + "' shows which"
            : "is it an address of this host? The nodes file gives it to node " + config.self();
    return new LinkException(
        "cannot listen for other nodes on " + where + ": " + reason + "; " + hint, cause);
  }

  /**
   * Closes the port and all connections. No listener method is called afterwards. May be called
   * from any thread.
   *
   * @return completes when the port is free
   */
  public CompletableFuture<Void> close() {
    CompletableFuture<Void> done = new CompletableFuture<>();
    loop.execute(
        () -> {
          closed = true;
          if (ticker != null) {
            ticker.cancel(false);
          }
          peers.values().forEach(peer -> peer.stop("shutting down"));
          peers.clear();
          channels.close().addListener(all -> done.complete(null));
        });
    return done;
  }

  /**
   * Sends {@code frame}, which must not change any more, behind all earlier ones. Dropped if the
   * link is down; if the frame is longer than the configured limit, or the peer has fallen too far
   * behind, the link goes down in a later step.
   */
  public void send(int pnn, byte[] frame) {
    Peer peer = peers.get(pnn);
    if (peer != null) {
      peer.send(frame);
    }
  }

  /**
   * Like {@link #send}, but towards another site the frame may overtake what was sent with {@link
   * #send} and still waits; among themselves such frames keep their order. For signs of life: on a
   * narrow line they must not wait behind data, or the backlog would cost the node its lease.
   */
  public void sendAhead(int pnn, byte[] frame) {
    Peer peer = peers.get(pnn);
    if (peer != null) {
      peer.sendAhead(frame);
    }
  }

  /**
   * The cluster has given node {@code pnn} up: its link goes down in a later step, unless the node
   * has been heard of within the last two ping intervals. Asking again does no harm.
   */
  public void giveUpIfSilent(int pnn) {
    Peer peer = peers.get(pnn);
    if (peer != null) {
      loop.execute(() -> peer.giveUpIfSilent(System.nanoTime()));
    }
  }

  /**
   * Whether nothing has come from this peer, which is at another site, for longer than its pings
   * and a few round trips explain: its line may hang, long before the link is down for that. Never
   * so for peers of the own site.
   */
  public boolean isLineQuiet(int pnn) {
    Peer peer = peers.get(pnn);
    return peer != null && peer.isLineQuiet(System.nanoTime());
  }

  /** Bytes that were sent to this peer and not yet taken by the kernel; 0 if it is none. */
  public long queuedBytes(int pnn) {
    Peer peer = peers.get(pnn);
    return peer == null ? 0 : peer.queuedBytes();
  }

  public boolean isUp(int pnn) {
    Peer peer = peers.get(pnn);
    return peer != null && peer.isUp();
  }

  /**
   * Whether somebody accepted the newest attempt to connect to this peer, be it that no link came
   * of it.
   */
  public boolean isReached(int pnn) {
    Peer peer = peers.get(pnn);
    return peer != null && peer.isReached();
  }

  /** One entry a peer, by pnn. */
  public List<LinkStatus> status() {
    return peers.values().stream().map(Peer::status).toList();
  }

  /** What may wait for one peer, in bytes, before its link is cut. */
  public long backlogLimitBytes() {
    return config.maxQueuedBytes();
  }

  /** Null if {@code pnn} is no peer. */
  public @Nullable LinkStatus status(int pnn) {
    Peer peer = peers.get(pnn);
    return peer == null ? null : peer.status();
  }

  /**
   * The nodes file has changed. Links to nodes that stay as they are go on untouched; links to
   * nodes that are gone or have moved go down.
   *
   * @param newNodes all nodes, this one with its unchanged address included
   * @throws IllegalArgumentException if this node is missing or has another address
   */
  public void setPeers(Map<Integer, InetSocketAddress> newNodes) {
    if (!listenAddress.equals(newNodes.get(config.self()))) {
      throw new IllegalArgumentException(
          "this node listens on "
              + listenAddress
              + " as node "
              + config.self()
              + "; the new nodes list says "
              + newNodes.get(config.self())
              + " (restart the daemon to change that)");
    }
    nodes = new NodesList(newNodes);
    for (Peer peer : List.copyOf(peers.values())) {
      if (!peer.address().equals(newNodes.get(peer.pnn()))) {
        peers.remove(peer.pnn());
        peer.stop("no longer in the nodes list with this address");
      }
    }
    newNodes.forEach(
        (pnn, address) -> {
          if (pnn != config.self() && !peers.containsKey(pnn)) {
            addPeer(pnn, address);
          }
        });
  }

  private void addPeer(int pnn, InetSocketAddress address) {
    Peer peer = new Peer(this, pnn, address);
    peers.put(pnn, peer);
    loop.execute(peer::connect); // after a linkDown of its predecessor
  }

  // --- what peers need

  EventLoop loop() {
    return loop;
  }

  LinkConfig config() {
    return config;
  }

  LinkListener listener() {
    return listener;
  }

  void reportDown(int pnn, String reason) {
    if (!closed) {
      log.info("link to node {} is down: {}", pnn, reason);
      listener.linkDown(pnn, reason);
    }
  }

  /** A link is up: whoever was cut off from it may have been cut off from all. */
  void hastenOthers() {
    peers.values().forEach(Peer::hasten);
  }

  void connect(Peer peer) {
    Bootstrap bootstrap =
        new Bootstrap()
            .group(loop)
            .channel(EpollSocketChannel.class)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(EpollChannelOption.IP_BIND_ADDRESS_NO_PORT, true)
            .option(EpollChannelOption.TCP_USER_TIMEOUT, (int) config.silenceLimit().toMillis())
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) peer.connectTimeoutMillis())
            .option(
                ChannelOption.WRITE_BUFFER_WATER_MARK,
                new WriteBufferWaterMark(Integer.MAX_VALUE - 1, Integer.MAX_VALUE))
            .handler(initializer(channel -> initialise(peer, channel)));
    InetSocketAddress source = new InetSocketAddress(listenAddress.getAddress(), 0);
    ChannelFuture attempt = bootstrap.connect(peer.address(), source);
    attempt.addListener(
        done -> {
          if (done.isSuccess()) {
            peer.connected(attempt.channel());
          } else {
            peer.connectFailed(attempt.channel(), Failure.text(done.cause()));
          }
        });
  }

  private static ChannelInitializer<Channel> initializer(
      java.util.function.Consumer<Channel> initialise) {
    return new ChannelInitializer<>() {
      @Override
      protected void initChannel(Channel channel) {
        initialise.accept(channel);
      }
    };
  }

  private void initialise(Peer peer, Channel channel) {
    channels.add(channel);
    FrameDecoder decoder = new FrameDecoder();
    OutgoingLink link = new OutgoingLink(peer, channel, decoder);
    peer.connecting(link);
    if (tls == null) {
      channel.pipeline().addLast(decoder, new OnActive(() -> introduce(peer, link)), link);
      return;
    }
    SslHandler handler = tls.connectingHandler(channel);
    handler.setHandshakeTimeoutMillis(config.silenceLimit().toMillis());
    channel.pipeline().addLast(handler, decoder, link);
    handler
        .handshakeFuture()
        .addListener(
            done -> {
              if (done.isSuccess()) {
                introduce(peer, link);
              } else {
                peer.outgoingLost(link, Failure.text(done.cause()));
              }
            });
  }

  private void introduce(Peer peer, OutgoingLink link) {
    String problem = TlsContexts.problemWithPeer(link.channel(), peer.address().getAddress());
    if (problem != null) {
      peer.outgoingLost(link, problem);
      return;
    }
    link.introduce(
        new LinkFrame.Hello(
            LinkFrame.VERSION,
            config.self(),
            peer.pnn(),
            config.incarnation(),
            config.wideArea().features(),
            config.wideArea().site(),
            nodes.text()));
  }

  /** For a connection to another site, from the moment when both sides know that it is one. */
  FarSender farSender(Channel channel, boolean compress, FarSender.WireCounter counter) {
    channel.config().setOption(EpollChannelOption.TCP_NOTSENT_LOWAT, NOT_SENT_BYTES);
    channel.config().setOption(THIN_LINEAR_TIMEOUTS, 1);
    PieceWriter pieces = new PieceWriter(compress, config.maxFrameBytes());
    return new FarSender(channel, pieces, pacedLinks, counter);
  }

  void flushSoon(OutgoingLink link) {
    if (link.needsFlush()) {
      if (unflushed.isEmpty()) {
        loop.execute(this::flush);
      }
      unflushed.add(link);
    }
  }

  /** To this site first: what goes far takes its time, compressed, and nobody here waits for it. */
  private void flush() {
    for (OutgoingLink link : unflushed) {
      if (!link.leadsFar()) {
        link.flush();
      }
    }
    for (OutgoingLink link : unflushed) {
      if (link.leadsFar()) {
        link.flush();
      }
    }
    unflushed.clear();
  }

  // --- strangers

  private void accepted(Channel channel) {
    channels.add(channel);
    InetSocketAddress remote = (InetSocketAddress) channel.remoteAddress();
    if (closed || remote == null || !nodes.hasAddress(remote.getAddress())) {
      complaints.about("connection from ", remote, " closed: no node has this address");
      channel.close();
      return;
    }
    if (strangers.size() >= MAX_STRANGERS) {
      complaints.about("connection from ", remote, " closed: too many without a greeting");
      channel.close();
      return;
    }
    FrameDecoder decoder = new FrameDecoder();
    IncomingLink link = new IncomingLink(this, channel, decoder);
    strangers.add(link);
    if (tls != null) {
      SslHandler handler = tls.acceptingHandler(channel);
      handler.setHandshakeTimeoutMillis(config.silenceLimit().toMillis());
      channel.pipeline().addLast(handler);
    }
    channel.pipeline().addLast(decoder, link);
  }

  /** What becomes of a connection that has introduced itself. */
  sealed interface Introduction {
    record Accepted(Peer peer) implements Introduction {}

    record Refused(String reason) implements Introduction {}
  }

  Introduction introduce(LinkFrame.Hello hello, Channel channel) {
    Peer peer = peers.get(hello.sender());
    String problem = problemWith(hello, peer, channel);
    if (problem != null || peer == null) {
      complaints.about(
          "node " + hello.sender() + " at ", channel.remoteAddress(), " refused: " + problem);
      return new Introduction.Refused(String.valueOf(problem));
    }
    return new Introduction.Accepted(peer);
  }

  private @Nullable String problemWith(
      LinkFrame.Hello hello, @Nullable Peer peer, Channel channel) {
    if (hello.version() != LinkFrame.VERSION) {
      return "it speaks version "
          + hello.version()
          + " of the protocol between nodes, node "
          + config.self()
          + " version "
          + LinkFrame.VERSION;
    }
    if (!hello.nodes().equals(nodes.text())) {
      return "the nodes files differ: node "
          + config.self()
          + " has ["
          + nodes.text()
          + "], node "
          + hello.sender()
          + " has ["
          + printable(hello.nodes())
          + "]; make them equal and run 'ctdb reloadnodes'";
    }
    if (hello.receiver() != config.self()) {
      return "it looks for node " + hello.receiver() + ", this is node " + config.self();
    }
    if (peer == null) {
      return "no other node has the number " + hello.sender();
    }
    InetSocketAddress remote = (InetSocketAddress) channel.remoteAddress();
    if (!remote.getAddress().equals(peer.address().getAddress())) {
      return "it comes from "
          + remote.getAddress().getHostAddress()
          + ", but the address of node "
          + peer.pnn()
          + " is "
          + peer.address().getAddress().getHostAddress();
    }
    return TlsContexts.problemWithPeer(channel, peer.address().getAddress());
  }

  private static String printable(String text) {
    return text.replaceAll("[^ -~]", "?");
  }

  void strangerLeft(IncomingLink link) {
    strangers.remove(link);
  }

  void strangerFailed(IncomingLink link, String reason) {
    if (strangers.remove(link) && !closed) {
      complaints.about("connection from ", link.channel().remoteAddress(), " lost: " + reason);
    }
  }

  // --- the clock

  private void scheduleTick() {
    ticker = loop.schedule(this::tick, config.pingInterval().toNanos(), TimeUnit.NANOSECONDS);
  }

  /** If this process did not run, its peers were not silent: they were not listened to. */
  private void tick() {
    if (closed) {
      return;
    }
    long now = System.nanoTime();
    long intervalNanos = config.pingInterval().toNanos();
    long lateNanos = now - lastTickNanos - intervalNanos;
    long forgiveNanos = lateNanos > intervalNanos / 2 ? lateNanos : 0;
    lastTickNanos = now;
    for (Peer peer : List.copyOf(peers.values())) {
      peer.tick(now, forgiveNanos);
    }
    for (IncomingLink stranger : List.copyOf(strangers)) {
      if (now - stranger.openedNanos() > config.silenceLimit().toNanos()) {
        strangerFailed(stranger, "no greeting within " + config.silenceLimit());
        stranger.channel().close();
      }
    }
    scheduleTick();
  }
}
