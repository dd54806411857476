package io.jctdb.cli;

import io.jctdb.protocol.CallFlag;
import io.jctdb.protocol.Control;
import io.jctdb.protocol.ControlFlag;
import io.jctdb.protocol.MalformedPacketException;
import io.jctdb.protocol.Packet;
import io.jctdb.protocol.PacketCodec;
import io.jctdb.protocol.PacketHeader;
import io.jctdb.protocol.Padding;
import io.jctdb.protocol.Payload;
import io.jctdb.protocol.SpecialPnn;
import io.jctdb.protocol.Srvid;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The tool's end of the client protocol: one request after the other, or one to several nodes at
 * once; messages that arrive meanwhile are kept.
 *
 * <p>Failures are printed here in the words of the stock client library (cli.md 1.5) and end the
 * command with a {@link ToolFailure}, unless the command has something to add.
 */
final class DaemonClient implements AutoCloseable {
  private static final int FIRST_REQID = 0x7FFF_FF38; // as the stock tool's

  private final Host host;
  private final Wire wire;
  private final long timeLimitMillis;
  private final Deque<Packet.RequestMessage> messages = new ArrayDeque<>();
  private int nextReqid = FIRST_REQID;
  private int pnn = SpecialPnn.UNKNOWN;
  private int leader = SpecialPnn.UNKNOWN;
  private int replyAddresses;

  /** The answer to a control; {@code timedOut} if there was none. */
  @SuppressWarnings("ArrayRecordComponent") // read, never compared
  record Reply(int node, int status, byte[] data, boolean timedOut) {
    boolean failed() {
      return timedOut || status < 0;
    }
  }

  DaemonClient(Host host, Wire wire, long timeLimitMillis) {
    this.host = host;
    this.wire = wire;
    this.timeLimitMillis = timeLimitMillis;
  }

  /**
   * What every stock command does first (cli.md 1.3), up to the point where {@code -n} is judged.
   */
  void askPnn() {
    Reply reply =
        exchange(request(SpecialPnn.CURRENT_NODE, Control.GET_PNN, Payload.empty()), Wire.FOREVER);
    pnn = reply.status();
  }

  int pnn() {
    return pnn;
  }

  long timeLimitMillis() {
    return timeLimitMillis;
  }

  /** A control whose status must not be negative; its status and data. */
  Reply control(int node, Control control, byte[] data) {
    Reply reply = ask(node, control, data);
    if (reply.failed()) {
      throw failure(reply, control);
    }
    return reply;
  }

  /** A control that must succeed with status 0; its data. */
  byte[] data(int node, Control control, byte[] data) {
    Reply reply = control(node, control, data);
    if (reply.status() != 0) {
      throw failure(reply, control);
    }
    return reply.data();
  }

  byte[] data(int node, Control control) {
    return data(node, control, Payload.empty());
  }

  /** A control about which the caller wants to decide itself. */
  Reply ask(int node, Control control, byte[] data) {
    return exchange(request(node, control, data), timeLimitMillis);
  }

  /** Prints what the stock client library prints about a failed control. */
  ToolFailure failure(Reply reply, Control control) {
    if (reply.timedOut()) {
      host.err()
          .line(
              "Control "
                  + control.name()
                  + " failed to node "
                  + Text.u(reply.node())
                  + ", ret="
                  + ToolFailure.ETIMEDOUT);
      return new ToolFailure(ToolFailure.ETIMEDOUT);
    }
    host.err().line("Control " + control.name() + " failed, ret=" + reply.status());
    return new ToolFailure(reply.status() < 0 ? 1 : reply.status());
  }

  /** Sends the same control to all nodes at once and waits for all answers, or their time limit. */
  List<Reply> askAll(List<Integer> nodes, Control control, byte[] data) {
    return askEach(nodes, control, data, timeLimitMillis);
  }

  private List<Reply> askEach(List<Integer> nodes, Control control, byte[] data, long limitMillis) {
    List<byte[]> same = new ArrayList<>();
    for (int i = 0; i < nodes.size(); i++) {
      same.add(data);
    }
    return askInParallel(nodes, control, same, limitMillis);
  }

  /** One control per node, or several to the same one, each with its own data. */
  List<Reply> askInParallel(
      List<Integer> nodes, Control control, List<byte[]> data, long limitMillis) {
    int first = nextReqid;
    @Nullable Reply[] replies = new Reply[nodes.size()];
    for (int i = 0; i < replies.length; i++) {
      send(request(nodes.get(i), control, data.get(i)));
    }
    long end = deadline(limitMillis);
    int missing = replies.length;
    while (missing > 0) {
      Packet packet = next(end);
      if (packet == null) {
        break;
      }
      int index = packet.header().reqid() - first;
      if (packet instanceof Packet.ReplyControl reply && index >= 0 && index < replies.length) {
        replies[index] = new Reply(nodes.get(index), reply.status(), reply.data(), false);
        missing--;
      }
    }
    List<Reply> all = new ArrayList<>();
    for (int i = 0; i < replies.length; i++) {
      Reply reply = replies[i];
      all.add(reply != null ? reply : new Reply(nodes.get(i), -1, Payload.empty(), true));
    }
    return all;
  }

  /** A control that is never answered. */
  void tell(int node, Control control, byte[] data) {
    send(
        new Packet.RequestControl(header(node), control.opcode(), 0, 0, ControlFlag.NOREPLY, data));
  }

  void message(int node, long srvid, byte[] data) {
    send(new Packet.RequestMessage(new PacketHeader(0, node, pnn, 0), srvid, data));
  }

  void register(long srvid) {
    registration(Control.REGISTER_SRVID, srvid);
  }

  void deregister(long srvid) {
    registration(Control.DEREGISTER_SRVID, srvid);
  }

  private void registration(Control control, long srvid) {
    Packet.RequestControl request =
        new Packet.RequestControl(header(pnn), control.opcode(), srvid, 0, 0, Payload.empty());
    Reply reply =
        exchange(request, control == Control.REGISTER_SRVID ? Wire.FOREVER : timeLimitMillis);
    if (reply.failed()) {
      throw failure(reply, control);
    }
  }

  /** A fresh address for answers to this process. */
  long newReplyAddress() {
    replyAddresses++;
    return Srvid.toolReply(host.pid(), replyAddresses);
  }

  /** Data of the next message to {@code srvid}, or null after {@code limitMillis}. */
  byte @Nullable [] awaitMessage(long srvid, long limitMillis) {
    long end = deadline(limitMillis);
    while (true) {
      for (Iterator<Packet.RequestMessage> each = messages.iterator(); each.hasNext(); ) {
        Packet.RequestMessage message = each.next();
        if (message.srvid() == srvid) {
          each.remove();
          return message.data();
        }
      }
      if (next(end) == null) {
        return null;
      }
    }
  }

  /** The leader's pnn, or {@link SpecialPnn#UNKNOWN} if nobody says so within the time limit. */
  int awaitLeader() {
    long end = deadline(timeLimitMillis);
    while (leader == SpecialPnn.UNKNOWN && next(end) != null) {
      // next() notes what LEADER messages say
    }
    return leader;
  }

  /** Waits, without a limit of its own, until the daemon closes the connection. */
  void awaitClose() {
    try {
      while (true) {
        next(Wire.FOREVER);
      }
    } catch (Wire.ConnectionLost e) {
      // that is it
    }
  }

  /** Asks the daemon to bring a record here; returns when it is in the local file. */
  void migrate(int dbId, byte[] key, int callId, boolean readOnly) {
    int flags = CallFlag.IMMEDIATE_MIGRATION | (readOnly ? CallFlag.WANT_READONLY : 0);
    Packet.RequestCall call =
        new Packet.RequestCall(
            header(SpecialPnn.CURRENT_NODE), flags, dbId, callId, 0, key, Payload.empty());
    int reqid = call.header().reqid();
    send(call);
    Packet answer =
        await(
            packet ->
                packet.header().reqid() == reqid
                    && (packet instanceof Packet.ReplyCall || packet instanceof Packet.ReplyError),
            Wire.FOREVER);
    if (!(answer instanceof Packet.ReplyCall reply) || reply.status() != 0) {
      throw new ToolFailure(5); // EIO
    }
  }

  private Packet.RequestControl request(int node, Control control, byte[] data) {
    return new Packet.RequestControl(header(node), control.opcode(), 0, 0, 0, data);
  }

  /** A control with something in its srvid field. */
  Reply askWithSrvid(int node, Control control, long srvid, byte[] data, long limitMillis) {
    return exchange(
        new Packet.RequestControl(header(node), control.opcode(), srvid, 0, 0, data), limitMillis);
  }

  private PacketHeader header(int node) {
    return new PacketHeader(0, node, pnn, nextReqid++);
  }

  private Reply exchange(Packet.RequestControl request, long limitMillis) {
    int reqid = request.header().reqid();
    int node = request.header().destnode();
    send(request);
    Packet packet =
        await(p -> p instanceof Packet.ReplyControl && p.header().reqid() == reqid, limitMillis);
    return packet instanceof Packet.ReplyControl reply
        ? new Reply(node, reply.status(), reply.data(), false)
        : new Reply(node, -1, Payload.empty(), true);
  }

  private @Nullable Packet await(Predicate<Packet> wanted, long limitMillis) {
    long end = deadline(limitMillis);
    while (true) {
      Packet packet = next(end);
      if (packet == null || wanted.test(packet)) {
        return packet;
      }
    }
  }

  private void send(Packet packet) {
    wire.send(PacketCodec.encode(packet, Padding.TOOL));
  }

  private long deadline(long limitMillis) {
    return limitMillis == Wire.FOREVER ? Wire.FOREVER : host.nanoTime() + limitMillis * 1_000_000;
  }

  /**
   * The next good packet; messages are also kept for whoever waits for them. Null after {@code
   * end}.
   */
  private @Nullable Packet next(long end) {
    while (true) {
      long left =
          end == Wire.FOREVER ? Wire.FOREVER : Math.max(0, (end - host.nanoTime()) / 1_000_000);
      byte[] bytes = wire.receive(left);
      if (bytes == null) {
        return null;
      }
      if (PacketCodec.decode(bytes) instanceof PacketCodec.Good good) {
        note(good.packet());
        return good.packet();
      }
    }
  }

  private void note(Packet packet) {
    if (!(packet instanceof Packet.RequestMessage message)) {
      return;
    }
    if (message.srvid() != Srvid.LEADER) {
      messages.add(message);
      return;
    }
    try {
      leader = Payload.u32(message.data());
    } catch (MalformedPacketException e) {
      // not a leader announcement
    }
  }

  @Override
  public void close() {
    wire.close();
  }
}
