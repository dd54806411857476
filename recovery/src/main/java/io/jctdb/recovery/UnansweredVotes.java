package io.jctdb.recovery;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/**
 * When a server of ZooKeeper that looks for a leader should speak to another one over a new
 * connection. Pure: the caller gives the time. For one thread at a time.
 *
 * <p>Servers keep one connection to each other for votes, for as long as both live. What was said
 * into a connection while the network was cut is sent again by TCP after ever longer pauses (the
 * next one is about as long as the whole cut has lasted), and what is said afterwards waits behind
 * it: after a cut of 12 s a server may be mute to another one for 12 s more, although the network
 * is whole and both say that they are connected. If the leader is lost then, the rest finds no
 * other. ZooKeeper votes again whenever it has heard nothing for a while, into the same connection;
 * so a vote that is said again is the sign.
 */
final class UnansweredVotes {
  /**
   * Votes are said again after 90, 270 and 630 ms ({@link ReplicatedMember#ASK_AGAIN_AFTER_MS});
   * several within this time are an election that makes progress (each better vote that is heard is
   * passed on), or one that is held up by a busy machine. Shorter is worse: two servers that make
   * new connections to each other at the same moment lose the votes that are on the way, one is
   * elected later than the other believes, and the other does not find it. Seen with 150 ms, once
   * in five killed leaders: 5 s without a leader.
   */
  private static final Duration PATIENCE = Duration.ofMillis(500);

  /** Between two new connections to the same server: as long as connecting may take. */
  private static final Duration PAUSE = Duration.ofMillis(2L * ZooKeeperSettings.CONNECT_MS);

  /** Longer than between any two votes of one election: what comes later belongs to another. */
  private static final Duration ELECTION_OVER =
      Duration.ofMillis(2L * ReplicatedMember.ASK_AT_LEAST_EACH_MS);

  private record Asked(long first, long last, long renewed) {}

  private final Map<Long, Asked> byServer = new HashMap<>();

  /**
   * A vote is about to be said.
   *
   * @param server ZooKeeper's number of the server that is to hear it
   * @param now nanoseconds of a monotonic clock
   * @return whether a new connection should be made to that server
   */
  boolean said(long server, long now) {
    Asked before = byServer.get(server);
    if (before == null || now - before.last() > ELECTION_OVER.toNanos()) {
      byServer.put(server, new Asked(now, now, now));
      return false;
    }
    boolean first = before.renewed() == before.first();
    boolean renew = now - before.renewed() >= (first ? PATIENCE : PAUSE).toNanos();
    byServer.put(server, new Asked(before.first(), now, renew ? now : before.renewed()));
    return renew;
  }
}
