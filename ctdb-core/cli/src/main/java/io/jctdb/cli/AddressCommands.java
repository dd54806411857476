package io.jctdb.cli;

import io.jctdb.protocol.AddressInfo;
import io.jctdb.protocol.Control;
import io.jctdb.protocol.Interface;
import io.jctdb.protocol.InterfaceList;
import io.jctdb.protocol.Payload;
import io.jctdb.protocol.PublicIp;
import io.jctdb.protocol.PublicIpInfo;
import io.jctdb.protocol.PublicIpList;
import io.jctdb.protocol.SockAddr;
import io.jctdb.protocol.SpecialPnn;
import io.jctdb.protocol.Srvid;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Public addresses and their interfaces (cli.md 7.1 to 7.3). */
final class AddressCommands {
  private static final int ADD_ATTEMPTS = 5;
  private static final long ADD_PAUSE_MILLIS = 3000;
  private static final int INTERFACE_NAME_LENGTH = 15;

  private final Tool tool;
  private final DaemonClient client;

  /** 1 if some node could not be asked. */
  private int status;

  private AddressCommands(Tool tool) {
    this.tool = tool;
    this.client = tool.client();
  }

  static int run(String command, Tool tool, List<String> arguments) {
    AddressCommands commands = new AddressCommands(tool);
    return switch (command) {
      case "ip" -> commands.list(arguments);
      case "ipinfo" -> commands.info(arguments);
      case "ifaces" -> commands.interfaces(arguments);
      case "setifacelink" -> commands.setLink(arguments);
      case "addip" -> commands.add(arguments);
      case "delip" -> commands.delete(arguments);
      default -> commands.announce(arguments);
    };
  }

  private int list(List<String> arguments) {
    if (arguments.size() == 2 && arguments.getFirst().equals("explain")) {
      return new AddressExplanation(tool).print(Addresses.address(tool, arguments.get(1)));
    }
    tool.expect(arguments, 0, 1);
    boolean all = !arguments.isEmpty();
    if (all && !arguments.getFirst().equals("all")) {
      throw tool.usage();
    }
    Map<SockAddr, Integer> holders = all ? believedByHolders() : believedBy(tool.node());
    if (tool.json()) {
      return listAsJson(holders, all);
    }
    if (tool.machine()) {
      if (tool.verbose()) {
        tool.row(
            "Public IP", "Node", "ActiveInterfaces", "AvailableInterfaces", "ConfiguredInterfaces");
      } else {
        tool.row("Public IP", "Node");
      }
    } else {
      tool.out().line("Public IPs on " + (all ? "ALL nodes" : "node " + Text.u(tool.node())));
    }
    for (Map.Entry<SockAddr, Integer> entry : holders.entrySet()) {
      SockAddr address = entry.getKey();
      int holder = entry.getValue();
      if (tool.verbose()) {
        printVerbose(address, holder, all ? holder : tool.node());
      } else if (tool.machine()) {
        tool.row(address.host(), holder);
      } else {
        tool.out().line(address.host() + " " + holder);
      }
    }
    return status;
  }

  private int listAsJson(Map<SockAddr, Integer> holders, boolean all) {
    Json json = new Json().open("{");
    if (!all) {
      json.number("asked_node", tool.node());
    }
    json.key("public_ips").open("[");
    holders.forEach(
        (address, holder) -> {
          json.separate().open("{").string("address", address.host());
          json.raw("node", holder == SpecialPnn.UNKNOWN ? "null" : Integer.toString(holder));
          int asked = all ? holder : tool.node();
          if (tool.verbose() && asked != SpecialPnn.UNKNOWN) {
            byte[] data = client.data(asked, Control.GET_PUBLIC_IP_INFO, address.encode());
            interfacesAsJson(json, PublicIpInfo.decode(data));
          }
          json.close("}");
        });
    tool.out().text(json.close("]").close("}").toString());
    return status;
  }

  private static void interfacesAsJson(Json json, PublicIpInfo info) {
    json.key("interfaces").open("[");
    for (int i = 0; i < info.interfaces().size(); i++) {
      json.separate();
      asJson(json, info.interfaces().get(i), i == info.activeIndex());
    }
    json.close("]");
  }

  private static void asJson(Json json, Interface each, boolean active) {
    json.open("{")
        .string("name", each.name())
        .truth("link_up", each.linkUp())
        .number("references", each.references())
        .truth("active", active)
        .close("}");
  }

  private Map<SockAddr, Integer> believedBy(int node) {
    TreeMap<SockAddr, Integer> holders = new TreeMap<>(Addresses::compare);
    for (PublicIp ip : addressesOf(node)) {
      holders.put(ip.address(), ip.pnn());
    }
    return holders;
  }

  /**
   * An address is at a node only if that node itself says so. When one cannot be asked, the others'
   * word is taken for what it has (the stock tool tells nothing then), and the exit status says
   * that not all could be asked.
   */
  private Map<SockAddr, Integer> believedByHolders() {
    Map<Integer, List<PublicIp>> told = new TreeMap<>();
    Set<Integer> silent = new HashSet<>();
    for (int node : tool.cluster().activeNodes()) {
      try {
        told.put(node, addressesOf(node));
      } catch (ToolFailure e) {
        if (node == client.pnn()) {
          throw e;
        }
        silent.add(node);
        status = 1;
      }
    }
    Map<SockAddr, Integer> holders = new TreeMap<>(Addresses::compare);
    told.forEach(
        (node, addresses) -> {
          for (PublicIp ip : addresses) {
            if (ip.pnn() == node || silent.contains(ip.pnn())) {
              holders.put(ip.address(), ip.pnn());
            } else {
              holders.putIfAbsent(ip.address(), SpecialPnn.UNKNOWN);
            }
          }
        });
    return holders;
  }

  private List<PublicIp> addressesOf(int node) {
    DaemonClient.Reply reply = client.ask(node, Control.GET_PUBLIC_IPS, Payload.empty());
    if (reply.failed()) {
      client.failure(reply, Control.GET_PUBLIC_IPS);
      throw new ToolFailure(1);
    }
    return PublicIpList.decode(reply.data()).addresses();
  }

  private void printVerbose(SockAddr address, int holder, int asked) {
    String active = "";
    String available = "";
    String configured = "";
    if (asked != SpecialPnn.UNKNOWN) {
      byte[] data = client.data(asked, Control.GET_PUBLIC_IP_INFO, address.encode());
      PublicIpInfo info = PublicIpInfo.decode(data);
      List<String> up = new ArrayList<>();
      List<String> names = new ArrayList<>();
      for (int i = 0; i < info.interfaces().size(); i++) {
        Interface each = info.interfaces().get(i);
        names.add(each.name());
        if (each.linkUp()) {
          up.add(each.name());
        }
        if (i == info.activeIndex()) {
          active = each.name();
        }
      }
      available = String.join(",", up);
      configured = String.join(",", names);
    }
    if (tool.machine()) {
      tool.row(address.host(), holder, active, available, configured);
    } else {
      tool.out()
          .line(
              address.host()
                  + (" node[" + holder + "]")
                  + (" active[" + active + "]")
                  + (" available[" + available + "]")
                  + (" configured[" + configured + "]"));
    }
  }

  private int info(List<String> arguments) {
    tool.expect(arguments, 1, 1);
    SockAddr address = Addresses.address(tool, arguments.getFirst());
    DaemonClient.Reply reply =
        client.ask(tool.node(), Control.GET_PUBLIC_IP_INFO, address.encode());
    if (reply.failed()) {
      ToolFailure failure = client.failure(reply, Control.GET_PUBLIC_IP_INFO);
      tool.out().line("Node " + Text.u(tool.node()) + " does not know about IP " + address.host());
      throw failure;
    }
    PublicIpInfo info = PublicIpInfo.decode(reply.data());
    if (tool.json()) {
      Json json = new Json().open("{").string("address", info.address().address().host());
      int holder = info.address().pnn();
      json.raw("node", holder == SpecialPnn.UNKNOWN ? "null" : Integer.toString(holder));
      interfacesAsJson(json, info);
      tool.out().text(json.close("}").toString());
      return 0;
    }
    Output out = tool.out();
    String host = info.address().address().host();
    out.line("Public IP[" + host + "] info on node " + Text.u(tool.node()));
    out.line("IP:" + host);
    out.line("CurrentNode:" + Text.u(info.address().pnn()));
    out.line("NumInterfaces:" + info.interfaces().size());
    for (int i = 0; i < info.interfaces().size(); i++) {
      Interface each = info.interfaces().get(i);
      out.line(
          "Interface["
              + (i + 1)
              + ("]: Name:" + each.name())
              + (" Link:" + (each.linkUp() ? "up" : "down"))
              + (" References:" + Text.u(each.references()))
              + (i == info.activeIndex() ? " (active)" : ""));
    }
    return 0;
  }

  private int interfaces(List<String> arguments) {
    tool.expect(arguments, 0, 0);
    List<Interface> interfaces = interfacesOfNode();
    if (tool.json()) {
      Json json = new Json().open("{").key("interfaces").open("[");
      for (Interface each : interfaces) {
        json.separate();
        asJson(json, each, each.references() > 0);
      }
      tool.out().text(json.close("]").close("}").toString());
      return 0;
    }
    if (interfaces.isEmpty()) {
      tool.out().line("No interfaces configured on node " + Text.u(tool.node()));
      return 0;
    }
    if (tool.machine()) {
      tool.row("Name", "LinkStatus", "References");
    } else {
      tool.out().line("Interfaces on node " + Text.u(tool.node()));
    }
    for (Interface each : interfaces) {
      String references = Text.u(each.references());
      if (tool.machine()) {
        tool.row(each.name(), each.linkUp() ? 1 : 0, references);
      } else {
        String link = each.linkUp() ? "up" : "down";
        tool.out().line("name:" + each.name() + " link:" + link + " references:" + references);
      }
    }
    return 0;
  }

  private List<Interface> interfacesOfNode() {
    return InterfaceList.decode(client.data(tool.node(), Control.GET_IFACES)).interfaces();
  }

  private int setLink(List<String> arguments) {
    tool.expect(arguments, 2, 2);
    String name = arguments.getFirst();
    if (name.length() > INTERFACE_NAME_LENGTH) {
      throw tool.fail(1, "Interface name '" + name + "' too long");
    }
    boolean known = false;
    for (Interface each : interfacesOfNode()) {
      known |= each.name().equals(name);
    }
    if (!known) {
      tool.out().line("Interface " + name + " not configured on node " + Text.u(tool.node()));
      return 1;
    }
    int link =
        switch (arguments.get(1)) {
          case "up" -> 1;
          case "down" -> 0;
          default -> throw tool.usage();
        };
    client.data(tool.node(), Control.SET_IFACE_LINK_STATE, new Interface(name, link, 0).encode());
    return 0;
  }

  private int add(List<String> arguments) {
    tool.expect(arguments, 2, 2);
    AddressInfo wish = parseWithMask(arguments.getFirst(), arguments.get(1));
    if (wish == null) {
      throw tool.fail(1, "Invalid IP/Mask " + arguments.getFirst());
    }
    SockAddr address = wish.address();
    if (knows(address)) {
      tool.err().line("Node already knows about IP " + address.host());
      return 0;
    }
    if (!tryToAdd(wish)) {
      throw tool.fail(1, "Failed to add public IP to node " + Text.u(tool.node()) + ". Giving up");
    }
    client.message(
        SpecialPnn.BROADCAST_CONNECTED, Srvid.REBALANCE_NODE, Payload.ofU32(tool.node()));
    return 0;
  }

  private boolean tryToAdd(AddressInfo wish) {
    for (int attempt = 0; attempt < ADD_ATTEMPTS; attempt++) {
      DaemonClient.Reply reply = client.ask(tool.node(), Control.ADD_PUBLIC_IP, wish.encode());
      if (!reply.failed()) {
        return true;
      }
      client.failure(reply, Control.ADD_PUBLIC_IP);
      tool.host().sleep(ADD_PAUSE_MILLIS);
    }
    return false;
  }

  private static @Nullable AddressInfo parseWithMask(String text, String interfaces) {
    int slash = text.lastIndexOf('/');
    if (slash < 0) {
      return null;
    }
    InetAddress address = Addresses.plain(text.substring(0, slash));
    String mask = text.substring(slash + 1);
    if (address == null || !Numbers.isNumber(mask)) {
      return null;
    }
    long bits = Numbers.parse(mask);
    if (bits < 0 || bits > address.getAddress().length * 8L) {
      return null;
    }
    return new AddressInfo(new SockAddr(address, 0), (int) bits, interfaces);
  }

  private boolean knows(SockAddr address) {
    byte[] data = client.data(tool.node(), Control.GET_PUBLIC_IPS);
    for (PublicIp ip : PublicIpList.decode(data).addresses()) {
      if (ip.address().address().equals(address.address())) {
        return true;
      }
    }
    return false;
  }

  private int delete(List<String> arguments) {
    tool.expect(arguments, 1, 1);
    SockAddr address = Addresses.address(tool, arguments.getFirst());
    if (!knows(address)) {
      tool.err().line("Node does not know about IP address " + address.host());
      return 0;
    }
    client.data(tool.node(), Control.DEL_PUBLIC_IP, new AddressInfo(address, 0, "").encode());
    return 0;
  }

  private int announce(List<String> arguments) {
    tool.expect(arguments, 2, 2);
    SockAddr address = Addresses.address(tool, arguments.getFirst());
    client.data(
        tool.node(),
        Control.SEND_GRATUITOUS_ARP,
        new AddressInfo(address, 0, arguments.get(1)).encode());
    return 0;
  }
}
