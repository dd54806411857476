package io.jctdb.cli;

import io.jctdb.protocol.Control;
import io.jctdb.protocol.Packet;
import io.jctdb.protocol.PacketCodec;
import io.jctdb.protocol.PacketHeader;
import io.jctdb.protocol.Padding;
import io.jctdb.protocol.Payload;
import io.jctdb.protocol.SpecialPnn;
import io.jctdb.protocol.Srvid;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The daemon's side of a transcript. A request is answered as it was then; one that the stock tool
 * never sent is noted as a fault. Asking less often than the stock tool is allowed, and so is
 * asking in another order.
 */
final class ReplayWire implements Wire {
  private final ReplayHost host;
  private final List<Transcript.Line> trace;
  private final boolean[] used;
  private final Deque<byte[]> ready = new ArrayDeque<>();
  private final List<String> faults = new ArrayList<>();
  private int self;

  ReplayWire(ReplayHost host, List<Transcript.Line> trace) {
    this.host = host;
    this.trace = trace;
    this.used = new boolean[trace.size()];
  }

  List<String> faults() {
    return faults;
  }

  @Override
  public void send(byte[] bytes) {
    if (!(PacketCodec.decode(bytes) instanceof PacketCodec.Good good)) {
      faults.add("not a packet");
      return;
    }
    switch (good.packet()) {
      case Packet.RequestControl control -> control(control);
      case Packet.RequestMessage message -> message(message);
      default -> faults.add("unexpected " + good.packet().operation());
    }
  }

  private void control(Packet.RequestControl control) {
    if (control.control() == Control.LINK_REPORT) {
      refuse(control); // our own, of which ctdbd knows nothing
      return;
    }
    String name = control.control().name();
    int request = find(control, name, false);
    if (request < 0) {
      request = find(control, name, true);
    }
    if (request < 0) {
      faults.add(
          name
              + " to "
              + Integer.toUnsignedString(control.header().destnode())
              + " "
              + Text.hex(control.data()));
      return;
    }
    used[request] = true;
    if (control.noReply()) {
      return;
    }
    int reply = replyAfter(request, name);
    if (reply < 0) {
      return; // it was never answered then, either
    }
    used[reply] = true;
    Transcript.Line line = trace.get(reply);
    int status = Integer.parseInt(String.valueOf(line.field("status")));
    if (name.equals("GET_PNN")) {
      self = status;
    }
    PacketHeader header = PacketHeader.toClient(7, self, control.header().reqid());
    deliver(new Packet.ReplyControl(header, status, line.data(), ""));
  }

  private void refuse(Packet.RequestControl control) {
    PacketHeader header = PacketHeader.toClient(7, self, control.header().reqid());
    deliver(new Packet.ReplyControl(header, -1, Payload.empty(), "Unknown CTDB control opcode"));
  }

  private int find(Packet.RequestControl control, String name, boolean again) {
    for (int i = 0; i < trace.size(); i++) {
      Transcript.Line line = trace.get(again ? trace.size() - 1 - i : i);
      int index = again ? trace.size() - 1 - i : i;
      if (line.fromTool()
          && used[index] == again
          && line.word(0).equals("REQ_CONTROL")
          && line.word(1).startsWith(name + "(")
          && pnn(line) == control.header().destnode()
          && (Arrays.equals(line.data(), control.data())
              || line.isCut()
              || name.equals("SEND_GRATUITOUS_ARP"))) {
        return index;
      }
    }
    return -1;
  }

  private int replyAfter(int request, String name) {
    int last = -1;
    for (int i = request + 1; i < trace.size(); i++) {
      Transcript.Line line = trace.get(i);
      if (!line.fromTool() && line.word(0).equals("REPLY_CONTROL") && line.word(1).equals(name)) {
        if (!used[i]) {
          return i;
        }
        last = i;
      }
    }
    return last;
  }

  private void message(Packet.RequestMessage message) {
    for (int i = 0; i < trace.size(); i++) {
      Transcript.Line line = trace.get(i);
      if (line.fromTool()
          && line.word(0).equals("REQ_MESSAGE")
          && pnn(line) == message.header().destnode()
          && line.srvid() == message.srvid()
          && sameData(line, message)) {
        used[i] = true;
        return;
      }
    }
    faults.add("message to " + Long.toHexString(message.srvid()) + " " + Text.hex(message.data()));
  }

  /** The stock tool pushes records with a database id that is not initialised. */
  private static boolean sameData(Transcript.Line line, Packet.RequestMessage message) {
    int from = message.srvid() == Srvid.TOOL_RESTORE ? 4 : 0;
    byte[] then = line.data();
    byte[] now = message.data();
    return then.length >= from
        && now.length >= from
        && Arrays.equals(then, from, then.length, now, from, now.length);
  }

  private static int pnn(Transcript.Line line) {
    String name = String.valueOf(line.field("dest"));
    return switch (name) {
      case "CURRENT" -> SpecialPnn.CURRENT_NODE;
      case "UNKNOWN" -> SpecialPnn.UNKNOWN;
      case "BROADCAST_CONNECTED" -> SpecialPnn.BROADCAST_CONNECTED;
      case "BROADCAST_ACTIVE" -> SpecialPnn.BROADCAST_ACTIVE;
      case "BROADCAST_ALL" -> SpecialPnn.BROADCAST_ALL;
      default -> Integer.parseUnsignedInt(name);
    };
  }

  private void deliver(Packet packet) {
    ready.add(PacketCodec.encode(packet, Padding.DAEMON_TO_CLIENT));
  }

  @Override
  public byte @Nullable [] receive(long timeoutMillis) {
    if (timeoutMillis == 0) {
      return null; // "-t 0": every control times out at once
    }
    if (ready.isEmpty()) {
      queueNextMessage();
    }
    if (!ready.isEmpty()) {
      return ready.remove();
    }
    if (trace.isEmpty() || closedByDaemon()) {
      throw new ConnectionLost();
    }
    host.pass(timeoutMillis);
    return null;
  }

  private boolean closedByDaemon() {
    for (Transcript.Line line : trace) {
      if (line.text().equals("CLOSE")) {
        return !line.fromTool();
      }
    }
    return false;
  }

  private void queueNextMessage() {
    for (int i = 0; i < trace.size(); i++) {
      Transcript.Line line = trace.get(i);
      if (!line.fromTool() && !used[i] && line.word(0).equals("REQ_MESSAGE")) {
        used[i] = true;
        PacketHeader header = PacketHeader.toClient(7, self, 0);
        deliver(new Packet.RequestMessage(header, line.srvid(), line.data()));
        return;
      }
    }
  }

  @Override
  public void close() {}
}
