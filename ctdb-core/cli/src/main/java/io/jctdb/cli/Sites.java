package io.jctdb.cli;

import io.jctdb.protocol.Control;
import io.jctdb.protocol.LinkReport;
import io.jctdb.protocol.MalformedPacketException;
import io.jctdb.protocol.NodeFlags;
import io.jctdb.protocol.NodeMap.Node;
import io.jctdb.protocol.Payload;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Which node belongs to which site, as the asked node has heard from each. Shown only where a node
 * is at another site than the main one, so that everybody else sees what the stock tool prints.
 */
final class Sites {
  private static final String UNKNOWN = "UNKNOWN";

  private final String main;
  private final Map<Integer, String> byNode;

  private Sites(String main, Map<Integer, String> byNode) {
    this.main = main;
    this.byNode = byNode;
  }

  /** Empty if the daemon knows of no sites, as ctdbd does. */
  static Sites ask(Tool tool) {
    DaemonClient.Reply reply = tool.client().ask(tool.node(), Control.LINK_REPORT, Payload.empty());
    if (!reply.failed()) {
      try {
        return of(tool.node(), LinkReport.decode(reply.data()));
      } catch (MalformedPacketException e) {
        // what cannot be read is not shown
      }
    }
    return new Sites("", Map.of());
  }

  private static Sites of(int self, LinkReport report) {
    Map<Integer, String> byNode = new TreeMap<>();
    byNode.put(self, report.site());
    for (LinkReport.Link link : report.links()) {
      if (!link.site().isEmpty()) {
        byNode.put(link.pnn(), link.site());
      }
    }
    return new Sites(report.mainSite(), byNode);
  }

  boolean areSeveral() {
    return byNode.values().stream().anyMatch(site -> !site.equals(main));
  }

  /** {@link #UNKNOWN} of one that has not been heard since the asked daemon started. */
  String of(int pnn) {
    return byNode.getOrDefault(pnn, UNKNOWN);
  }

  /** Never so if the daemon knows of no sites. */
  boolean isMain(String site) {
    return site.equals(main);
  }

  boolean isRemote(int pnn) {
    return byNode.containsKey(pnn) && !of(pnn).equals(main);
  }

  /** {@code Site:branch nodes:3,4 (REMOTE)}, the main site first. */
  List<String> lines(List<Node> nodes) {
    Map<String, List<String>> bySite = new LinkedHashMap<>();
    bySite.put(main, new ArrayList<>());
    for (Node node : nodes) {
      if (!node.has(NodeFlags.DELETED)) {
        bySite.computeIfAbsent(of(node.pnn()), site -> new ArrayList<>()).add(Text.u(node.pnn()));
      }
    }
    List<String> lines = new ArrayList<>();
    bySite.forEach(
        (site, pnns) -> {
          boolean remote = !site.equals(main) && !site.equals(UNKNOWN);
          String word = remote ? " (REMOTE)" : "";
          lines.add("Site:" + site + " nodes:" + String.join(",", pnns) + word);
        });
    return lines;
  }
}
