package io.jctdb.daemon;

import io.jctdb.daemon.client.ClientStatistics;
import io.jctdb.database.ClusterMessage;
import io.jctdb.database.NodeMessage;
import io.jctdb.database.RecordMessage;
import io.jctdb.protocol.Latency;
import io.jctdb.protocol.LockStatistics;
import io.jctdb.protocol.Statistics;
import io.jctdb.protocol.TimeVal;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;

/**
 * What the daemon counts for {@code ctdb statistics} (client-protocol.md 4.11). Names of ctdbd's
 * that have no counterpart here stay 0; record messages between nodes are counted as its calls.
 * Owner thread only.
 */
final class DaemonStatistics implements ClientStatistics {
  private static final int HISTORY = 100;
  private static final double NANOS = 1e9;

  private final Deque<Statistics> history = new ArrayDeque<>();
  private Instant started = Instant.now();
  private int clientSent;
  private int clientReceived;
  private int nodeSent;
  private int nodeReceived;
  private int nodeCalls;
  private int nodeMessages;
  private int nodeControls;
  private int nodeControlReplies;
  private int nodeTunnels;
  private int clientCalls;
  private int clientMessages;
  private int clientControls;
  private int clientTunnels;
  private int pendingCalls;
  private Latency callLatency = Latency.NONE;

  /** What the statistics say of things that are not counted here but exist. */
  record Present(int clients, boolean frozen, boolean recovering, int recoveries) {}

  @Override
  public void packetSent() {
    clientSent++;
  }

  @Override
  public void packetReceived() {
    clientReceived++;
  }

  void nodeMessageSent() {
    nodeSent++;
  }

  void nodeMessageReceived(NodeMessage message) {
    nodeReceived++;
    switch (message) {
      case RecordMessage m -> nodeCalls++;
      case ClusterMessage.Datagram m -> nodeMessages++;
      case ClusterMessage.Control m -> nodeControls++;
      case ClusterMessage.ControlReply m -> nodeControlReplies++;
      case ClusterMessage.Tunnel m -> nodeTunnels++;
      default -> {
        // epochs, commits and traverses have no place in ctdbd's table
      }
    }
  }

  void clientCall() {
    clientCalls++;
    pendingCalls++;
  }

  void callAnswered(long nanos) {
    pendingCalls--;
    callLatency = callLatency.plus(nanos / NANOS);
  }

  void clientControl() {
    clientControls++;
  }

  void clientMessage() {
    clientMessages++;
  }

  void clientTunnel() {
    clientTunnels++;
  }

  void reset() {
    started = Instant.now();
    clientSent = 0;
    clientReceived = 0;
    nodeSent = 0;
    nodeReceived = 0;
    nodeCalls = 0;
    nodeMessages = 0;
    nodeControls = 0;
    nodeControlReplies = 0;
    nodeTunnels = 0;
    clientCalls = 0;
    clientMessages = 0;
    clientControls = 0;
    clientTunnels = 0;
    callLatency = Latency.NONE;
  }

  /** Remembers the present values as the newest entry of the history. */
  void remember(Present present) {
    history.addFirst(snapshot(present));
    if (history.size() > HISTORY) {
      history.removeLast();
    }
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

  Statistics snapshot(Present present) {
    Runtime runtime = Runtime.getRuntime();
    return new Statistics(
        present.clients,
        present.frozen ? 1 : 0,
        present.recovering ? 1 : 0,
        clientSent,
        clientReceived,
        nodeSent,
        nodeReceived,
        0,
        0,
        new Statistics.NodePackets(
            nodeCalls, 0, 0, 0, 0, nodeMessages, nodeControls, nodeControlReplies, nodeTunnels),
        new Statistics.ClientPackets(clientCalls, clientMessages, clientControls, clientTunnels),
        new Statistics.Timeouts(0, 0, 0),
        Latency.NONE,
        Latency.NONE,
        LockStatistics.NONE,
        clientCalls,
        pendingCalls,
        0,
        0,
        (int) Math.min(Integer.MAX_VALUE, runtime.totalMemory() - runtime.freeMemory()),
        0,
        Collections.nCopies(16, 0),
        callLatency,
        Latency.NONE,
        present.recoveries,
        timeVal(started),
        timeVal(Instant.now()),
        0,
        0);
  }

  private static TimeVal timeVal(Instant instant) {
    return new TimeVal(instant.getEpochSecond(), instant.getNano() / 1_000);
  }
}
