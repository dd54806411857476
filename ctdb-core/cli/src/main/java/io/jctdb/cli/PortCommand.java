package io.jctdb.cli;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.channels.ServerSocketChannel;
import java.util.List;
import java.util.Locale;

/**
 * {@code checktcpport}: 0 if nobody listens on the port, 98 if somebody does (cli.md 13). Event
 * scripts ask it whether a service is up.
 */
final class PortCommand {
  private static final int EADDRINUSE = 98;
  private static final int EACCES = 13;

  private PortCommand() {}

  static int run(String command, Tool tool, List<String> arguments) {
    if (arguments.size() != 1) {
      throw tool.usageOfEverything();
    }
    int port = Numbers.leading(arguments.getFirst());
    try (ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.INET)) {
      // Java sets this for servers; with it, a port in TIME_WAIT would look free.
      socket.setOption(StandardSocketOptions.SO_REUSEADDR, false);
      InetAddress any = Inet4Address.getByAddress(new byte[4]);
      socket.bind(new InetSocketAddress(any, port & 0xFFFF));
      return 0;
    } catch (IOException e) {
      tool.err().line("Failed to bind to TCP port " + port);
      String reason = String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
      return reason.contains("permission") ? EACCES : EADDRINUSE;
    }
  }
}
