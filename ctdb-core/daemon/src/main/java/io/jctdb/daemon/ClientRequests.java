package io.jctdb.daemon;

import io.jctdb.daemon.catalog.AttachedDatabase;
import io.jctdb.daemon.catalog.DatabaseCatalog;
import io.jctdb.daemon.client.ClientConnection;
import io.jctdb.daemon.client.ClientServer;
import io.jctdb.daemon.cluster.ClusterView;
import io.jctdb.daemon.control.ControlReply;
import io.jctdb.daemon.control.ControlRequest;
import io.jctdb.daemon.control.ControlTable;
import io.jctdb.daemon.control.Questions;
import io.jctdb.daemon.control.RemoteControls;
import io.jctdb.daemon.control.TraverseControls;
import io.jctdb.daemon.control.Tunnels;
import io.jctdb.database.message.ClusterMessage;
import io.jctdb.database.message.NodePort;
import io.jctdb.database.record.CallDone;
import io.jctdb.database.record.RecordEngine;
import io.jctdb.protocol.CallFlag;
import io.jctdb.protocol.CallId;
import io.jctdb.protocol.ControlFlag;
import io.jctdb.protocol.Key;
import io.jctdb.protocol.Packet;
import io.jctdb.protocol.PacketHeader;
import io.jctdb.protocol.RecordHeader;
import io.jctdb.protocol.SpecialPnn;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import java.util.function.IntToLongFunction;

/**
 * What is done with the packets of local clients: records go to the engine, messages and controls
 * to the node they are meant for. Owner thread only.
 */
final class ClientRequests implements ClientServer.Listener {
  private static final String UNREACHABLE = "ctdb_control to disconnected node";
  private static final int EIO = 5;

  private final NodePort port;
  private final ClusterView cluster;
  private final ControlTable controls;
  private final RemoteControls remote;
  private final RecordEngine records;
  private final DatabaseCatalog catalog;
  private final Tunnels tunnels;
  private final TraverseControls traverses;
  private final DaemonStatistics statistics;
  private final IntSupplier queueLimit;
  private final Consumer<ClientConnection> closed;
  private final LinkPressure<ClientConnection> pressure;

  ClientRequests(
      NodePort port,
      ClusterView cluster,
      ControlTable controls,
      RemoteControls remote,
      RecordEngine records,
      DatabaseCatalog catalog,
      Tunnels tunnels,
      TraverseControls traverses,
      DaemonStatistics statistics,
      IntSupplier queueLimit,
      Consumer<ClientConnection> closed,
      IntToLongFunction linkQueuedBytes) {
    this.port = port;
    this.cluster = cluster;
    this.controls = controls;
    this.remote = remote;
    this.records = records;
    this.catalog = catalog;
    this.tunnels = tunnels;
    this.traverses = traverses;
    this.statistics = statistics;
    this.queueLimit = queueLimit;
    this.closed = closed;
    this.pressure =
        new LinkPressure<>(port, linkQueuedBytes, c -> c.hold(true), c -> c.hold(false));
  }

  @Override
  public int messageQueueLimit() {
    return queueLimit.getAsInt();
  }

  @Override
  public void packet(ClientConnection client, Packet packet) {
    switch (packet) {
      case Packet.RequestCall call -> call(client, call);
      case Packet.RequestControl control -> control(client, control);
      case Packet.RequestMessage message -> message(client, message);
      case Packet.RequestTunnel tunnel -> tunnel(client, tunnel);
      case Packet.ReplyCall p -> {}
      case Packet.ReplyError p -> {}
      case Packet.ReplyControl p -> {}
      case Packet.RequestDmaster p -> {}
      case Packet.ReplyDmaster p -> {}
      case Packet.Keepalive p -> {}
    }
  }

  private PacketHeader header(int reqid) {
    return PacketHeader.toClient(cluster.generation(), cluster.self(), reqid);
  }

  // --- records ---------------------------------------------------------------------------------

  private void call(ClientConnection client, Packet.RequestCall call) {
    AttachedDatabase database = catalog.find(call.dbId());
    if (database == null || database.volatileStore() == null) {
      // ctdbd never answers this one; smbd turns an error into a failed operation.
      refuse(client, call, "no such volatile database");
      return;
    }
    statistics.clientCall();
    client.asked();
    long started = port.nowNanos();
    CallDone done =
        new CallDone() {
          @Override
          public void record(RecordHeader recordHeader, byte[] data) {
            answered();
            client.send(answer(call, recordHeader, data));
          }

          @Override
          public void unknownDatabase() {
            answered();
            refuse(client, call, "the database was detached");
          }

          private void answered() {
            statistics.callAnswered(port.nowNanos() - started);
            client.answered();
          }
        };
    if (database.isReadOnly() && (call.flags() & CallFlag.WANT_READONLY) != 0) {
      records.read(database.id(), new Key(call.key()), done);
    } else {
      records.call(database.id(), new Key(call.key()), done);
    }
  }

  /** A function that does not exist has not succeeded, where ctdbd says 0 (databases.md 12). */
  private Packet answer(Packet.RequestCall call, RecordHeader recordHeader, byte[] data) {
    PacketHeader header = header(call.header().reqid());
    return switch (call.callId()) {
      case CallId.NULL -> new Packet.ReplyCall(header, 0, ControlReply.NO_DATA);
      case CallId.FETCH -> new Packet.ReplyCall(header, 0, data);
      case CallId.FETCH_WITH_HEADER ->
          new Packet.ReplyCall(header, 0, withHeader(recordHeader, data));
      default -> new Packet.ReplyCall(header, -1, ControlReply.NO_DATA);
    };
  }

  private static byte[] withHeader(RecordHeader header, byte[] data) {
    byte[] value = new byte[RecordHeader.SIZE + data.length];
    header.write(value, 0);
    System.arraycopy(data, 0, value, RecordHeader.SIZE, data.length);
    return value;
  }

  private void refuse(ClientConnection client, Packet.RequestCall call, String reason) {
    client.send(
        new Packet.ReplyError(
            header(call.header().reqid()),
            EIO,
            (reason + "\0").getBytes(StandardCharsets.US_ASCII)));
  }

  // --- controls --------------------------------------------------------------------------------

  private void control(ClientConnection client, Packet.RequestControl control) {
    statistics.clientControl();
    ControlReply reply = (status, data, error) -> {};
    if (!control.noReply()) {
      client.asked();
      reply =
          (status, data, error) -> {
            client.answered();
            client.send(
                new Packet.ReplyControl(header(control.header().reqid()), status, data, error));
          };
    }
    int destination = control.header().destnode();
    if (destination == SpecialPnn.CURRENT_NODE || destination == cluster.self()) {
      execute(client, control, reply);
    } else if (SpecialPnn.isBroadcast(destination)) {
      broadcast(client, control, reply);
    } else if (!cluster.isConnected(destination)) {
      reply.fail(UNREACHABLE);
    } else {
      forward(client, destination, control, reply);
    }
  }

  private void execute(ClientConnection client, Packet.RequestControl control, ControlReply reply) {
    controls.execute(
        new ControlRequest(
            control.opcode(), control.srvid(), control.flags(), control.data(), client, reply));
  }

  /** A broadcast cannot be answered: without NOREPLY it is refused, where ctdbd stays silent. */
  private void broadcast(
      ClientConnection client, Packet.RequestControl control, ControlReply reply) {
    if (!control.noReply()) {
      reply.fail();
      return;
    }
    for (int pnn : destinations(control.header().destnode())) {
      if (pnn == cluster.self()) {
        execute(client, control, reply);
      } else {
        forward(client, pnn, control, reply);
      }
    }
  }

  private void forward(
      ClientConnection client, int pnn, Packet.RequestControl control, ControlReply reply) {
    int flags = control.flags() & ~ControlFlag.NOREPLY;
    if (control.noReply()) {
      remote.send(pnn, control.opcode(), control.srvid(), flags, control.data());
    } else if (Questions.include(control.opcode())) {
      remote.ask(pnn, control.opcode(), control.srvid(), flags, control.data(), reply);
    } else {
      remote.call(pnn, control.opcode(), control.srvid(), flags, control.data(), reply);
    }
    pressure.sent(client, pnn);
  }

  private SortedSet<Integer> destinations(int destination) {
    return switch (destination) {
      case SpecialPnn.BROADCAST_ACTIVE -> cluster.activeNodes();
      case SpecialPnn.BROADCAST_ALL, SpecialPnn.BROADCAST_CONNECTED -> cluster.connectedNodes();
      default -> new TreeSet<>();
    };
  }

  // --- messages --------------------------------------------------------------------------------

  private void message(ClientConnection client, Packet.RequestMessage message) {
    statistics.clientMessage();
    int destination = message.header().destnode();
    if (destination == SpecialPnn.CURRENT_NODE) {
      datagram(client, cluster.self(), message);
    } else if (SpecialPnn.isBroadcast(destination)) {
      destinations(destination).forEach(pnn -> datagram(client, pnn, message));
    } else if (cluster.isConnected(destination)) {
      datagram(client, destination, message);
    }
  }

  /** Also to this node by way of the port: delivery never happens within the sender's request. */
  private void datagram(ClientConnection client, int pnn, Packet.RequestMessage message) {
    port.send(pnn, new ClusterMessage.Datagram(message.srvid(), message.data()));
    pressure.sent(client, pnn);
  }

  @Override
  public void sendMessage(ClientConnection client, long srvid, byte[] data) {
    client.send(new Packet.RequestMessage(header(0), srvid, data));
  }

  /** Only between real nodes, and only if somebody on this one has that tunnel (sheet 2.9). */
  private void tunnel(ClientConnection client, Packet.RequestTunnel tunnel) {
    statistics.clientTunnel();
    int destination = tunnel.header().destnode();
    if (tunnels.clientOf(tunnel.tunnelId()) != null && cluster.isConnected(destination)) {
      port.send(
          destination, new ClusterMessage.Tunnel(tunnel.tunnelId(), tunnel.flags(), tunnel.data()));
      pressure.sent(client, destination);
    }
  }

  void tunnelArrived(ClusterMessage.Tunnel tunnel) {
    ClientConnection client = tunnels.clientOf(tunnel.tunnelId());
    if (client != null) {
      client.send(
          new Packet.RequestTunnel(header(0), tunnel.tunnelId(), tunnel.flags(), tunnel.data()));
    }
  }

  @Override
  public void closed(ClientConnection client, Map<Long, byte[]> notices) {
    pressure.closed(client);
    traverses.closed(client);
    tunnels.closed(client);
    closed.accept(client);
    notices.forEach(
        (srvid, data) ->
            cluster
                .connectedNodes()
                .forEach(pnn -> port.send(pnn, new ClusterMessage.Datagram(srvid, data))));
  }
}
