package io.jctdb.cli;

import io.jctdb.protocol.Control;
import io.jctdb.protocol.PacketHeader;
import io.jctdb.protocol.Payload;
import io.jctdb.protocol.VnnMap;
import java.util.List;

/** {@code shutdown}, {@code recover} and the roles (cli.md 11.3 to 11.5). */
final class ClusterCommands {
  private static final long POLL_MILLIS = 1000;

  private ClusterCommands() {}

  static int run(String command, Tool tool, List<String> arguments) {
    return switch (command) {
      case "shutdown" -> shutdown(tool, arguments);
      case "recover" -> recover(tool, arguments);
      case "setlmasterrole" -> role(tool, arguments, Control.SET_LMASTERROLE);
      default -> role(tool, arguments, Control.SET_RECMASTERROLE);
    };
  }

  private static int shutdown(Tool tool, List<String> arguments) {
    tool.expect(arguments, 0, 0);
    tool.client().tell(tool.node(), Control.SHUTDOWN, Payload.empty());
    if (tool.node() == tool.client().pnn()) {
      tool.client().awaitClose();
    }
    return 0;
  }

  private static int role(Tool tool, List<String> arguments, Control control) {
    tool.expect(arguments, 1, 1);
    int value =
        switch (arguments.getFirst()) {
          case "on" -> 1;
          case "off" -> 0;
          default -> throw tool.usage();
        };
    tool.client().data(tool.node(), control, Payload.ofU32(value));
    return 0;
  }

  private static int recover(Tool tool, List<String> arguments) {
    tool.expect(arguments, 0, 0);
    DaemonClient client = tool.client();
    int before = generation(tool);
    DaemonClient.Reply reply = client.ask(tool.node(), Control.SET_RECMODE, Payload.ofU32(1));
    if (reply.failed()) {
      ToolFailure failure = client.failure(reply, Control.SET_RECMODE);
      tool.err().line("Failed to set recovery mode active");
      throw failure;
    }
    while (generation(tool) == before) {
      tool.host().sleep(POLL_MILLIS);
    }
    return 0;
  }

  /** The leader's generation, once it is not in recovery. */
  static int generation(Tool tool) {
    DaemonClient client = tool.client();
    while (true) {
      int leader = client.awaitLeader();
      DaemonClient.Reply mode = client.ask(leader, Control.GET_RECMODE, Payload.empty());
      if (mode.failed()) {
        ToolFailure failure = client.failure(mode, Control.GET_RECMODE);
        tool.err().line("Failed to get recovery mode from node " + Text.u(leader));
        throw failure;
      }
      if (mode.status() == 0) {
        int generation = generationOf(tool, leader);
        if (generation != PacketHeader.INVALID_GENERATION) {
          return generation;
        }
      }
      tool.host().sleep(POLL_MILLIS);
    }
  }

  private static int generationOf(Tool tool, int leader) {
    try {
      return VnnMap.decode(tool.client().data(leader, Control.GETVNNMAP)).generation();
    } catch (ToolFailure e) {
      tool.err().line("Failed to get generation from node " + Text.u(leader));
      throw e;
    }
  }
}
