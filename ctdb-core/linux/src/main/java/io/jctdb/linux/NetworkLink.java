package io.jctdb.linux;

import java.util.HexFormat;

/**
 * A network interface as the kernel has it.
 *
 * @param hardwareType 1 = Ethernet, 772 = loopback (ARPHRD_…)
 * @param flags IFF_… bits
 * @param hardwareAddress lower-case hexadecimal with colons, empty if it has none
 */
public record NetworkLink(
    String name, int index, int hardwareType, int flags, String hardwareAddress) {
  private static final int IFF_UP = 0x1;
  private static final int IFF_LOOPBACK = 0x8;
  private static final int IFF_RUNNING = 0x40;
  private static final int ARPHRD_ETHER = 1;

  /** Set up by the administrator. */
  public boolean isUp() {
    return (flags & IFF_UP) != 0;
  }

  /** Up, and with a carrier. */
  public boolean isRunning() {
    return (flags & IFF_RUNNING) != 0;
  }

  public boolean isLoopback() {
    return (flags & IFF_LOOPBACK) != 0;
  }

  public boolean isEthernet() {
    return hardwareType == ARPHRD_ETHER && hardwareAddress.length() == 17;
  }

  byte[] mac() {
    return HexFormat.ofDelimiter(":").parseHex(hardwareAddress);
  }
}
