package io.jctdb.cli;

import io.jctdb.linux.Netlink;
import io.jctdb.linux.NetworkException;
import io.jctdb.linux.NetworkLink;
import io.jctdb.linux.TcpCapture;
import io.jctdb.linux.TickleSocket;
import io.jctdb.protocol.Connection;
import io.jctdb.protocol.SockAddr;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.StringTokenizer;

/**
 * {@code ctdb_killtcp IFACE [SRC DST]}: DST forgets its connection with SRC (cli.md 14.4). Without
 * a pair they come on standard input, one a line. Always 0 when its work is over: how many are left
 * is for the caller to count.
 */
public final class KillTcp {
  private static final int USAGE = 1;
  private static final int CANNOT = 255;
  private static final long ROUND_MILLIS = 100;

  private KillTcp() {}

  public static void main(String[] arguments) {
    Host host = new SystemHost();
    int status = run(host, List.of(RawArguments.restore(arguments)));
    Runtime.getRuntime().halt(status);
  }

  static int run(Host host, List<String> arguments) {
    if (arguments.size() != 1 && arguments.size() != 3) {
      host.out().line("usage: ctdb_killtcp interface [ <src IP:port> <dst IP:port> ]");
      return USAGE;
    }
    try {
      List<Connection> connections =
          arguments.size() == 3
              ? List.of(connection(arguments.get(1), arguments.get(2)))
              : connectionsFromInput(host);
      if (!connections.isEmpty()) {
        kill(arguments.getFirst(), new ConnectionKiller(connections));
      }
      return 0;
    } catch (BadPair e) {
      host.err().line(String.valueOf(e.getMessage()));
      host.err().line("Unable to parse connections (Invalid argument)");
    } catch (IOException e) {
      host.err().line("ctdb_killtcp: " + e.getMessage());
    }
    return CANNOT;
  }

  private static List<Connection> connectionsFromInput(Host host) throws BadPair, IOException {
    List<Connection> connections = new ArrayList<>();
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(host.in(), StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      StringTokenizer words = new StringTokenizer(line);
      if (words.hasMoreTokens() && !line.startsWith("#")) {
        String source = words.nextToken();
        connections.add(connection(source, words.hasMoreTokens() ? words.nextToken() : ""));
      }
    }
    return connections;
  }

  private static Connection connection(String source, String destination) throws BadPair {
    SockAddr from = end(source);
    SockAddr to = end(destination);
    if (from.address().getAddress().length != to.address().getAddress().length) {
      throw new BadPair(destination);
    }
    return new Connection(from, to);
  }

  private static SockAddr end(String text) throws BadPair {
    SockAddr end = Addresses.withPort(text);
    if (end == null) {
      throw new BadPair(text);
    }
    return end;
  }

  private static final class BadPair extends Exception {
    private static final long serialVersionUID = 1L;

    BadPair(String text) {
      super("Bad IP:port '" + text + "'");
    }
  }

  private static void kill(String interfaceName, ConnectionKiller killer) throws NetworkException {
    try (TcpCapture wire = TcpCapture.open(index(interfaceName), ROUND_MILLIS / 5);
        TickleSocket socket = TickleSocket.open()) {
      while (!killer.isDone()) {
        long end = System.nanoTime() + ROUND_MILLIS * 1_000_000;
        for (Connection connection : killer.nextRound()) {
          try {
            socket.tickle(address(connection.source()), address(connection.destination()));
          } catch (NetworkException e) {
            // No way to this one; the others may have one, and this one later.
            continue;
          }
        }
        while (System.nanoTime() < end && !killer.isDone()) {
          var reset = wire.next().flatMap(killer::seen);
          if (reset.isPresent()) {
            send(socket, reset.get());
          }
        }
      }
    }
  }

  private static void send(TickleSocket socket, ConnectionKiller.Reset reset)
      throws NetworkException {
    socket.reset(
        address(reset.connection().source()),
        address(reset.connection().destination()),
        reset.sequence(),
        reset.acknowledgement());
  }

  /** 0, which stands for all, if there is no such interface: stock does not mind either. */
  private static int index(String interfaceName) throws NetworkException {
    try (Netlink netlink = Netlink.open()) {
      return netlink.link(interfaceName).map(NetworkLink::index).orElse(0);
    }
  }

  private static InetSocketAddress address(SockAddr end) {
    return new InetSocketAddress(end.address(), end.port());
  }
}
