package io.jctdb.protocol;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import org.jspecify.annotations.Nullable;

/**
 * Addresses as text, in the one spelling that smbd compares (client-protocol.md 10, rule 11): that
 * of {@code inet_ntop} and {@code inet_pton}, never a host name, zone or port.
 */
public final class NumericAddress {
  private NumericAddress() {}

  /** The address, or null if the text is not a plain numeric IPv4 or IPv6 address. */
  public static @Nullable InetAddress parse(String text) {
    if (text.indexOf(':') < 0) {
      return parseIpv4(text);
    }
    if (text.indexOf('%') >= 0 || text.indexOf('[') >= 0) {
      return null;
    }
    try {
      return InetAddress.ofLiteral(text);
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  /** Four decimal numbers to 255 without leading zeros; the older short forms are refused. */
  private static @Nullable InetAddress parseIpv4(String text) {
    String[] parts = text.split("\\.", -1);
    if (parts.length != 4) {
      return null;
    }
    byte[] octets = new byte[4];
    for (int i = 0; i < 4; i++) {
      int octet = octet(parts[i]);
      if (octet < 0) {
        return null;
      }
      octets[i] = (byte) octet;
    }
    try {
      return InetAddress.getByAddress(octets);
    } catch (UnknownHostException e) {
      return null;
    }
  }

  private static int octet(String digits) {
    if (digits.isEmpty()
        || digits.length() > 3
        || (digits.length() > 1 && digits.startsWith("0"))) {
      return -1;
    }
    int value = 0;
    for (int i = 0; i < digits.length(); i++) {
      char digit = digits.charAt(i);
      if (digit < '0' || digit > '9') {
        return -1;
      }
      value = value * 10 + (digit - '0');
    }
    return value <= 255 ? value : -1;
  }

  /** Shortest form: the longest run of two or more zero groups becomes {@code ::}. */
  public static String toString(InetAddress address) {
    if (address instanceof Inet4Address) {
      return address.getHostAddress();
    }
    byte[] octets = ((Inet6Address) address).getAddress();
    int[] groups = new int[8];
    for (int i = 0; i < 8; i++) {
      groups[i] = (octets[2 * i] & 0xFF) << 8 | (octets[2 * i + 1] & 0xFF);
    }
    int gapStart = -1;
    int gapLength = 1;
    for (int i = 0; i < 8; i++) {
      int run = 0;
      while (i + run < 8 && groups[i + run] == 0) {
        run++;
      }
      if (run > gapLength) {
        gapStart = i;
        gapLength = run;
      }
    }
    return join(groups, octets, gapStart, gapStart < 0 ? 0 : gapLength);
  }

  private static String join(int[] groups, byte[] octets, int gapStart, int gapLength) {
    // ::a.b.c.d, as inet_ntop writes IPv4-compatible addresses
    boolean dotted = gapStart == 0 && gapLength == 6;
    StringBuilder text = new StringBuilder(39);
    int end = dotted ? 6 : 8;
    for (int i = 0; i < end; i++) {
      if (i == gapStart) {
        text.append("::");
        i += gapLength - 1;
        continue;
      }
      if (!text.isEmpty() && text.charAt(text.length() - 1) != ':') {
        text.append(':');
      }
      text.append(Integer.toHexString(groups[i]));
    }
    if (dotted) {
      for (int i = 12; i < 16; i++) {
        text.append(i == 12 ? "" : ".").append(octets[i] & 0xFF);
      }
    }
    return text.toString();
  }
}
