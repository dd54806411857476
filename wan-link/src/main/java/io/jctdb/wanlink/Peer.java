package io.jctdb.wanlink;

import io.jctdb.linux.TcpInfo;
import io.netty.channel.Channel;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One other node: the connection to it, the connection from it, and the link that they make
 * together.
 *
 * <p>Invariant: the link is up exactly while both connections have introduced themselves with the
 * same incarnation. When one of them breaks while it is up, the other is closed too, so that no
 * frame from before the break can arrive after it.
 */
final class Peer {
  private static final Logger log = LoggerFactory.getLogger(Peer.class);

  /** One late answer to a ping is not silence. */
  private static final int SILENT_PINGS = 2;

  /** The answer's, and that of one repetition. */
  private static final int QUIET_TRIPS = 3;

  private static final long BACKOFF_MIN_MS = 50;
  private static final long BACKOFF_MAX_MS = 1000;
  private static final long QUICK_CONNECT_MS = 1000;

  /** Within a site an answer does not take so long, unless a packet has been lost. */
  private static final long NEAR_ANSWER_MS = 100;

  private static final int ATTEMPTS_A_ROUND = 4;

  private final LinkManager manager;
  private final int pnn;
  private final InetSocketAddress address;
  private final Complaints notes = new Complaints(log::info, System::nanoTime);

  private @Nullable OutgoingLink out;
  private long attemptNanos;
  private @Nullable IncomingLink in;
  private long outIncarnation;
  private long inIncarnation;
  private boolean up;
  private boolean stopped;
  private boolean failing;
  private boolean reached;
  private @Nullable Future<?> reconnect;
  private long backoffMs = BACKOFF_MIN_MS;
  private String problem = "";

  private final LineMeter meter = new LineMeter();
  private String site = "";
  private int attempts;
  private long framesSent;
  private long bytesSent;
  private long wireBytesSent;
  private long framesReceived;
  private long bytesReceived;
  private long wireBytesReceived;
  private long timesLost;

  Peer(LinkManager manager, int pnn, InetSocketAddress address) {
    this.manager = manager;
    this.pnn = pnn;
    this.address = address;
  }

  int pnn() {
    return pnn;
  }

  InetSocketAddress address() {
    return address;
  }

  boolean isUp() {
    return up;
  }

  boolean isReached() {
    return reached;
  }

  boolean isCurrent(IncomingLink link) {
    return in == link;
  }

  LinkStatus status() {
    OutgoingLink outgoing = out;
    collect();
    return new LinkStatus(
        pnn,
        up,
        site,
        isFar(),
        outgoing != null && outgoing.isCompressed(),
        meter.smoothed(),
        meter.shortest(),
        meter.loss(),
        queuedBytes(),
        outgoing == null ? 0 : outgoing.kernelInfo().map(TcpInfo::unsentBytes).orElse(0),
        framesSent,
        bytesSent,
        wireBytesSent,
        framesReceived,
        bytesReceived,
        wireBytesReceived,
        timesLost,
        problem);
  }

  private boolean isFar() {
    return !site.isEmpty() && manager.config().wideArea().isFar(site);
  }

  /** Adds up what the connections have counted since the last time. */
  private void collect() {
    if (in != null) {
      wireBytesReceived += in.decoder().takeHeardBytes();
    }
    if (out != null) {
      out.kernelInfo()
          .ifPresent(info -> meter.counters(info.segmentsSent(), info.segmentsRepeated()));
    }
  }

  long queuedBytes() {
    return out == null ? 0 : out.queuedBytes();
  }

  // --- the connection to it

  void connect() {
    reconnect = null;
    if (!stopped && out == null) {
      manager.connect(this);
    }
  }

  /**
   * The network has just shown that it carries: neither the pause between two attempts nor an
   * attempt whose first packet it seems to have lost is waited for any longer.
   */
  void hasten() {
    if (stopped || up) {
      return;
    }
    OutgoingLink attempt = out;
    if (reconnect != null) {
      reconnect.cancel(false);
      connect();
    } else if (attempt != null && !attempt.channel().isActive() && isLate()) {
      manager.connect(this);
      attempt.channel().close(); // now that it is not the newest attempt
    }
  }

  private boolean isLate() {
    long limitMs = isFar() ? QUICK_CONNECT_MS : NEAR_ANSWER_MS;
    return System.nanoTime() - attemptNanos > TimeUnit.MILLISECONDS.toNanos(limitMs);
  }

  /** The attempt has got its channel. */
  void connecting(OutgoingLink link) {
    out = link;
    attemptNanos = System.nanoTime();
    meter.newConnection();
  }

  /** How to send on this connection if it leads to another site; otherwise null. */
  @Nullable FarSender farSender(OutgoingLink link, LinkFrame.Welcome welcome) {
    if (!manager.config().wideArea().isFar(welcome.site())) {
      return null;
    }
    return manager.farSender(link.channel(), mayCompress(welcome), bytes -> wireBytesSent += bytes);
  }

  boolean mayCompress(LinkFrame.Welcome welcome) {
    return manager.config().wideArea().compress()
        && (welcome.features() & LinkFrame.CAN_INFLATE) != 0;
  }

  void roundTrip(long nanos) {
    meter.roundTrip(nanos, System.nanoTime());
  }

  /**
   * How long the next attempt to connect may take. After an outage the kernel would repeat the
   * first packet after 1, 3 and 7 s; new attempts find the way again sooner. One of a few is
   * patient, for lines on which even a second is not enough.
   */
  long connectTimeoutMillis() {
    long patient = Math.max(1, manager.config().silenceLimit().toMillis());
    return ++attempts % ATTEMPTS_A_ROUND == 0 ? patient : Math.min(patient, QUICK_CONNECT_MS);
  }

  void welcomed(OutgoingLink link, long incarnation, String peersSite) {
    if (out != link) {
      return;
    }
    site = peersSite;
    outIncarnation = incarnation;
    upIfComplete();
  }

  void outgoingLost(OutgoingLink link, String reason) {
    boolean current = out == link;
    if (current) {
      out = null; // before the close, whose consequences come back here
    }
    link.channel().close();
    if (!current) {
      return;
    }
    if (up) {
      takeDown(reason);
    } else {
      note(reason);
      connectLater();
    }
  }

  private void connectLater() {
    if (stopped || reconnect != null) {
      return;
    }
    reconnect = manager.loop().schedule(this::connect, backoffMs, TimeUnit.MILLISECONDS);
    backoffMs = Math.min(BACKOFF_MAX_MS, 2 * backoffMs);
  }

  // --- the connection from it

  /** It introduced itself on a new connection, which replaces an older one. */
  void greeted(IncomingLink link, long incarnation) {
    IncomingLink old = in;
    collect();
    if (old != null) {
      in = null;
      old.channel().close();
      if (up) {
        takeDown("the peer connected anew");
      }
    }
    in = link;
    inIncarnation = incarnation;
    hasten();
    upIfComplete();
  }

  void incomingLost(IncomingLink link, String reason) {
    if (in != link) {
      return;
    }
    in = null;
    if (up) {
      takeDown(reason);
    } else {
      note(reason);
    }
  }

  void deliver(byte[] payload) {
    framesReceived++;
    bytesReceived += payload.length;
    manager.listener().frame(pnn, payload);
  }

  // --- both together

  private void upIfComplete() {
    OutgoingLink outgoing = out;
    IncomingLink incoming = in;
    if (up || stopped || outgoing == null || !outgoing.isWelcomed() || incoming == null) {
      return;
    }
    if (outIncarnation != inIncarnation) {
      // One of the two belongs to a run of the peer that has ended; a new pair tells.
      closeBoth();
      connectLater();
      return;
    }
    up = true;
    failing = false;
    backoffMs = BACKOFF_MIN_MS;
    attempts = 0;
    problem = "";
    log.info("link to node {} is up", pnn);
    manager.listener().linkUp(pnn, outIncarnation);
    incoming.release(this);
    manager.hastenOthers();
  }

  void send(byte[] payload) {
    OutgoingLink outgoing = accepting(payload);
    if (outgoing != null) {
      outgoing.write(payload);
      manager.flushSoon(outgoing);
    }
  }

  void sendAhead(byte[] payload) {
    OutgoingLink outgoing = accepting(payload);
    if (outgoing != null) {
      outgoing.writeAhead(payload);
      wireBytesSent += isFar() ? LinkFrame.LENGTH_BYTES + 1 + payload.length : 0;
      manager.flushSoon(outgoing);
    }
  }

  /** Where the frame, which is counted, may be written now; null if it must be dropped. */
  private @Nullable OutgoingLink accepting(byte[] payload) {
    OutgoingLink outgoing = out;
    if (!up || failing || outgoing == null) {
      return null;
    }
    LinkConfig limits = manager.config();
    if (payload.length > limits.maxFrameBytes()) {
      fail(
          outgoing,
          "frame of " + payload.length + " bytes to send, allowed are " + limits.maxFrameBytes());
      return null;
    }
    if (outgoing.queuedBytes() + payload.length > limits.maxQueuedBytes()) {
      fail(
          outgoing,
          "the peer does not read: "
              + outgoing.queuedBytes()
              + " bytes wait, allowed are "
              + limits.maxQueuedBytes());
      return null;
    }
    framesSent++;
    bytesSent += payload.length;
    return outgoing;
  }

  /** Nothing more is sent; the link goes down in a later step, not within the sender's. */
  private void fail(OutgoingLink outgoing, String reason) {
    failing = true;
    manager.loop().execute(() -> outgoingLost(outgoing, reason));
  }

  /** Keeps the connections proved alive, and gives up those that are not. */
  void tick(long nowNanos, long forgiveNanos) {
    long limitNanos = manager.config().silenceLimit().toNanos();
    collect();
    OutgoingLink outgoing = out;
    if (outgoing != null) {
      outgoing.decoder().forgive(forgiveNanos);
      if (nowNanos - outgoing.decoder().heardNanos() > limitNanos) {
        outgoingLost(outgoing, "silent for " + manager.config().silenceLimit());
      } else if (outgoing.isWelcomed()) {
        outgoing.ping();
      }
    }
    IncomingLink incoming = in;
    if (incoming != null) {
      incoming.decoder().forgive(forgiveNanos);
      if (nowNanos - incoming.decoder().heardNanos() > limitNanos) {
        incomingLost(incoming, "silent for " + manager.config().silenceLimit());
        incoming.channel().close();
      } else {
        incoming.proveAlive();
      }
    }
  }

  /**
   * The cluster has given this peer up. What waits for its answers need not wait for the silence
   * limit as well; but a peer that still speaks keeps its link.
   */
  void giveUpIfSilent(long nowNanos) {
    OutgoingLink outgoing = out;
    long limitNanos = manager.config().pingInterval().multipliedBy(SILENT_PINGS).toNanos();
    if (up && outgoing != null && nowNanos - outgoing.decoder().heardNanos() > limitNanos) {
      outgoingLost(outgoing, "lost for the cluster, and silent");
    }
  }

  boolean isLineQuiet(long nowNanos) {
    OutgoingLink outgoing = out;
    if (!up || outgoing == null || !isFar()) {
      return false;
    }
    Duration trip = meter.smoothed();
    long tripNanos = trip == null ? 0 : trip.toNanos();
    long pings = manager.config().pingInterval().multipliedBy(SILENT_PINGS).toNanos();
    return nowNanos - outgoing.decoder().heardNanos() > pings + QUIET_TRIPS * tripNanos;
  }

  private void takeDown(String reason) {
    up = false;
    timesLost++;
    problem = reason;
    closeBoth();
    log.warn("link to node {} is down: {}", pnn, reason);
    connectLater();
    manager.listener().linkDown(pnn, reason);
  }

  private void closeBoth() {
    OutgoingLink outgoing = out;
    IncomingLink incoming = in;
    out = null;
    in = null;
    if (outgoing != null) {
      outgoing.channel().close();
    }
    if (incoming != null) {
      incoming.channel().close();
    }
  }

  /** No longer a peer; {@code linkDown} follows in a later step if it was up. */
  void stop(String reason) {
    stopped = true;
    boolean wasUp = up;
    up = false;
    if (reconnect != null) {
      reconnect.cancel(false);
      reconnect = null;
    }
    if (out != null) {
      out.flush();
    }
    closeBoth();
    if (wasUp) {
      manager.loop().execute(() -> manager.reportDown(pnn, reason));
    }
  }

  /** Somebody has accepted the attempt to connect. */
  void connected(Channel channel) {
    if (isNewest(channel)) {
      reached = true;
    }
  }

  /** The attempt to connect failed before there was a connection. */
  void connectFailed(Channel channel, String reason) {
    if (!isNewest(channel)) {
      return;
    }
    reached = false;
    out = null;
    note(reason);
    connectLater();
  }

  private boolean isNewest(Channel channel) {
    return out == null || out.channel() == channel;
  }

  /** Remembers why the link is not up, and logs it when it is news: two reasons may take turns. */
  private void note(String reason) {
    if (!stopped && !reason.equals(problem)) {
      problem = reason;
      notes.about("no link to node " + pnn + " (", address, ") yet: " + reason);
    }
  }
}
