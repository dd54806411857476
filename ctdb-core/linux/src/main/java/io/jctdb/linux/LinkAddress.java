package io.jctdb.linux;

import java.net.InetAddress;

/**
 * An address on an interface, as the kernel has it.
 *
 * @param flags IFA_F_… bits
 * @param validSeconds until the kernel removes it by itself; {@link #FOREVER} if never
 */
public record LinkAddress(
    InetAddress address, int prefixLength, int interfaceIndex, int flags, long validSeconds) {
  /** {@link #validSeconds} of an address without lifetime. */
  public static final long FOREVER = 0xFFFF_FFFFL;

  static final int IFA_F_NODAD = 0x02;
  static final int IFA_F_NOPREFIXROUTE = 0x200;
  private static final int IFA_F_SECONDARY = 0x01;
  private static final int IFA_F_DADFAILED = 0x08;
  private static final int IFA_F_TENTATIVE = 0x40;

  /** IPv4: goes with the subnet's primary address, unless {@code promote_secondaries} is set. */
  public boolean isSecondary() {
    return (flags & IFA_F_SECONDARY) != 0;
  }

  /** IPv6: not usable yet, or found on another host. */
  public boolean isTentative() {
    return (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) != 0;
  }
}
