package io.jctdb.daemon;

import io.jctdb.daemon.client.ClientStatistics;
import io.jctdb.database.message.ClusterMessage;
import io.jctdb.database.message.NodeMessage;
import io.jctdb.database.message.RecordMessage;
import io.jctdb.database.record.DelegationListener;
import io.jctdb.protocol.Latency;
import io.jctdb.protocol.LockStatistics;
import io.jctdb.protocol.Statistics;
import io.jctdb.protocol.TimeVal;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What the daemon counts for {@code ctdb statistics} (client-protocol.md 4.11). Names of ctdbd's
 * that have no counterpart here stay 0; record messages between nodes are counted as its calls.
 * Owner thread only.
 */
final class DaemonStatistics implements ClientStatistics, DelegationListener {
  private static final int HISTORY = 100;
  private static final double NANOS = 1e9;

  private final Deque<Statistics> history = new ArrayDeque<>();
  private Instant started = Instant.now();
  private final int[] counts = new int[Count.values().length];
  private int[] countsRemembered = counts.clone();
  private int pendingCalls;
  private Latency callLatency = Latency.NONE;
  private Instant remembered = started;
  private Latency callLatencySince = Latency.NONE;
  private final Map<Integer, OfDatabase> databases = new HashMap<>();

  private enum Count {
    CLIENT_SENT,
    CLIENT_RECEIVED,
    NODE_SENT,
    NODE_RECEIVED,
    NODE_CALLS,
    NODE_MESSAGES,
    NODE_CONTROLS,
    NODE_CONTROL_REPLIES,
    NODE_TUNNELS,
    CLIENT_CALLS,
    CLIENT_MESSAGES,
    CLIENT_CONTROLS,
    CLIENT_TUNNELS,
    DELEGATIONS,
    REVOKES;

    int in(int[] counts) {
      return counts[ordinal()];
    }
  }

  private void count(Count what) {
    counts[what.ordinal()]++;
  }

  /** What {@code ctdb dbstatistics} tells of one database, since this daemon began. */
  static final class OfDatabase {
    private int delegations;
    private int revokes;

    int delegations() {
      return delegations;
    }

    int revokes() {
      return revokes;
    }
  }

  /** What the statistics say of things that are not counted here but exist. */
  record Present(int clients, boolean frozen, boolean recovering, int recoveries) {}

  @Override
  public void packetSent() {
    count(Count.CLIENT_SENT);
  }

  @Override
  public void packetReceived() {
    count(Count.CLIENT_RECEIVED);
  }

  void nodeMessageSent() {
    count(Count.NODE_SENT);
  }

  void nodeMessageReceived(NodeMessage message) {
    count(Count.NODE_RECEIVED);
    switch (message) {
      case RecordMessage m -> count(Count.NODE_CALLS);
      case ClusterMessage.Datagram m -> count(Count.NODE_MESSAGES);
      case ClusterMessage.Control m -> count(Count.NODE_CONTROLS);
      case ClusterMessage.ControlReply m -> count(Count.NODE_CONTROL_REPLIES);
      case ClusterMessage.Tunnel m -> count(Count.NODE_TUNNELS);
      default -> {
        // epochs, commits and traverses have no place in ctdbd's table
      }
    }
  }

  void clientCall() {
    count(Count.CLIENT_CALLS);
    pendingCalls++;
  }

  void callAnswered(long nanos) {
    pendingCalls--;
    callLatency = callLatency.plus(nanos / NANOS);
    callLatencySince = callLatencySince.plus(nanos / NANOS);
  }

  void clientControl() {
    count(Count.CLIENT_CONTROLS);
  }

  void clientMessage() {
    count(Count.CLIENT_MESSAGES);
  }

  void clientTunnel() {
    count(Count.CLIENT_TUNNELS);
  }

  @Override
  public void delegated(int dbId) {
    count(Count.DELEGATIONS);
    ofDatabase(dbId).delegations++;
  }

  @Override
  public void revoked(int dbId) {
    count(Count.REVOKES);
    ofDatabase(dbId).revokes++;
  }

  OfDatabase ofDatabase(int dbId) {
    return databases.computeIfAbsent(dbId, id -> new OfDatabase());
  }

  void reset() {
    started = Instant.now();
    Arrays.fill(counts, 0);
    callLatency = Latency.NONE;
    beginInterval();
  }

  private void beginInterval() {
    remembered = Instant.now();
    countsRemembered = counts.clone();
    callLatencySince = Latency.NONE;
  }

  /** What was counted since the last time becomes the newest entry of the history. */
  void remember(Present present) {
    int[] since = new int[counts.length];
    Arrays.setAll(since, i -> counts[i] - countsRemembered[i]);
    history.addFirst(statistics(present, since, callLatencySince, remembered));
    if (history.size() > HISTORY) {
      history.removeLast();
    }
    beginInterval();
  }

  /** Always 100 entries, newest first, the unused ones all zero (sheet 3.10). */
  List<Statistics> history() {
    List<Statistics> list = new ArrayList<>(history);
    Statistics unused = Statistics.decode(new byte[Statistics.SIZE]);
    while (list.size() < HISTORY) {
      list.add(unused);
    }
    return list;
  }

  /** What was counted since the start, or the last reset. */
  Statistics snapshot(Present present) {
    return statistics(present, counts, callLatency, started);
  }

  private Statistics statistics(Present present, int[] of, Latency latency, Instant since) {
    Runtime runtime = Runtime.getRuntime();
    return new Statistics(
        present.clients,
        present.frozen ? 1 : 0,
        present.recovering ? 1 : 0,
        Count.CLIENT_SENT.in(of),
        Count.CLIENT_RECEIVED.in(of),
        Count.NODE_SENT.in(of),
        Count.NODE_RECEIVED.in(of),
        0,
        0,
        new Statistics.NodePackets(
            Count.NODE_CALLS.in(of),
            0,
            0,
            0,
            0,
            Count.NODE_MESSAGES.in(of),
            Count.NODE_CONTROLS.in(of),
            Count.NODE_CONTROL_REPLIES.in(of),
            Count.NODE_TUNNELS.in(of)),
        new Statistics.ClientPackets(
            Count.CLIENT_CALLS.in(of),
            Count.CLIENT_MESSAGES.in(of),
            Count.CLIENT_CONTROLS.in(of),
            Count.CLIENT_TUNNELS.in(of)),
        new Statistics.Timeouts(0, 0, 0),
        Latency.NONE,
        Latency.NONE,
        LockStatistics.NONE,
        Count.CLIENT_CALLS.in(of),
        pendingCalls,
        0,
        0,
        (int) Math.min(Integer.MAX_VALUE, runtime.totalMemory() - runtime.freeMemory()),
        0,
        Collections.nCopies(16, 0),
        latency,
        Latency.NONE,
        present.recoveries,
        timeVal(since),
        timeVal(Instant.now()),
        Count.DELEGATIONS.in(of),
        Count.REVOKES.in(of));
  }

  private static TimeVal timeVal(Instant instant) {
    return new TimeVal(instant.getEpochSecond(), instant.getNano() / 1_000);
  }
}
