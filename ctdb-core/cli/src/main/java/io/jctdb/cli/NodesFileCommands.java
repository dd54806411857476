package io.jctdb.cli;

import io.jctdb.protocol.Control;
import io.jctdb.protocol.NodeFlags;
import io.jctdb.protocol.NodeMap;
import io.jctdb.protocol.NodeMap.Node;
import io.jctdb.protocol.NumericAddress;
import io.jctdb.protocol.Payload;
import io.jctdb.protocol.Srvid;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code listnodes} and {@code reloadnodes} (cli.md 4.7, 4.8). */
final class NodesFileCommands {
  private final Tool tool;

  private NodesFileCommands(Tool tool) {
    this.tool = tool;
  }

  static int run(String command, Tool tool, List<String> arguments) {
    NodesFileCommands commands = new NodesFileCommands(tool);
    return command.equals("listnodes") ? commands.list(arguments) : commands.reload();
  }

  private int list(List<String> arguments) {
    tool.expect(arguments, 0, 0);
    for (NodesFile.Entry node : nodesFile()) {
      InetAddress address = node.address();
      if (address == null) {
        continue;
      }
      if (tool.machine()) {
        tool.row(node.pnn(), NumericAddress.toString(address));
      } else {
        tool.out().line(NumericAddress.toString(address));
      }
    }
    return 0;
  }

  private List<NodesFile.Entry> nodesFile() {
    List<NodesFile.Entry> nodes = NodesFile.read(tool.host());
    if (nodes == null) {
      throw new ToolFailure(1);
    }
    return nodes;
  }

  private int reload() {
    NodeMap map = tool.cluster().map();
    List<NodesFile.Entry> file = nodesFile();
    List<Integer> connected = tool.cluster().connectedNodes();
    for (int node : connected) {
      demandSameFile(node, file);
    }
    List<String> changes = new ArrayList<>();
    if (!judge(map, file, changes)) {
      throw tool.fail(1, "ERROR: Nodes will not be reloaded due to previous error");
    }
    if (changes.isEmpty()) {
      tool.err().line("No change in nodes file, skipping unnecessary reload");
      return 0;
    }
    TakeoverRun messages = new TakeoverRun(tool);
    int seconds = 2 * tool.timeLimitSeconds();
    if (!messages.disable(Srvid.DISABLE_RECOVERIES, connected, seconds)) {
      throw tool.fail(1, "Failed to disable recoveries");
    }
    int status = tellAll(connected);
    messages.disable(Srvid.DISABLE_RECOVERIES, connected, 0);
    return status;
  }

  private void demandSameFile(int node, List<NodesFile.Entry> file) {
    DaemonClient.Reply reply = tool.client().ask(node, Control.GET_NODES_FILE, Payload.empty());
    if (reply.failed()) {
      tool.client().failure(reply, Control.GET_NODES_FILE);
      throw tool.fail(1, "ERROR: Failed to get nodes file from node " + Text.u(node));
    }
    if (!same(NodeMap.decode(reply.data()).nodes(), file)) {
      throw tool.fail(
          1,
          "ERROR: Nodes file on node "
              + Text.u(node)
              + " differs from current node ("
              + Text.u(tool.client().pnn())
              + ")");
    }
  }

  private static boolean same(List<Node> nodes, List<NodesFile.Entry> file) {
    if (nodes.size() != file.size()) {
      return false;
    }
    for (int i = 0; i < nodes.size(); i++) {
      Node node = nodes.get(i);
      InetAddress address = file.get(i).address();
      boolean deleted = node.has(NodeFlags.DELETED);
      if (deleted != (address == null)
          || (address != null && !address.equals(node.address().address()))) {
        return false;
      }
    }
    return true;
  }

  /** Compares the running map with the file; false if it must not be loaded. */
  private boolean judge(NodeMap map, List<NodesFile.Entry> file, List<String> changes) {
    boolean good = true;
    for (Node node : map.nodes()) {
      if (node.pnn() >= file.size()) {
        if (!node.has(NodeFlags.DELETED)) {
          tool.err()
              .line(
                  "Node "
                      + Text.u(node.pnn())
                      + (" (" + node.address().host() + ")")
                      + " missing from nodes file");
          good = false;
        }
        continue;
      }
      good &= judge(node, file.get(node.pnn()).address(), changes);
    }
    for (NodesFile.Entry entry : file) {
      if (good && map.node(entry.pnn()) == null && entry.address() != null) {
        announce(changes, "Node " + entry.pnn() + " is NEW");
      }
    }
    return good;
  }

  private void announce(List<String> changes, String change) {
    tool.out().line(change);
    changes.add(change);
  }

  private boolean judge(Node node, @Nullable InetAddress address, List<String> changes) {
    String name = "Node " + Text.u(node.pnn());
    if (address == null) {
      if (node.has(NodeFlags.DELETED)) {
        return true;
      }
      boolean gone = node.has(NodeFlags.DISCONNECTED);
      if (!gone) {
        tool.err().line("ERROR: " + name + " is still connected");
      }
      announce(changes, name + " is DELETED");
      return gone;
    }
    if (node.has(NodeFlags.DELETED)) {
      announce(changes, name + " is UNDELETED");
      return true;
    }
    if (!address.equals(node.address().address())) {
      tool.err()
          .line(
              name
                  + " has changed IP address (was "
                  + node.address().host()
                  + ", now "
                  + NumericAddress.toString(address)
                  + ")");
      return false;
    }
    if (node.has(NodeFlags.DISCONNECTED)) {
      tool.err().line("WARNING: " + name + " is disconnected. You MUST fix this node manually!");
    }
    return true;
  }

  private int tellAll(List<Integer> connected) {
    int status = 0;
    for (DaemonClient.Reply reply :
        tool.client().askAll(connected, Control.RELOAD_NODES_FILE, Payload.empty())) {
      if (reply.failed()) {
        tool.err().line("Node " + Text.u(reply.node()) + " failed to reload nodes");
        status = reply.timedOut() ? ToolFailure.ETIMEDOUT : 1;
      }
    }
    if (status != 0) {
      tool.err().line("You MUST fix failed nodes manually!");
    }
    return status;
  }
}
