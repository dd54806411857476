package io.jctdb.cli;

import io.jctdb.protocol.Capability;
import io.jctdb.protocol.Control;
import io.jctdb.protocol.Payload;
import io.jctdb.protocol.PidSrvid;
import io.jctdb.protocol.RunState;
import io.jctdb.protocol.SpecialPnn;
import io.jctdb.protocol.Srvid;
import io.jctdb.protocol.SrvidMessage;
import io.jctdb.protocol.Uptime;
import java.util.List;
import java.util.Locale;

/** Commands that ask one thing and print it (cli.md 4.5, 4.6, 5). */
final class InformationCommands {
  private static final String[] LEVELS = {"ERROR", "WARNING", "NOTICE", "INFO", "DEBUG"};

  private InformationCommands() {}

  static int run(String command, Tool tool, List<String> arguments) {
    return switch (command) {
      case "version" -> version(tool);
      case "uptime" -> uptime(tool);
      case "ping" -> ping(tool);
      case "runstate" -> runState(tool, arguments);
      case "process-exists" -> processExists(tool, arguments);
      case "getcapabilities" -> capabilities(tool, arguments);
      case "pnn" -> print(tool, Text.u(tool.client().pnn()));
      case "getpid" -> pid(tool);
      case "leader" -> leader(tool);
      case "getreclock" -> clusterLock(tool, arguments);
      case "getdebug" -> debugLevel(tool, arguments);
      case "setdebug" -> setDebugLevel(tool, arguments);
      case "dumpmemory" -> dumpMemory(tool);
      default -> dumpRecoveryMemory(tool, arguments);
    };
  }

  private static int print(Tool tool, String line) {
    tool.out().line(line);
    return 0;
  }

  private static int version(Tool tool) {
    if (tool.json()) {
      tool.out().text("{\n  \"version\": \"" + Tool.VERSION + "\"\n}");
      return 0;
    }
    return print(tool, Tool.VERSION);
  }

  private static int uptime(Tool tool) {
    Uptime up = Uptime.decode(tool.client().data(tool.node(), Control.UPTIME));
    long now = up.currentTime().seconds();
    long finished = up.lastRecoveryFinished().seconds();
    String node = Text.left(Text.u(tool.node()), 4);
    print(tool, "Current time of node " + node + "     :                " + Times.ctime(now));
    print(tool, "Ctdbd start time              : " + since(now, up.startTime().seconds()));
    print(tool, "Time of last recovery/failover: " + since(now, finished));
    double duration =
        (double) (finished - up.lastRecoveryStarted().seconds())
            + (up.lastRecoveryFinished().micros() - up.lastRecoveryStarted().micros()) * 1e-6;
    return print(tool, "Duration of last recovery/failover: " + Text.micros(duration) + " seconds");
  }

  private static String since(long now, long then) {
    return Times.elapsed(now - then) + " " + Times.ctime(then);
  }

  private static int ping(Tool tool) {
    long start = tool.host().nanoTime();
    int clients = tool.client().control(tool.node(), Control.PING, Payload.empty()).status();
    double seconds = (tool.host().nanoTime() - start) * 1e-9;
    return print(
        tool,
        "response from "
            + Text.u(tool.node())
            + " time="
            + Text.micros(seconds)
            + " sec  ("
            + clients
            + " clients)");
  }

  private static int runState(Tool tool, List<String> arguments) {
    RunState state =
        RunState.of(Payload.u32(tool.client().data(tool.node(), Control.GET_RUNSTATE)));
    boolean wanted = arguments.isEmpty();
    for (String argument : arguments) {
      if (!isRunState(argument)) {
        tool.out().line("Invalid run state (" + argument + ")");
        return 1;
      }
      if (argument.equalsIgnoreCase(state.name())) {
        wanted = true;
        break;
      }
    }
    if (!wanted) {
      tool.out().line("CTDB not in required run state (got " + state.name() + ")");
      return 1;
    }
    return print(tool, state.name());
  }

  private static boolean isRunState(String word) {
    for (RunState state : RunState.values()) {
      if (state != RunState.UNKNOWN && state.name().equalsIgnoreCase(word)) {
        return true;
      }
    }
    return false;
  }

  private static int processExists(Tool tool, List<String> arguments) {
    tool.expect(arguments, 1, 2);
    int pid = Numbers.leading(arguments.getFirst());
    String what = "PID " + pid;
    DaemonClient.Reply reply;
    Control control;
    if (arguments.size() == 1) {
      control = Control.PROCESS_EXISTS;
      reply = tool.client().ask(tool.node(), control, Payload.ofU32(pid));
    } else {
      control = Control.CHECK_PID_SRVID;
      long srvid = tool.number(arguments.get(1));
      what += " with SRVID 0x" + Long.toHexString(srvid);
      reply = tool.client().ask(tool.node(), control, new PidSrvid(pid, srvid).encode());
    }
    if (reply.timedOut()) {
      throw tool.client().failure(reply, control);
    }
    print(tool, what + (reply.status() == 0 ? " exists" : " does not exist"));
    return reply.status() < 0 ? 1 : reply.status();
  }

  private static int capabilities(Tool tool, List<String> arguments) {
    tool.expect(arguments, 0, 0);
    int bits = Payload.u32(tool.client().data(tool.node(), Control.GET_CAPABILITIES));
    boolean leader = (bits & Capability.LEADER) != 0;
    boolean lmaster = (bits & Capability.LMASTER) != 0;
    if (tool.machine()) {
      tool.row("LEADER", "LMASTER");
      tool.row(leader ? 1 : 0, lmaster ? 1 : 0);
      return 0;
    }
    print(tool, "LEADER: " + (leader ? "YES" : "NO"));
    return print(tool, "LMASTER: " + (lmaster ? "YES" : "NO"));
  }

  private static int pid(Tool tool) {
    int pid = tool.client().control(tool.node(), Control.GET_PID, Payload.empty()).status();
    return print(tool, Integer.toString(pid));
  }

  private static int leader(Tool tool) {
    int leader = tool.client().awaitLeader();
    return print(tool, leader == SpecialPnn.UNKNOWN ? "UNKNOWN" : Text.u(leader));
  }

  private static int clusterLock(Tool tool, List<String> arguments) {
    tool.expect(arguments, 0, 0);
    byte[] lock = tool.client().data(tool.node(), Control.GET_RECLOCK_FILE);
    return lock.length == 0 ? 0 : print(tool, Payload.cstr(lock));
  }

  private static int debugLevel(Tool tool, List<String> arguments) {
    tool.expect(arguments, 0, 0);
    int level = Payload.u32(tool.client().data(tool.node(), Control.GET_DEBUG));
    String name =
        switch (level) {
          case 0 -> "ERROR";
          case 1, 2 -> "WARNING";
          case 3, 4 -> "NOTICE";
          case 5, 6, 7, 8, 9 -> "INFO";
          case 10 -> "DEBUG";
          default -> "UNKNOWN";
        };
    return print(tool, name);
  }

  private static int setDebugLevel(Tool tool, List<String> arguments) {
    tool.expect(arguments, 1, 1);
    int level = level(arguments.getFirst());
    if (level < 0) {
      tool.err().line("Invalid debug level '" + arguments.getFirst() + "'. Valid levels are:");
      tool.err().line("\tERROR | WARNING | NOTICE | INFO | DEBUG");
      return 1;
    }
    tool.client().data(tool.node(), Control.SET_DEBUG, Payload.ofU32(level));
    return 0;
  }

  /** A name or any beginning of it, or a number from 0 to 10; else -1. */
  private static int level(String text) {
    if (Numbers.isNumber(text)) {
      long number = Numbers.parse(text);
      return number >= 0 && number <= 10 ? (int) number : -1;
    }
    String word = text.toUpperCase(Locale.ROOT);
    for (int i = 0; i < LEVELS.length; i++) {
      if (!word.isEmpty() && LEVELS[i].startsWith(word)) {
        return new int[] {0, 1, 3, 5, 10}[i];
      }
    }
    return -1;
  }

  private static int dumpMemory(Tool tool) {
    tool.out().raw(tool.client().data(tool.node(), Control.DUMP_MEMORY));
    return 0;
  }

  private static int dumpRecoveryMemory(Tool tool, List<String> arguments) {
    tool.expect(arguments, 0, 0);
    DaemonClient client = tool.client();
    long answers = client.newReplyAddress();
    client.register(answers);
    client.message(tool.node(), Srvid.MEM_DUMP, new SrvidMessage(client.pnn(), answers).encode());
    byte[] text = client.awaitMessage(answers, Wire.FOREVER);
    client.deregister(answers);
    if (text != null) {
      tool.out().raw(text);
    }
    return 0;
  }
}
