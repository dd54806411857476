package io.jctdb.daemon.metrics;

import io.jctdb.protocol.NodeFlags;
import io.jctdb.protocol.NodeMap;
import io.jctdb.protocol.NumericAddress;
import io.jctdb.protocol.PublicIp;
import io.jctdb.protocol.SpecialPnn;

/** A node in plain text for a person with a browser and no shell. */
final class StatusPage {
  private StatusPage() {}

  static String of(NodeStatus status) {
    StringBuilder page = new StringBuilder();
    line(page, "node", status.pnn() + (status.healthy() ? " (healthy)" : " (NOT healthy)"));
    line(page, "run state", status.runState());
    line(
        page,
        "leader",
        status.leader() == SpecialPnn.UNKNOWN ? "none known" : "node " + status.leader());
    StatusLines.of(status).lines().forEach(line -> line(page, line.name(), line.text()));
    line(page, "clients", status.statistics().numClients());
    page.append("\nnodes\n");
    for (NodeMap.Node node : status.nodes().nodes()) {
      page.append(
          String.format(
              "  %3d  %-15s  %s%n",
              node.pnn(),
              NumericAddress.toString(node.address().address()),
              NodeFlags.toString(node.flags())));
    }
    page.append("\npublic addresses\n");
    for (PublicIp ip : status.addresses()) {
      page.append(
          String.format(
              "  %-15s  %s%n",
              NumericAddress.toString(ip.address().address()),
              ip.pnn() == SpecialPnn.UNKNOWN ? "held by nobody" : "node " + ip.pnn()));
    }
    return page.toString();
  }

  private static void line(StringBuilder page, String name, Object value) {
    page.append(String.format("%-15s %s%n", name, value));
  }
}
