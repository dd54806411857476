package io.jctdb.cli;

import java.util.ArrayList;
import java.util.List;

/** Commands that are programs of their own (cli.md 12, 13). */
final class HelperCommands {
  private static final int EXEC_FAILED = 64;
  private static final int SIGNALLED = 256;
  private static final int EINTR = 4;

  private HelperCommands() {}

  static int run(String command, Tool tool, List<String> arguments) {
    Host host = tool.host();
    switch (command) {
      case "event" -> {
        String helper = Installation.helper(host, "CTDB_EVENT_HELPER", "ctdb-event");
        return execute(tool, "event daemon helper", helper, arguments);
      }
      case "scriptstatus" -> {
        tool.expect(arguments, 0, 1);
        String event = arguments.isEmpty() ? "monitor" : arguments.getFirst();
        String helper = Installation.helper(host, "CTDB_EVENT_HELPER", "ctdb-event");
        execute(tool, "event daemon helper", helper, List.of("status", "legacy", event));
        return 0;
      }
      default -> {
        tool.expect(arguments, 1, 1);
        boolean natgw = command.equals("natgw");
        String helper =
            natgw
                ? Installation.helper(host, "CTDB_NATGW_HELPER", "ctdb_natgw")
                : Installation.helper(host, "CTDB_LVS_HELPER", "ctdb_lvs");
        return execute(tool, natgw ? "NAT gateway helper" : "LVS helper", helper, arguments);
      }
    }
  }

  /** Maps the helper's end to an exit status as the stock tool does (cli.md 12.4). */
  private static int execute(Tool tool, String label, String helper, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(helper);
    command.addAll(arguments);
    int result = tool.host().run(command);
    if (result >= SIGNALLED) {
      tool.err().line(label + " terminated with signal " + (result - SIGNALLED));
      return EINTR;
    }
    if (result >= EXEC_FAILED && result < 255) {
      tool.err().line(label + " failed with error " + (result - EXEC_FAILED));
      return result - EXEC_FAILED;
    }
    return result;
  }
}
