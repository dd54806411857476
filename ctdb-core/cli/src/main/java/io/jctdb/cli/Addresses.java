package io.jctdb.cli;

import io.jctdb.protocol.NumericAddress;
import io.jctdb.protocol.SockAddr;
import java.net.InetAddress;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Addresses on the command line and on standard input (cli.md 2.2). */
final class Addresses {
  private Addresses() {}

  /** A plain address, with port 0; anything else ends the command. */
  static SockAddr address(Tool tool, String text) {
    InetAddress address = plain(text);
    if (address == null) {
      throw tool.fail(1, "Invalid IP address " + text);
    }
    return new SockAddr(address, 0);
  }

  /** {@code a.b.c.d:port} or {@code [v6]:port}; null if it is not. */
  static @Nullable SockAddr withPort(String text) {
    int colon = text.lastIndexOf(':');
    if (colon < 0) {
      return null;
    }
    String digits = text.substring(colon + 1);
    InetAddress address = plain(text.substring(0, colon));
    if (address == null || !Numbers.isNumber(digits)) {
      return null;
    }
    long port = Numbers.parse(digits);
    return port < 0 || port > 0xFFFF ? null : new SockAddr(address, (int) port);
  }

  static @Nullable InetAddress plain(String text) {
    boolean bracketed = text.startsWith("[") && text.endsWith("]");
    return NumericAddress.parse(bracketed ? text.substring(1, text.length() - 1) : text);
  }

  /** IPv4 before IPv6, then by address bytes. */
  static int compare(SockAddr left, SockAddr right) {
    byte[] a = left.address().getAddress();
    byte[] b = right.address().getAddress();
    return a.length != b.length ? a.length - b.length : Arrays.compareUnsigned(a, b);
  }
}
