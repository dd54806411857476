package io.jctdb.cli;

import io.jctdb.protocol.Control;
import io.jctdb.protocol.MalformedPacketException;
import io.jctdb.protocol.NodeFlags;
import io.jctdb.protocol.NodeMap;
import io.jctdb.protocol.NodeMap.Node;
import io.jctdb.protocol.Payload;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The node map that a command sees (cli.md 2.4): the local daemon's, unless that one is banned. */
final class ClusterView {
  private final DaemonClient client;
  private final Output err;
  private @Nullable NodeMap cached;

  ClusterView(DaemonClient client, Output err) {
    this.client = client;
    this.err = err;
  }

  /** The map, asked for once in the life of the process. */
  NodeMap map() {
    NodeMap map = cached;
    return map != null ? map : freshMap();
  }

  /** What the local daemon says, even if it is banned. */
  NodeMap localMap() {
    return NodeMap.decode(client.data(client.pnn(), Control.GET_NODEMAP));
  }

  /** The map as it is now. */
  NodeMap freshMap() {
    NodeMap map = localMap();
    Node self = map.node(client.pnn());
    if (self == null || !self.has(NodeFlags.BANNED)) {
      return remember(map);
    }
    NodeMap other = mapFromOthers(map);
    if (other == null) {
      err.line("Warning: All nodes are banned.");
      throw new ToolFailure(1);
    }
    return remember(other);
  }

  private NodeMap remember(NodeMap map) {
    cached = map;
    return map;
  }

  /** A banned node may be wrong about everybody: ask the next one in turn. */
  private @Nullable NodeMap mapFromOthers(NodeMap own) {
    List<Node> nodes = own.nodes();
    for (int i = 1; i < nodes.size(); i++) {
      Node node = nodes.get((client.pnn() + i) % nodes.size());
      if (node.has(NodeFlags.DISCONNECTED | NodeFlags.DELETED)) {
        continue;
      }
      DaemonClient.Reply reply = client.ask(node.pnn(), Control.GET_NODEMAP, Payload.empty());
      if (reply.failed()) {
        throw client.failure(reply, Control.GET_NODEMAP);
      }
      try {
        NodeMap map = NodeMap.decode(reply.data());
        Node there = map.node(node.pnn());
        if (there != null && !there.has(NodeFlags.BANNED)) {
          return map;
        }
      } catch (MalformedPacketException e) {
        // the next one then
      }
    }
    return null;
  }

  List<Integer> connectedNodes() {
    return without(NodeFlags.DISCONNECTED | NodeFlags.DELETED);
  }

  List<Integer> activeNodes() {
    return without(NodeFlags.INACTIVE);
  }

  private List<Integer> without(int flags) {
    List<Integer> pnns = new ArrayList<>();
    for (Node node : map().nodes()) {
      if (!node.has(flags)) {
        pnns.add(node.pnn());
      }
    }
    return pnns;
  }

  /** A list such as {@code 0,2}; empty items are skipped. */
  List<Integer> parseList(String list) {
    List<Integer> pnns = new ArrayList<>();
    for (String item : split(list)) {
      if (item.isEmpty()) {
        continue;
      }
      if (!Numbers.isNumber(item)) {
        err.line("Invalid node " + item);
        throw new ToolFailure(1);
      }
      int pnn = (int) Numbers.parse(item);
      if (map().node(pnn) == null) {
        err.line("Node " + Text.u(pnn) + " does not exist");
        throw new ToolFailure(1);
      }
      pnns.add(pnn);
    }
    return pnns;
  }

  private static List<String> split(String list) {
    List<String> items = new ArrayList<>();
    int start = 0;
    for (int comma = list.indexOf(','); comma >= 0; comma = list.indexOf(',', start)) {
      items.add(list.substring(start, comma));
      start = comma + 1;
    }
    items.add(list.substring(start));
    return items;
  }
}
