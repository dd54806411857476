package io.jctdb.cli;

import io.jctdb.protocol.Connection;
import io.jctdb.protocol.Control;
import io.jctdb.protocol.SockAddr;
import io.jctdb.protocol.TickleList;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.StringTokenizer;

/** TCP connections that the next holder of an address must wake up (cli.md 7.4). */
final class TickleCommands {
  private final Tool tool;

  private TickleCommands(Tool tool) {
    this.tool = tool;
  }

  static int run(String command, Tool tool, List<String> arguments) {
    TickleCommands commands = new TickleCommands(tool);
    return switch (command) {
      case "gettickles" -> commands.list(arguments);
      case "addtickle" -> commands.change(arguments, Control.TCP_ADD_DELAYED_UPDATE);
      case "deltickle" -> commands.change(arguments, Control.TCP_REMOVE);
      default -> commands.tickle(arguments);
    };
  }

  private int list(List<String> arguments) {
    tool.expect(arguments, 1, 2);
    SockAddr address = Addresses.address(tool, arguments.getFirst());
    if (arguments.size() == 2) {
      address = address.withPort((int) tool.number(arguments.get(1)) & 0xFFFF);
    }
    TickleList list;
    try {
      DaemonClient client = tool.client();
      byte[] question = address.encode();
      list = TickleList.decode(client.data(tool.node(), Control.GET_TCP_TICKLE_LIST, question));
    } catch (ToolFailure e) {
      tool.err().line("Failed to get list of connections");
      throw e;
    }
    if (tool.machine()) {
      // Misspelt in 4.17, and matched by scripts as it is.
      tool.row("Source IP", "Port", "Destiation IP", "Port");
      for (Connection each : list.connections()) {
        SockAddr from = each.source();
        SockAddr to = each.destination();
        tool.row(from.host(), from.port(), to.host(), to.port());
      }
      return 0;
    }
    tool.out().line("Connections for IP: " + list.address().host());
    tool.out().line("Num connections: " + list.connections().size());
    for (Connection each : list.connections()) {
      tool.out().line("SRC: " + each.source() + "   DST: " + each.destination());
    }
    return 0;
  }

  private int change(List<String> arguments, Control control) {
    boolean adding = control == Control.TCP_ADD_DELAYED_UPDATE;
    if (!arguments.isEmpty()) {
      tool.expect(arguments, 2, 2);
      Connection connection = connection(arguments.getFirst(), arguments.get(1));
      try {
        tool.client().data(tool.node(), control, connection.encode());
      } catch (ToolFailure e) {
        tool.err().line("Failed to " + (adding ? "register" : "unregister") + " connection");
        throw e;
      }
      return 0;
    }
    List<byte[]> connections = new ArrayList<>();
    List<Integer> nodes = new ArrayList<>();
    for (Connection connection : connectionsFromInput()) {
      connections.add(connection.encode());
      nodes.add(tool.node());
    }
    int failures = 0;
    for (DaemonClient.Reply reply :
        tool.client().askInParallel(nodes, control, connections, tool.client().timeLimitMillis())) {
      if (reply.failed() || reply.status() != 0) {
        tool.client().failure(reply, control);
        failures++;
      }
    }
    if (failures > 0) {
      String verb = adding ? "add" : "remove";
      throw tool.fail(1, "Failed to " + verb + " " + failures + " tickles");
    }
    return 0;
  }

  private Connection connection(String source, String destination) {
    return new Connection(address(source), address(destination));
  }

  private SockAddr address(String text) {
    SockAddr address = Addresses.withPort(text);
    if (address == null) {
      throw tool.fail(1, "Invalid IP address " + text);
    }
    return address;
  }

  /** A pair a line; comments and blank lines are skipped. */
  private List<Connection> connectionsFromInput() {
    List<Connection> connections = new ArrayList<>();
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(tool.host().in(), StandardCharsets.UTF_8));
    try {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.isBlank() || line.startsWith("#")) {
          continue;
        }
        StringTokenizer words = new StringTokenizer(line);
        SockAddr source = Addresses.withPort(words.nextToken());
        SockAddr destination = words.hasMoreTokens() ? Addresses.withPort(words.nextToken()) : null;
        if (source == null || destination == null) {
          throw tool.fail(ToolFailure.EINVAL, "Invalid connection: " + line);
        }
        connections.add(new Connection(source, destination));
      }
    } catch (IOException e) {
      throw tool.fail(5, "Failed to read connections: " + e.getMessage());
    }
    return connections;
  }

  private int tickle(List<String> arguments) {
    List<Connection> connections = new ArrayList<>();
    if (arguments.isEmpty()) {
      connections = connectionsFromInput();
    } else {
      tool.expect(arguments, 2, 2);
      connections.add(connection(arguments.getFirst(), arguments.get(1)));
    }
    int failures = 0;
    for (Connection connection : connections) {
      failures += tool.host().sendTickle(connection) ? 0 : 1;
    }
    if (failures == 0) {
      return 0;
    }
    throw tool.fail(
        1,
        arguments.isEmpty()
            ? "Failed to send " + failures + " tickles"
            : "Failed to send tickle ack");
  }
}
