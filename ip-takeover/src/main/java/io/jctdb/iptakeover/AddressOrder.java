package io.jctdb.iptakeover;

import java.net.InetAddress;
import java.util.Comparator;

/**
 * Public addresses as 128-bit numbers, IPv4 with 96 zero bits above (cluster-and-failover.md 3.3):
 * their order and their distance.
 */
final class AddressOrder {
  /** Largest number first, so that IPv6 normally comes before IPv4. */
  static final Comparator<InetAddress> DESCENDING =
      (a, b) -> java.util.Arrays.compareUnsigned(words(b), words(a));

  private AddressOrder() {}

  /** Four 32-bit words, most significant first. */
  static int[] words(InetAddress address) {
    byte[] octets = address.getAddress();
    int[] words = new int[4];
    int shift = 16 - octets.length;
    for (int i = 0; i < octets.length; i++) {
      int at = i + shift;
      words[at / 4] |= (octets[i] & 0xFF) << (24 - 8 * (at % 4));
    }
    return words;
  }

  /**
   * The sum over the words of the leading bits they have in common. Not a true prefix length: words
   * after the first difference count, too, and layouts depend on that.
   */
  static int distance(int[] a, int[] b) {
    int distance = 0;
    for (int i = 0; i < 4; i++) {
      distance += Integer.numberOfLeadingZeros(a[i] ^ b[i]);
    }
    return distance;
  }
}
