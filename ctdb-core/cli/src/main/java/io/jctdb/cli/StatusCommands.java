package io.jctdb.cli;

import io.jctdb.protocol.Control;
import io.jctdb.protocol.Interface;
import io.jctdb.protocol.InterfaceList;
import io.jctdb.protocol.MalformedPacketException;
import io.jctdb.protocol.NodeFlags;
import io.jctdb.protocol.NodeMap;
import io.jctdb.protocol.NodeMap.Node;
import io.jctdb.protocol.NodeStory;
import io.jctdb.protocol.PacketHeader;
import io.jctdb.protocol.Payload;
import io.jctdb.protocol.RunState;
import io.jctdb.protocol.SpecialPnn;
import io.jctdb.protocol.VnnMap;
import java.util.ArrayList;
import java.util.List;

/** {@code status} and {@code nodestatus} (cli.md 4.1 to 4.4). */
final class StatusCommands {
  private final Tool tool;

  private StatusCommands(Tool tool) {
    this.tool = tool;
  }

  static int run(String command, Tool tool, List<String> arguments) {
    StatusCommands commands = new StatusCommands(tool);
    return command.equals("status") ? commands.status(arguments) : commands.nodeStatus(arguments);
  }

  private int status(List<String> arguments) {
    tool.expect(arguments, 0, 0);
    List<Node> nodes = judged(tool.cluster().map());
    if (tool.machine() && !tool.json()) {
      printTable(nodes);
      return 0;
    }
    DaemonClient client = tool.client();
    VnnMap map = VnnMap.decode(client.data(tool.node(), Control.GETVNNMAP));
    int recoveryMode = client.control(tool.node(), Control.GET_RECMODE, Payload.empty()).status();
    int leader = client.awaitLeader();
    if (tool.json()) {
      new StatusJson(tool, Sites.ask(tool))
          .print(nodes, this::partiallyOnline, map, recoveryMode, leader);
      return 0;
    }
    printCount(nodes);
    for (Node node : nodes) {
      printLine(node);
    }
    printMap(map, recoveryMode, leader);
    printSites(nodes);
    if (tool.verbose()) {
      printStories();
    }
    return 0;
  }

  /** Not in ctdb, and only in a cluster that has remote nodes. */
  private void printSites(List<Node> nodes) {
    Sites sites = Sites.ask(tool);
    if (sites.areSeveral()) {
      sites.lines(nodes).forEach(tool.out()::line);
    }
  }

  /** Not in ctdb: what each node tells of its place in the cluster. */
  private void printStories() {
    List<Integer> nodes = tool.cluster().connectedNodes();
    for (DaemonClient.Reply reply :
        tool.client().askAll(nodes, Control.NODE_STORY, Payload.empty())) {
      String node = "pnn:" + Text.u(reply.node()) + " ";
      try {
        if (reply.failed()) {
          tool.out().line(node + "tells nothing more");
        } else {
          for (NodeStory.Line line : NodeStory.decode(reply.data()).lines()) {
            tool.out().line(node + line.name() + ": " + line.text());
          }
        }
      } catch (MalformedPacketException e) {
        tool.out().line(node + "tells nothing that can be read");
      }
    }
  }

  private int nodeStatus(List<String> arguments) {
    tool.expect(arguments, 0, 1);
    NodeMap map = tool.cluster().map();
    boolean all = !arguments.isEmpty() && arguments.getFirst().equals("all");
    List<Integer> wanted = new ArrayList<>();
    if (all) {
      for (Node node : map.nodes()) {
        wanted.add(node.pnn());
      }
    } else if (arguments.isEmpty()) {
      wanted.add(tool.node());
    } else {
      wanted = tool.cluster().parseList(arguments.getFirst());
    }
    List<Node> nodes = judged(map);
    List<Node> chosen = new ArrayList<>();
    for (int pnn : wanted) {
      for (Node node : nodes) {
        if (node.pnn() == pnn) {
          chosen.add(node);
        }
      }
    }
    if (tool.machine()) {
      printTable(chosen);
    } else {
      if (all) {
        printCount(nodes);
      }
      for (Node node : chosen) {
        printLine(node);
      }
    }
    int status = 0;
    for (Node node : chosen) {
      status |= node.has(NodeFlags.DELETED) ? 0 : node.flags();
    }
    return status;
  }

  /** A node that has not been through a recovery knows nothing about the others (4.2). */
  private List<Node> judged(NodeMap map) {
    DaemonClient.Reply reply =
        tool.client().ask(tool.node(), Control.GET_RUNSTATE, Payload.empty());
    if (reply.failed()) {
      tool.client().failure(reply, Control.GET_RUNSTATE);
      tool.out().text("Unable to get runstate");
      throw new ToolFailure(1);
    }
    if (Payload.u32(reply.data()) > RunState.FIRST_RECOVERY.number()) {
      return map.nodes();
    }
    List<Node> judged = new ArrayList<>();
    for (Node node : map.nodes()) {
      boolean known =
          node.pnn() == tool.node() || node.has(NodeFlags.DISCONNECTED | NodeFlags.DELETED);
      judged.add(known ? node : new Node(node.pnn(), NodeFlags.UNKNOWN, node.address()));
    }
    return judged;
  }

  private void printCount(List<Node> nodes) {
    int deleted = 0;
    for (Node node : nodes) {
      deleted += node.has(NodeFlags.DELETED) ? 1 : 0;
    }
    String suffix = deleted == 0 ? "" : " (including " + deleted + " deleted nodes)";
    tool.out().line("Number of nodes:" + nodes.size() + suffix);
  }

  private void printLine(Node node) {
    if (node.has(NodeFlags.DELETED)) {
      return;
    }
    String flags = partiallyOnline(node) ? "PARTIALLYONLINE" : NodeFlags.toString(node.flags());
    tool.out()
        .line(
            "pnn:"
                + Text.u(node.pnn())
                + " "
                + Text.left(node.address().host(), 16)
                + " "
                + flags
                + (node.pnn() == tool.node() ? " (THIS NODE)" : ""));
  }

  private void printTable(List<Node> nodes) {
    tool.row(
        "Node",
        "IP",
        "Disconnected",
        "Unknown",
        "Banned",
        "Disabled",
        "Unhealthy",
        "Stopped",
        "Inactive",
        "PartiallyOnline",
        "ThisNode");
    for (Node node : nodes) {
      if (node.has(NodeFlags.DELETED)) {
        continue;
      }
      tool.row(
          Text.u(node.pnn()),
          node.address().host(),
          bit(node, NodeFlags.DISCONNECTED),
          bit(node, NodeFlags.UNKNOWN),
          bit(node, NodeFlags.BANNED),
          bit(node, NodeFlags.PERMANENTLY_DISABLED),
          bit(node, NodeFlags.UNHEALTHY),
          bit(node, NodeFlags.STOPPED),
          bit(node, NodeFlags.INACTIVE),
          partiallyOnline(node) ? "1" : "0",
          node.pnn() == tool.node() ? "Y" : "N");
    }
  }

  private static String bit(Node node, int flag) {
    return node.has(flag) ? "1" : "0";
  }

  /** All flags are clear, but an interface of that node has no link. */
  private boolean partiallyOnline(Node node) {
    if (node.flags() != 0) {
      return false;
    }
    DaemonClient.Reply reply = tool.client().ask(node.pnn(), Control.GET_IFACES, Payload.empty());
    if (reply.failed()) {
      tool.client().failure(reply, Control.GET_IFACES);
      return false;
    }
    try {
      for (Interface each : InterfaceList.decode(reply.data()).interfaces()) {
        if (!each.linkUp()) {
          return true;
        }
      }
    } catch (MalformedPacketException e) {
      // nothing is known about that node's interfaces
    }
    return false;
  }

  private void printMap(VnnMap map, int recoveryMode, int leader) {
    Output out = tool.out();
    out.line(
        "Generation:"
            + (map.generation() == PacketHeader.INVALID_GENERATION
                ? "INVALID"
                : Text.u(map.generation())));
    out.line("Size:" + map.pnns().size());
    for (int i = 0; i < map.pnns().size(); i++) {
      out.line("hash:" + i + " lmaster:" + Text.u(map.pnns().get(i)));
    }
    out.line(
        "Recovery mode:" + (recoveryMode == 0 ? "NORMAL" : "RECOVERY") + " (" + recoveryMode + ")");
    out.line("Leader:" + (leader == SpecialPnn.UNKNOWN ? "UNKNOWN" : Text.u(leader)));
  }
}
