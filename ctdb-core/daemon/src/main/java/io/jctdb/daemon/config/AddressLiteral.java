package io.jctdb.daemon.config;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.OptionalLong;

/** IP addresses written as numbers; a host name is never looked up. */
final class AddressLiteral {
  private AddressLiteral() {}

  static Optional<InetAddress> parse(String text) {
    try {
      return plausible(text) ? Optional.of(InetAddress.ofLiteral(text)) : Optional.empty();
    } catch (IllegalArgumentException _) {
      return Optional.empty();
    }
  }

  /** Java also takes {@code 10.1}, {@code 167772161} and {@code [::1]}; the field does not. */
  private static boolean plausible(String text) {
    if (text.contains(":")) {
      return !text.startsWith("[");
    }
    return text.matches("\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}");
  }

  /** {@code 127.0.0.1:9379} or {@code [::1]:9379}. */
  static Optional<InetSocketAddress> parseEndpoint(String text) {
    int colon = text.lastIndexOf(':');
    if (colon <= 0) {
      return Optional.empty();
    }
    String host = text.substring(0, colon);
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    } else if (host.contains(":")) {
      return Optional.empty();
    }
    OptionalLong port = ConfNumber.parse(text.substring(colon + 1), 65535);
    return port.isEmpty()
        ? Optional.empty()
        : parse(host).map(a -> new InetSocketAddress(a, (int) port.getAsLong()));
  }
}
