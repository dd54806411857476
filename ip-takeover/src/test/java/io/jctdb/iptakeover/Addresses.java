package io.jctdb.iptakeover;

import io.jctdb.protocol.Connection;
import io.jctdb.protocol.NumericAddress;
import io.jctdb.protocol.PublicIp;
import io.jctdb.protocol.SockAddr;
import java.net.InetAddress;
import java.util.List;
import java.util.Objects;

/** Short ways to write addresses in tests. */
final class Addresses {
  private Addresses() {}

  static InetAddress ip(String text) {
    return Objects.requireNonNull(NumericAddress.parse(text), text);
  }

  static PublicIp to(int pnn, String address) {
    return new PublicIp(pnn, new SockAddr(ip(address), 0));
  }

  static Connection connection(String client, int clientPort, String server, int serverPort) {
    return new Connection(
        new SockAddr(ip(client), clientPort), new SockAddr(ip(server), serverPort));
  }

  static PublicAddress line(String address, String... interfaces) {
    return new PublicAddress(ip(address), address.contains(":") ? 64 : 24, List.of(interfaces));
  }
}
