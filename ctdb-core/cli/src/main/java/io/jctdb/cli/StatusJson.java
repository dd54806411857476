package io.jctdb.cli;

import io.jctdb.protocol.NodeFlags;
import io.jctdb.protocol.NodeMap.Node;
import io.jctdb.protocol.PacketHeader;
import io.jctdb.protocol.VnnMap;
import java.util.List;
import java.util.function.Predicate;

/** {@code --json status}: the keys of newer Samba, in its order (cli.md 15). */
final class StatusJson {
  private final Tool tool;
  private final StringBuilder json = new StringBuilder();
  private int depth;
  private boolean first = true;

  StatusJson(Tool tool) {
    this.tool = tool;
  }

  void print(List<Node> nodes, Predicate<Node> partial, VnnMap map, int recoveryMode, int leader) {
    open("{");
    key("node_status");
    open("{");
    int deleted = 0;
    for (Node node : nodes) {
      deleted += node.has(NodeFlags.DELETED) ? 1 : 0;
    }
    value("node_count", Integer.toString(nodes.size()));
    value("deleted_node_count", Integer.toString(deleted));
    key("nodes");
    open("{");
    for (Node node : nodes) {
      if (!node.has(NodeFlags.DELETED)) {
        node(node, partial.test(node));
      }
    }
    close("}");
    close("}");
    vnnMap(map);
    value("recovery_mode", recoveryMode == 0 ? "\"NORMAL\"" : "\"RECOVERY\"");
    value("recovery_mode_raw", Integer.toString(recoveryMode));
    value("leader", Text.u(leader));
    close("}");
    tool.out().text(json.toString());
  }

  private void node(Node node, boolean partiallyOnline) {
    key(Text.u(node.pnn()));
    open("{");
    value("pnn", Text.u(node.pnn()));
    value("address", "\"" + node.address().host() + "\"");
    value("partially_online", Boolean.toString(partiallyOnline));
    value("flags_raw", Text.u(node.flags()));
    value("flags_ok", Boolean.toString(node.flags() == 0));
    key("flags");
    open("{");
    flag("disconnected", node, NodeFlags.DISCONNECTED);
    flag("unknown", node, NodeFlags.UNKNOWN);
    flag("disabled", node, NodeFlags.PERMANENTLY_DISABLED);
    flag("banned", node, NodeFlags.BANNED);
    flag("unhealthy", node, NodeFlags.UNHEALTHY);
    flag("deleted", node, NodeFlags.DELETED);
    flag("stopped", node, NodeFlags.STOPPED);
    flag("inactive", node, NodeFlags.INACTIVE);
    close("}");
    value("this_node", Boolean.toString(node.pnn() == tool.node()));
    close("}");
  }

  private void vnnMap(VnnMap map) {
    key("vnn_status");
    open("{");
    boolean invalid = map.generation() == PacketHeader.INVALID_GENERATION;
    value("generation", invalid ? "null" : Text.u(map.generation()));
    value("size", Integer.toString(map.pnns().size()));
    key("vnn_map");
    open("[");
    for (int i = 0; i < map.pnns().size(); i++) {
      separate();
      open("{");
      value("hash", Integer.toString(i));
      value("lmaster", Text.u(map.pnns().get(i)));
      close("}");
    }
    close("]");
    close("}");
  }

  private void flag(String name, Node node, int flag) {
    value(name, Boolean.toString(node.has(flag)));
  }

  private void value(String name, String value) {
    key(name);
    json.append(value);
  }

  private void key(String name) {
    separate();
    json.append('"').append(name).append("\": ");
  }

  private void separate() {
    if (!first) {
      json.append(',');
    }
    first = false;
    newline();
  }

  private void open(String bracket) {
    json.append(bracket);
    depth++;
    first = true;
  }

  private void close(String bracket) {
    depth--;
    if (!first) {
      newline();
    }
    json.append(bracket);
    first = false;
  }

  private void newline() {
    json.append('\n').append("  ".repeat(depth));
  }
}
