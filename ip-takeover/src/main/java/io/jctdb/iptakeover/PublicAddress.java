package io.jctdb.iptakeover;

import java.net.InetAddress;
import java.util.List;

/**
 * One line of {@code public_addresses}.
 *
 * @param prefixLength 0 to 32 (IPv4) or 128 (IPv6)
 * @param interfaces where the address may be, at least one, in file order
 */
public record PublicAddress(InetAddress address, int prefixLength, List<String> interfaces) {
  public PublicAddress {
    interfaces = List.copyOf(interfaces);
    if (interfaces.isEmpty()) {
      throw new IllegalArgumentException(address + " without an interface");
    }
  }
}
