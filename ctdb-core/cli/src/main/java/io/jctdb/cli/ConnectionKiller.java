package io.jctdb.cli;

import io.jctdb.linux.TcpCapture;
import io.jctdb.protocol.Connection;
import io.jctdb.protocol.SockAddr;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Ends TCP connections from outside (cluster-and-failover.md 4.3): one end is tickled in the name
 * of the other, its answer tells the numbers that it expects, and a reset with these ends the
 * connection there. The other end hears nothing.
 *
 * <p>A pure machine: it says what to send. Each pair is the end that is spoken for and the end that
 * shall forget the connection.
 */
final class ConnectionKiller {
  /** So many connections are tickled at a time: their answers must fit into the socket's buffer. */
  static final int BATCH = 300;

  static final int ROUNDS = 50;

  /** A reset that ends a connection, in the name of its source. */
  record Reset(Connection connection, long sequence, long acknowledgement) {}

  private final Map<Connection, Boolean> left = new LinkedHashMap<>();
  private int rounds;

  ConnectionKiller(List<Connection> connections) {
    connections.forEach(connection -> left.put(connection, false));
  }

  /** All have answered, or there has been time enough. */
  boolean isDone() {
    return left.isEmpty() || rounds >= ROUNDS;
  }

  /** Whom to tickle in the next round; who has just been is at the end of the line. */
  List<Connection> nextRound() {
    rounds++;
    List<Connection> batch = new ArrayList<>();
    Iterator<Connection> all = List.copyOf(left.keySet()).iterator();
    while (all.hasNext() && batch.size() < BATCH) {
      Connection next = all.next();
      left.remove(next);
      left.put(next, true);
      batch.add(next);
    }
    return batch;
  }

  /** A segment has been seen: it may be an answer. */
  Optional<Reset> seen(TcpCapture.Segment segment) {
    // Our own resets, and tickles, which have no numbers, pass by here, too.
    if (!segment.ack() || segment.reset() || segment.acknowledgement() == 0) {
      return Optional.empty();
    }
    Connection answered =
        new Connection(
            new SockAddr(segment.to().getAddress(), segment.to().getPort()),
            new SockAddr(segment.from().getAddress(), segment.from().getPort()));
    if (!Boolean.TRUE.equals(left.get(answered))) {
      return Optional.empty();
    }
    left.remove(answered);
    return Optional.of(new Reset(answered, segment.acknowledgement(), segment.sequence()));
  }
}
