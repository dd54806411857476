package io.jctdb.protocol;

import java.util.List;

/**
 * STATISTICS: the 488 bytes of a daemon's counters (client-protocol.md 4.11). All counters are u32
 * and wrap.
 *
 * @param frozen 1 if all databases are frozen
 * @param hopCountBuckets by the number of significant bits of a call's hop count
 * @param startTime when counting began, {@code currentTime} when these were taken
 */
public record Statistics(
    int numClients,
    int frozen,
    int recovering,
    int clientPacketsSent,
    int clientPacketsReceived,
    int nodePacketsSent,
    int nodePacketsReceived,
    int keepalivePacketsSent,
    int keepalivePacketsReceived,
    NodePackets node,
    ClientPackets client,
    Timeouts timeouts,
    Latency reclockDaemon,
    Latency reclockRecovery,
    LockStatistics locks,
    int totalCalls,
    int pendingCalls,
    int childwriteCalls,
    int pendingChildwriteCalls,
    int memoryUsed,
    int maxHopCount,
    List<Integer> hopCountBuckets,
    Latency callLatency,
    Latency childwriteLatency,
    int numRecoveries,
    TimeVal startTime,
    TimeVal currentTime,
    int totalRoDelegations,
    int totalRoRevokes) {
  public static final int SIZE = 488;

  /** Packets from other nodes, by operation. */
  public record NodePackets(
      int reqCall,
      int replyCall,
      int reqDmaster,
      int replyDmaster,
      int replyError,
      int reqMessage,
      int reqControl,
      int replyControl,
      int reqTunnel) {
    static NodePackets read(ByteReader in) {
      return new NodePackets(
          in.u32(), in.u32(), in.u32(), in.u32(), in.u32(), in.u32(), in.u32(), in.u32(), in.u32());
    }

    void write(ByteWriter out) {
      out.u32(reqCall).u32(replyCall).u32(reqDmaster).u32(replyDmaster).u32(replyError);
      out.u32(reqMessage).u32(reqControl).u32(replyControl).u32(reqTunnel);
    }
  }

  /** Packets from clients, by operation. */
  public record ClientPackets(int reqCall, int reqMessage, int reqControl, int reqTunnel) {
    static ClientPackets read(ByteReader in) {
      return new ClientPackets(in.u32(), in.u32(), in.u32(), in.u32());
    }

    void write(ByteWriter out) {
      out.u32(reqCall).u32(reqMessage).u32(reqControl).u32(reqTunnel);
    }
  }

  /** Requests given up. */
  public record Timeouts(int call, int control, int traverse) {
    static Timeouts read(ByteReader in) {
      return new Timeouts(in.u32(), in.u32(), in.u32());
    }

    void write(ByteWriter out) {
      out.u32(call).u32(control).u32(traverse);
    }
  }

  public Statistics {
    hopCountBuckets = Buckets.checked(hopCountBuckets);
  }

  public static Statistics decode(byte[] bytes) {
    return ByteReader.whole(bytes, Statistics::read);
  }

  public byte[] encode() {
    ByteWriter out = new ByteWriter(SIZE);
    write(out);
    return out.toBytes();
  }

  static Statistics read(ByteReader in) {
    return new Statistics(
        in.u32(),
        in.u32(),
        in.u32(),
        in.u32(),
        in.u32(),
        in.u32(),
        in.u32(),
        in.u32(),
        in.u32(),
        NodePackets.read(in),
        ClientPackets.read(in),
        Timeouts.read(in),
        Latency.read(in.skip(4)),
        Latency.read(in),
        LockStatistics.read(in),
        in.u32(),
        in.u32(),
        in.u32(),
        in.u32(),
        in.u32(),
        in.skip(4).u32(), // skipped: "__last_counter", always 0
        Buckets.read(in),
        Latency.read(in.skip(4)),
        Latency.read(in),
        in.u32(),
        TimeVal.read(in.skip(4)),
        TimeVal.read(in),
        in.u32(),
        in.u32());
  }

  void write(ByteWriter out) {
    out.u32(numClients).u32(frozen).u32(recovering);
    out.u32(clientPacketsSent).u32(clientPacketsReceived);
    out.u32(nodePacketsSent).u32(nodePacketsReceived);
    out.u32(keepalivePacketsSent).u32(keepalivePacketsReceived);
    node.write(out);
    client.write(out);
    timeouts.write(out);
    out.zeros(4);
    reclockDaemon.write(out);
    reclockRecovery.write(out);
    locks.write(out);
    out.u32(totalCalls).u32(pendingCalls).u32(childwriteCalls).u32(pendingChildwriteCalls);
    out.u32(memoryUsed).zeros(4).u32(maxHopCount);
    Buckets.write(hopCountBuckets, out);
    out.zeros(4);
    callLatency.write(out);
    childwriteLatency.write(out);
    out.u32(numRecoveries).zeros(4);
    startTime.write(out);
    currentTime.write(out);
    out.u32(totalRoDelegations).u32(totalRoRevokes);
  }
}
