package io.jctdb.cli;

import io.jctdb.protocol.Control;
import io.jctdb.protocol.SiteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** {@code ctdb setsite}: moves a node to another site, in its own configuration file. */
final class SiteCommands {
  private SiteCommands() {}

  static int run(Tool tool, List<String> arguments) {
    tool.expect(arguments, 1, 2);
    boolean restart = arguments.size() == 2;
    if (restart && !arguments.get(1).equals("restart")) {
      throw tool.usage();
    }
    String site = arguments.getFirst();
    demandThatTheMainSiteStays(tool, site);
    DaemonClient.Reply reply =
        tool.client().ask(tool.node(), Control.SET_SITE, new SiteOrder(site, restart).encode());
    String told = new String(reply.data(), StandardCharsets.UTF_8);
    if (reply.failed()) {
      if (told.isEmpty()) {
        throw tool.client().failure(reply, Control.SET_SITE);
      }
      throw tool.fail(1, "node " + Text.u(tool.node()) + ": " + told);
    }
    tool.out().line("node " + Text.u(tool.node()) + ": " + told);
    return 0;
  }

  /** A cluster cannot work without; nodes that have not been heard do not count. */
  private static void demandThatTheMainSiteStays(Tool tool, String site) {
    Sites sites = Sites.ask(tool);
    if (sites.isMain(site)) {
      return;
    }
    boolean others =
        tool.cluster().map().nodes().stream()
            .anyMatch(node -> node.pnn() != tool.node() && sites.isMain(sites.of(node.pnn())));
    if (!others) {
      throw tool.fail(
          1,
          "node "
              + Text.u(tool.node())
              + " is the last one of the main site; move another node there first");
    }
  }
}
