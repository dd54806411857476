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
  private final Sites sites;
  private final Json json = new Json();

  /**
   * @param sites shown, which newer Samba does not, where there are several
   */
  StatusJson(Tool tool, Sites sites) {
    this.tool = tool;
    this.sites = sites;
  }

  void print(List<Node> nodes, Predicate<Node> partial, VnnMap map, int recoveryMode, int leader) {
    json.open("{");
    json.key("node_status");
    json.open("{");
    int deleted = 0;
    for (Node node : nodes) {
      deleted += node.has(NodeFlags.DELETED) ? 1 : 0;
    }
    json.raw("node_count", Integer.toString(nodes.size()));
    json.raw("deleted_node_count", Integer.toString(deleted));
    json.key("nodes");
    json.open("{");
    for (Node node : nodes) {
      if (!node.has(NodeFlags.DELETED)) {
        node(node, partial.test(node));
      }
    }
    json.close("}");
    json.close("}");
    vnnMap(map);
    json.raw("recovery_mode", recoveryMode == 0 ? "\"NORMAL\"" : "\"RECOVERY\"");
    json.raw("recovery_mode_raw", Integer.toString(recoveryMode));
    json.raw("leader", Text.u(leader));
    json.close("}");
    tool.out().text(json.toString());
  }

  private void node(Node node, boolean partiallyOnline) {
    json.key(Text.u(node.pnn()));
    json.open("{");
    json.raw("pnn", Text.u(node.pnn()));
    json.raw("address", "\"" + node.address().host() + "\"");
    json.raw("partially_online", Boolean.toString(partiallyOnline));
    json.raw("flags_raw", Text.u(node.flags()));
    json.raw("flags_ok", Boolean.toString(node.flags() == 0));
    json.key("flags");
    json.open("{");
    flag("disconnected", node, NodeFlags.DISCONNECTED);
    flag("unknown", node, NodeFlags.UNKNOWN);
    flag("disabled", node, NodeFlags.PERMANENTLY_DISABLED);
    flag("banned", node, NodeFlags.BANNED);
    flag("unhealthy", node, NodeFlags.UNHEALTHY);
    flag("deleted", node, NodeFlags.DELETED);
    flag("stopped", node, NodeFlags.STOPPED);
    flag("inactive", node, NodeFlags.INACTIVE);
    json.close("}");
    json.raw("this_node", Boolean.toString(node.pnn() == tool.node()));
    if (sites.areSeveral()) {
      json.string("site", sites.of(node.pnn()));
      json.truth("remote", sites.isRemote(node.pnn()));
    }
    json.close("}");
  }

  private void vnnMap(VnnMap map) {
    json.key("vnn_status");
    json.open("{");
    boolean invalid = map.generation() == PacketHeader.INVALID_GENERATION;
    json.raw("generation", invalid ? "null" : Text.u(map.generation()));
    json.raw("size", Integer.toString(map.pnns().size()));
    json.key("vnn_map");
    json.open("[");
    for (int i = 0; i < map.pnns().size(); i++) {
      json.separate();
      json.open("{");
      json.raw("hash", Integer.toString(i));
      json.raw("lmaster", Text.u(map.pnns().get(i)));
      json.close("}");
    }
    json.close("]");
    json.close("}");
  }

  private void flag(String name, Node node, int flag) {
    json.raw(name, Boolean.toString(node.has(flag)));
  }
}
