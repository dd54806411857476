package io.jctdb.cli;

import io.jctdb.linux.TdbException;
import io.jctdb.protocol.MalformedPacketException;
import io.jctdb.protocol.NodeFlags;
import io.jctdb.protocol.NodeMap;
import io.jctdb.protocol.NodeMap.Node;
import io.jctdb.protocol.Srvid;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One run of {@code ctdb}: options, checks in the stock order, connection, command (cli.md 1). What
 * the commands need of it is here too.
 */
final class Tool {
  /** The protocol level that we stand in for, and who we are. */
  static final String VERSION = "4.17.12-jctdb";

  private static final int EIO = 5;
  private static final int EPROTO = 71;
  private static final int DEFAULT_MAX_RUNTIME_SECONDS = 120;
  private static final String[] SYNOPSIS = {
    "Usage: [-?YXv] [-?|--help] [--usage] [-d|--debug=STRING]",
    "        [-t|--timelimit=INT] [-n|--node=INT] [-Y] [-x|--separator=CHAR]",
    "        [-X] [-v|--verbose] [-T|--maxruntime=INT]"
  };
  private static final String[] OPTION_HELP = {
    "Usage: [OPTION...]",
    "  -d, --debug=STRING       log level of this tool",
    "  -t, --timelimit=INT      seconds for each request",
    "  -n, --node=INT           node that the command is for",
    "  -Y                       machine-readable output",
    "  -x, --separator=CHAR     separator for machine-readable output",
    "  -X                       machine-readable output, separator |",
    "  -v, --verbose            more output",
    "  -T, --maxruntime=INT     seconds for the whole command",
    "",
    "Help options:",
    "  -?, --help               show this help message",
    "      --usage              show the synopsis"
  };

  private final Host host;
  private final Options options;
  private @Nullable Command command;
  private @Nullable DaemonClient client;
  private @Nullable ClusterView cluster;
  private int commandNode;

  private Tool(Host host, Options options) {
    this.host = host;
    this.options = options;
  }

  /** Runs the command line; its exit status. */
  static int run(Host host, String[] arguments) {
    Options options = new Options(arguments);
    try {
      return switch (options.parse()) {
        case HELP -> print(host, OPTION_HELP, 0);
        case USAGE -> print(host, SYNOPSIS, 0);
        case RUN -> new Tool(host, options).run();
      };
    } catch (Options.BadOption e) {
      host.err().line(Objects.requireNonNull(e.getMessage()));
      return 1;
    } catch (ToolFailure e) {
      return e.status & 0xFF;
    } catch (MalformedPacketException e) {
      host.err().line("The daemon's answer cannot be understood: " + e.getMessage());
      return EPROTO;
    } catch (TdbException e) {
      host.err().line("Database file: " + e.getMessage());
      return EIO;
    } catch (Wire.ConnectionLost e) {
      return 1;
    }
  }

  private static int print(Host host, String[] lines, int status) {
    for (String line : lines) {
      host.out().line(line);
    }
    return status;
  }

  private int run() {
    setMaxRuntime();
    if (options.arguments.isEmpty()) {
      return printEverything();
    }
    String name = options.arguments.getFirst();
    Command found = CommandTable.find(name);
    if (found == null) {
      host.err().line("Unknown command '" + name + "'");
      return 1;
    }
    command = found;
    List<String> arguments = options.arguments.subList(1, options.arguments.size());
    if (!found.daemon()) {
      if (options.node != -1) {
        host.err().line("Cannot specify node for command " + name);
        return 1;
      }
      return CommandTable.run(name, this, arguments);
    }
    try (DaemonClient connected = connect()) {
      client = connected;
      cluster = new ClusterView(connected, host.err());
      connected.askPnn();
      chooseNode(found, connected);
      connected.register(Srvid.LEADER);
      return CommandTable.run(name, this, arguments);
    }
  }

  private void setMaxRuntime() {
    int seconds = options.maxRuntimeSeconds;
    if (seconds == 0) {
      seconds = DEFAULT_MAX_RUNTIME_SECONDS;
      String text = host.env("CTDB_TIMEOUT");
      if (text != null) {
        if (!Numbers.isNumber(text)) {
          host.err().line("Invalid value CTDB_TIMEOUT");
          throw new ToolFailure(1);
        }
        seconds = (int) Numbers.parse(text);
      }
    }
    if (seconds > 0) {
      host.setDeadline(host.nanoTime() + seconds * 1_000_000_000L);
    }
  }

  private int printEverything() {
    print(host, OPTION_HELP, 1);
    host.out().line("");
    CommandTable.printAll(host.out());
    return 1;
  }

  private DaemonClient connect() {
    Path socket = Installation.daemonSocket(host);
    try {
      return new DaemonClient(host, host.connect(socket), options.timeLimitSeconds * 1000L);
    } catch (Host.ConnectFailure e) {
      host.err().line("connect() failed, errno=" + e.errno);
      host.err().line("Failed to connect to CTDB daemon (" + socket + ")");
      explainMembership();
      throw new ToolFailure(1);
    }
  }

  /** Whether this host is a member at all is the first question when there is no daemon. */
  private void explainMembership() {
    List<NodesFile.Entry> nodes = NodesFile.read(host);
    if (nodes == null) {
      host.err().line("Is this node part of CTDB cluster?");
      return;
    }
    for (NodesFile.Entry node : nodes) {
      InetAddress address = node.address();
      if (address != null && host.isLocalAddress(address)) {
        return;
      }
    }
    host.err().line("Failed to detect PNN of the current node.");
    host.err().line("Is this node part of CTDB cluster?");
  }

  /** Which node the command is for (cli.md 1.4). */
  private void chooseNode(Command found, DaemonClient connected) {
    commandNode = connected.pnn();
    if (options.node == -1) {
      return;
    }
    commandNode = options.node;
    NodeMap map = cluster().map();
    Node node = map.node(commandNode);
    if (node == null) {
      host.err().line("Node " + Text.u(commandNode) + " does not exist");
      throw new ToolFailure(1);
    }
    if (node.has(NodeFlags.DISCONNECTED | NodeFlags.DELETED)) {
      host.err()
          .line("Node " + Text.u(commandNode) + " has status " + NodeFlags.toString(node.flags()));
      throw new ToolFailure(1);
    }
    if (!found.remote() && commandNode != connected.pnn()) {
      host.err().line("Node cannot be specified for command " + found.name());
      throw new ToolFailure(1);
    }
  }

  Host host() {
    return host;
  }

  Output out() {
    return host.out();
  }

  Output err() {
    return host.err();
  }

  DaemonClient client() {
    return Objects.requireNonNull(client, "a command without a daemon asked it something");
  }

  ClusterView cluster() {
    return Objects.requireNonNull(cluster, "a command without a daemon asked for the cluster");
  }

  /** The node that the command is for. */
  int node() {
    return commandNode;
  }

  boolean machine() {
    return options.machine;
  }

  boolean json() {
    return options.json;
  }

  boolean verbose() {
    return options.verbose;
  }

  int timeLimitSeconds() {
    return options.timeLimitSeconds;
  }

  /** A machine-readable row with the chosen separator. */
  void row(Object... fields) {
    out().line(Text.row(options.separator, fields));
  }

  String separator() {
    return options.separator;
  }

  /** Demands between {@code least} and {@code most} arguments. */
  void expect(List<String> arguments, int least, int most) {
    if (arguments.size() < least || arguments.size() > most) {
      throw usage();
    }
  }

  /** Prints the usage of the command; status 1. */
  ToolFailure usage() {
    print(host, SYNOPSIS, 1);
    out().line("");
    out().line("Commands:");
    out().line(Objects.requireNonNull(command).usageLine());
    return new ToolFailure(1);
  }

  /** Prints the usage of all commands, as the stock tool does after two slips; status 1. */
  ToolFailure usageOfEverything() {
    return new ToolFailure(printEverything());
  }

  /** Says what is wrong; {@code status} is the exit status. */
  ToolFailure fail(int status, String message) {
    err().line(message);
    return new ToolFailure(status);
  }

  /** A number argument; anything else ends the command with status 22. */
  long number(String text) {
    try {
      return Numbers.parse(text);
    } catch (NumberFormatException e) {
      throw fail(ToolFailure.EINVAL, "Invalid number '" + text + "'");
    }
  }
}
