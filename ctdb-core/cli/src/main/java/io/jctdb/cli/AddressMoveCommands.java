package io.jctdb.cli;

import io.jctdb.protocol.Control;
import io.jctdb.protocol.Payload;
import io.jctdb.protocol.PublicIp;
import io.jctdb.protocol.PublicIpList;
import io.jctdb.protocol.SockAddr;
import io.jctdb.protocol.SpecialPnn;
import io.jctdb.protocol.Srvid;
import java.util.ArrayList;
import java.util.List;

/** Moving public addresses between nodes (cli.md 7.3, 11.2). */
final class AddressMoveCommands {
  private static final int ATTEMPTS = 5;
  private static final long PAUSE_MILLIS = 3000;

  private final Tool tool;
  private final DaemonClient client;

  private AddressMoveCommands(Tool tool) {
    this.tool = tool;
    this.client = tool.client();
  }

  static int run(String command, Tool tool, List<String> arguments) {
    AddressMoveCommands commands = new AddressMoveCommands(tool);
    return switch (command) {
      case "moveip" -> commands.move(arguments);
      case "reloadips" -> commands.reload(arguments);
      default -> commands.distribute(arguments);
    };
  }

  private int distribute(List<String> arguments) {
    tool.expect(arguments, 0, 0);
    return new TakeoverRun(tool).run() < 0 ? 1 : 0;
  }

  private int move(List<String> arguments) {
    tool.expect(arguments, 2, 2);
    SockAddr address = Addresses.address(tool, arguments.getFirst());
    if (!Numbers.isNumber(arguments.get(1))) {
      throw tool.fail(1, "Invalid PNN " + arguments.get(1));
    }
    int target = (int) Numbers.parse(arguments.get(1));
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (tryToMove(address, target)) {
        return 0;
      }
      tool.host().sleep(PAUSE_MILLIS);
    }
    throw tool.fail(1, "Failed to move IP " + address.host() + " to node " + Text.u(target));
  }

  private boolean tryToMove(SockAddr address, int target) {
    int seconds = 2 * tool.timeLimitSeconds();
    client.message(SpecialPnn.BROADCAST_CONNECTED, Srvid.DISABLE_IP_CHECK, Payload.ofU32(seconds));
    DaemonClient.Reply known = client.ask(target, Control.GET_PUBLIC_IPS, Payload.empty());
    if (known.failed()) {
      client.failure(known, Control.GET_PUBLIC_IPS);
      tool.err().line("Failed to get Public IPs from node " + Text.u(target));
      return false;
    }
    if (!contains(known.data(), address)) {
      tool.err().line("Node " + Text.u(target) + " CANNOT host IP address " + address.host());
      return false;
    }
    byte[] assignment = new PublicIp(target, address).encode();
    return release(target, assignment) && take(target, assignment);
  }

  private boolean release(int target, byte[] assignment) {
    List<Integer> others = new ArrayList<>(tool.cluster().activeNodes());
    others.remove(Integer.valueOf(target));
    boolean released = true;
    for (DaemonClient.Reply reply : client.askAll(others, Control.RELEASE_IP, assignment)) {
      if (reply.failed() || reply.status() != 0) {
        client.failure(reply, Control.RELEASE_IP);
        tool.err().line("Failed to release IP on node " + Text.u(reply.node()));
        released = false;
      }
    }
    return released;
  }

  private boolean take(int target, byte[] assignment) {
    DaemonClient.Reply reply = client.ask(target, Control.TAKEOVER_IP, assignment);
    if (reply.failed() || reply.status() != 0) {
      client.failure(reply, Control.TAKEOVER_IP);
      tool.err().line("Failed to takeover IP on node " + Text.u(target));
      return false;
    }
    return true;
  }

  private static boolean contains(byte[] list, SockAddr address) {
    for (PublicIp ip : PublicIpList.decode(list).addresses()) {
      if (ip.address().address().equals(address.address())) {
        return true;
      }
    }
    return false;
  }

  private int reload(List<String> arguments) {
    tool.expect(arguments, 0, 1);
    List<Integer> connected = tool.cluster().connectedNodes();
    List<Integer> active = tool.cluster().activeNodes();
    List<Integer> wanted = new ArrayList<>();
    if (arguments.isEmpty()) {
      wanted.add(tool.node());
    } else if (arguments.getFirst().equals("all")) {
      wanted.addAll(active);
    } else {
      wanted.addAll(tool.cluster().parseList(arguments.getFirst()));
    }
    wanted.retainAll(active);
    if (wanted.isEmpty()) {
      throw tool.fail(1, "None of the listed nodes is active");
    }
    TakeoverRun runs = new TakeoverRun(tool);
    int seconds = 2 * tool.timeLimitSeconds();
    if (!runs.disable(Srvid.DISABLE_TAKEOVER_RUNS, connected, seconds)) {
      throw tool.fail(1, "Failed to disable takeover runs");
    }
    boolean failed = false;
    for (DaemonClient.Reply reply :
        client.askAll(wanted, Control.RELOAD_PUBLIC_IPS, Payload.empty())) {
      failed |= reply.failed();
    }
    if (failed) {
      tool.err().line("Failed to reload IPs on some nodes.");
    }
    runs.disable(Srvid.DISABLE_TAKEOVER_RUNS, connected, 0);
    return runs.run() < 0 ? 1 : 0;
  }
}
