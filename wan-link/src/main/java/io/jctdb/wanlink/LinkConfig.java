package io.jctdb.wanlink;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Map;

/**
 * How this node talks to the others.
 *
 * @param self this node's pnn; {@code nodes} must contain it
 * @param incarnation a number that no earlier run of this node's daemon had
 * @param nodes the nodes file: every node's pnn and the address it listens on, this node included
 * @param security protection of the traffic
 * @param maxFrameBytes a longer frame, from a peer or to it, cuts the link
 * @param maxQueuedBytes a peer that falls this far behind in reading is cut off, so that memory
 *     stays bounded; at least {@code maxFrameBytes}
 * @param pingInterval how often every connection is proved alive and its round trip measured
 * @param silenceLimit a peer not heard of for so long is down. Must be at least 3 {@code
 *     pingInterval}, so that one late ping does not cost a link, and may be longer than the time
 *     after which the cluster gives a node up: see {@link LinkManager#giveUpIfSilent}
 * @param wideArea what is special about links to other sites
 */
public record LinkConfig(
    int self,
    long incarnation,
    Map<Integer, InetSocketAddress> nodes,
    LinkSecurity security,
    int maxFrameBytes,
    long maxQueuedBytes,
    Duration pingInterval,
    Duration silenceLimit,
    WideArea wideArea) {

  /** The largest packet of a client, 32 MiB, and what surrounds it. */
  public static final int DEFAULT_MAX_FRAME_BYTES = (32 << 20) + (64 << 10);

  /** What may wait behind such a frame, so that it does not cost the link. */
  private static final int BEHIND_A_LONG_FRAME_BYTES = 4 << 20;

  private static final long SHARE_OF_MEMORY = 8;
  private static final long QUEUE_BYTES_ENOUGH = 64 << 20;

  public LinkConfig {
    nodes = Map.copyOf(nodes);
    if (!nodes.containsKey(self)) {
      throw new IllegalArgumentException("node " + self + " is not in the nodes list " + nodes);
    }
    if (maxFrameBytes < 1 || maxQueuedBytes < maxFrameBytes) {
      throw new IllegalArgumentException(
          "max frame " + maxFrameBytes + " bytes, max queue " + maxQueuedBytes + " bytes");
    }
    if (!pingInterval.isPositive() || silenceLimit.compareTo(pingInterval.multipliedBy(3)) < 0) {
      throw new IllegalArgumentException(
          "silence limit " + silenceLimit + " must be at least 3 ping intervals " + pingInterval);
    }
  }

  /**
   * The defaults: frames up to 32 MiB; an eighth of the memory queued for a peer, but no less than
   * one such frame and 4 MiB, and no more than 64 MiB; ping every 500 ms, down after 5 s.
   */
  public static LinkConfig of(
      int self, long incarnation, Map<Integer, InetSocketAddress> nodes, LinkSecurity security) {
    return new LinkConfig(
        self,
        incarnation,
        nodes,
        security,
        DEFAULT_MAX_FRAME_BYTES,
        defaultMaxQueuedBytes(Runtime.getRuntime().maxMemory()),
        Duration.ofMillis(500),
        Duration.ofSeconds(5),
        WideArea.NONE);
  }

  static long defaultMaxQueuedBytes(long memoryBytes) {
    return Math.clamp(
        memoryBytes / SHARE_OF_MEMORY,
        DEFAULT_MAX_FRAME_BYTES + BEHIND_A_LONG_FRAME_BYTES,
        QUEUE_BYTES_ENOUGH);
  }

  public LinkConfig withLimits(int newMaxFrameBytes, long newMaxQueuedBytes) {
    return new LinkConfig(
        self,
        incarnation,
        nodes,
        security,
        newMaxFrameBytes,
        newMaxQueuedBytes,
        pingInterval,
        silenceLimit,
        wideArea);
  }

  public LinkConfig withKeepalive(Duration newPingInterval, Duration newSilenceLimit) {
    return new LinkConfig(
        self,
        incarnation,
        nodes,
        security,
        maxFrameBytes,
        maxQueuedBytes,
        newPingInterval,
        newSilenceLimit,
        wideArea);
  }

  public LinkConfig withWideArea(WideArea newWideArea) {
    return new LinkConfig(
        self,
        incarnation,
        nodes,
        security,
        maxFrameBytes,
        maxQueuedBytes,
        pingInterval,
        silenceLimit,
        newWideArea);
  }
}
