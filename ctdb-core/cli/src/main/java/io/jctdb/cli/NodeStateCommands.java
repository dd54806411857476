package io.jctdb.cli;

import io.jctdb.protocol.BanState;
import io.jctdb.protocol.Control;
import io.jctdb.protocol.NodeFlags;
import io.jctdb.protocol.NodeMap.Node;
import io.jctdb.protocol.Payload;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The six commands that change a node's flag (cli.md 11.1): ask, wait until the flag shows in the
 * node map, then have the addresses distributed anew.
 */
final class NodeStateCommands {
  private static final long POLL_MILLIS = 1000;

  /** What is wanted, and how it is said. */
  private enum Change {
    DISABLE(Control.DISABLE_NODE, NodeFlags.PERMANENTLY_DISABLED, true, "disabled", "disable"),
    ENABLE(Control.ENABLE_NODE, NodeFlags.PERMANENTLY_DISABLED, false, "disabled", "enable"),
    STOP(Control.STOP_NODE, NodeFlags.STOPPED, true, "stopped", "stop"),
    CONTINUE(Control.CONTINUE_NODE, NodeFlags.STOPPED, false, "stopped", "continue stopped"),
    BAN(Control.SET_BAN_STATE, NodeFlags.BANNED, true, "banned", "ban"),
    UNBAN(Control.SET_BAN_STATE, NodeFlags.BANNED, false, "banned", "unban");

    final Control control;
    final int flag;
    final boolean set;
    final String state;
    final String verb;

    Change(Control control, int flag, boolean set, String state, String verb) {
      this.control = control;
      this.flag = flag;
      this.set = set;
      this.state = state;
      this.verb = verb;
    }
  }

  private NodeStateCommands() {}

  static int run(String command, Tool tool, List<String> arguments) {
    Change change =
        switch (command) {
          case "disable" -> Change.DISABLE;
          case "enable" -> Change.ENABLE;
          case "stop" -> Change.STOP;
          case "continue" -> Change.CONTINUE;
          case "ban" -> Change.BAN;
          default -> Change.UNBAN;
        };
    byte[] data = Payload.empty();
    if (change == Change.BAN) {
      tool.expect(arguments, 1, 1);
      int seconds = (int) tool.number(arguments.getFirst());
      if (seconds == 0) {
        throw tool.fail(ToolFailure.EINVAL, "Ban time cannot be zero");
      }
      data = new BanState(tool.node(), seconds).encode();
    } else {
      tool.expect(arguments, 0, 0);
      if (change == Change.UNBAN) {
        data = new BanState(tool.node(), 0).encode();
      }
    }
    return apply(tool, change, data);
  }

  private static int apply(Tool tool, Change change, byte[] data) {
    Node node = asKnown(tool);
    if (node != null && node.has(change.flag) == change.set) {
      String already = change.set ? " is already " : " is not ";
      tool.err().line("Node " + Text.u(tool.node()) + already + change.state);
      return 0;
    }
    DaemonClient.Reply reply = tool.client().ask(tool.node(), change.control, data);
    if (reply.failed()) {
      ToolFailure failure = tool.client().failure(reply, change.control);
      tool.err().line("Failed to " + change.verb + " node " + Text.u(tool.node()));
      throw failure;
    }
    awaitFlag(tool, change);
    return new TakeoverRun(tool).run() < 0 ? 1 : 0;
  }

  /** Null if nobody can say how it is now; then the change is simply asked for. */
  private static @Nullable Node asKnown(Tool tool) {
    try {
      return tool.cluster().map().node(tool.node());
    } catch (ToolFailure e) {
      return null;
    }
  }

  private static void awaitFlag(Tool tool, Change change) {
    // Whether it is banned itself is the one thing that a banned node knows best.
    boolean askSelf = change == Change.BAN && tool.node() == tool.client().pnn();
    while (true) {
      Node node = askSelf ? tool.cluster().localMap().node(tool.node()) : freshly(tool);
      if (node != null && node.has(change.flag) == change.set) {
        return;
      }
      tool.host().sleep(POLL_MILLIS);
    }
  }

  private static @Nullable Node freshly(Tool tool) {
    try {
      return tool.cluster().freshMap().node(tool.node());
    } catch (ToolFailure e) {
      tool.err().line("Failed to get nodemap, trying again");
      return null;
    }
  }
}
