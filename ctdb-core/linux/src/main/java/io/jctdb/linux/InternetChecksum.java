package io.jctdb.linux;

/** The ones' complement sum of RFC 1071, with the pseudo headers of IPv4 and IPv6. */
final class InternetChecksum {
  private InternetChecksum() {}

  static int ofIpv4(byte[] source, byte[] destination, int protocol, byte[] payload) {
    return finish(sum(source) + sum(destination) + protocol + payload.length + sum(payload));
  }

  static int ofIpv6(byte[] source, byte[] destination, int nextHeader, byte[] payload) {
    return finish(sum(source) + sum(destination) + nextHeader + payload.length + sum(payload));
  }

  private static long sum(byte[] bytes) {
    long sum = 0;
    for (int i = 0; i < bytes.length; i += 2) {
      int low = i + 1 < bytes.length ? bytes[i + 1] & 0xFF : 0;
      sum += (bytes[i] & 0xFF) << 8 | low;
    }
    return sum;
  }

  private static int finish(long sum) {
    while (sum >>> 16 != 0) {
      sum = (sum & 0xFFFF) + (sum >>> 16);
    }
    return (int) ~sum & 0xFFFF;
  }
}
