package io.jctdb.wanlink;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The nodes file in a form that can be compared between nodes and shown to people. */
final class NodesList {
  private final TreeMap<Integer, InetSocketAddress> nodes;

  NodesList(Map<Integer, InetSocketAddress> nodes) {
    this.nodes = new TreeMap<>(nodes);
  }

  @Nullable InetSocketAddress address(int pnn) {
    return nodes.get(pnn);
  }

  Map<Integer, InetSocketAddress> asMap() {
    return nodes;
  }

  boolean hasAddress(InetAddress address) {
    return nodes.values().stream().anyMatch(node -> node.getAddress().equals(address));
  }

  /** {@code 0=10.0.0.1:4379 1=10.0.0.2:4379}: equal exactly when the lists are. */
  String text() {
    return nodes.entrySet().stream()
        .map(
            node ->
                node.getKey()
                    + "="
                    + node.getValue().getAddress().getHostAddress()
                    + ":"
                    + node.getValue().getPort())
        .collect(Collectors.joining(" "));
  }
}
