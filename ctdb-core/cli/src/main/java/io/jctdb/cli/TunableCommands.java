package io.jctdb.cli;

import io.jctdb.protocol.Control;
import io.jctdb.protocol.Payload;
import io.jctdb.protocol.StringN;
import io.jctdb.protocol.TunableSet;
import java.util.ArrayList;
import java.util.List;

/**
 * Tunables (cli.md 5). The list of names is asked for once, not once per name as in the stock tool.
 */
final class TunableCommands {
  private TunableCommands() {}

  static int run(String command, Tool tool, List<String> arguments) {
    return switch (command) {
      case "listvars" -> list(tool, arguments);
      case "getvar" -> get(tool, arguments);
      default -> set(tool, arguments);
    };
  }

  private static int list(Tool tool, List<String> arguments) {
    tool.expect(arguments, 0, 0);
    for (String name : names(tool)) {
      print(tool, name);
    }
    return 0;
  }

  private static int get(Tool tool, List<String> arguments) {
    tool.expect(arguments, 1, 1);
    demand(tool, arguments.getFirst());
    print(tool, arguments.getFirst());
    return 0;
  }

  private static int set(Tool tool, List<String> arguments) {
    tool.expect(arguments, 2, 2);
    String name = arguments.getFirst();
    demand(tool, name);
    int value = (int) tool.number(arguments.get(1));
    TunableSet wish = new TunableSet(value, name);
    DaemonClient.Reply reply =
        tool.client().control(tool.node(), Control.SET_TUNABLE, wish.encode());
    if (reply.status() == 1) {
      tool.out().line("Setting obsolete tunable variable '" + name + "'");
    }
    return 0;
  }

  private static void demand(Tool tool, String wanted) {
    for (String name : names(tool)) {
      if (name.equalsIgnoreCase(wanted)) {
        return;
      }
    }
    tool.out().line("No such tunable " + wanted);
    throw new ToolFailure(1);
  }

  private static List<String> names(Tool tool) {
    String list;
    try {
      list = StringN.decode(tool.client().data(tool.node(), Control.LIST_TUNABLES)).text();
    } catch (ToolFailure e) {
      tool.err().line("Failed to get list of variables from node " + Text.u(tool.node()));
      throw e;
    }
    List<String> names = new ArrayList<>();
    for (int start = 0; start < list.length(); ) {
      int colon = list.indexOf(':', start);
      int end = colon < 0 ? list.length() : colon;
      if (end > start) {
        names.add(list.substring(start, end));
      }
      start = end + 1;
    }
    return names;
  }

  private static void print(Tool tool, String name) {
    byte[] value = tool.client().data(tool.node(), Control.GET_TUNABLE, new StringN(name).encode());
    tool.out().line(Text.left(name, 26) + " = " + Text.u(Payload.u32(value)));
  }
}
