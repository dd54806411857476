package io.jctdb.linux;

import java.net.Inet4Address;
import java.net.InetAddress;

/**
 * Tells the neighbours where an address is now: gratuitous ARP for IPv4, an unsolicited neighbour
 * advertisement for IPv6, with the frames of cluster-and-failover.md 4.2.
 *
 * <p>Threading: any thread; calls exclude each other. Needs CAP_NET_RAW.
 */
public final class RawArp implements AutoCloseable {
  private static final int ETH_P_ARP = 0x0806;
  private static final int ETH_P_IPV6 = 0x86DD;
  private static final int FRAME_BYTES = 64;
  private static final int IPPROTO_ICMPV6 = 58;
  private static final int NEIGHBOUR_ADVERTISEMENT = 136;
  private static final int OVERRIDE = 0x2000_0000;
  private static final byte[] EVERYBODY = {-1, -1, -1, -1, -1, -1};
  private static final byte[] ALL_NODES_MAC = {0x33, 0x33, 0, 0, 0, 1};
  private static final byte[] ALL_NODES = {
    (byte) 0xFF, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1
  };

  private final KernelSocket socket;

  private RawArp(KernelSocket socket) {
    this.socket = socket;
  }

  public static RawArp open() throws NetworkException {
    // Protocol 0: for sending only, nothing is ever queued on it.
    return new RawArp(
        new KernelSocket(
            KernelSocket.AF_PACKET,
            KernelSocket.SOCK_RAW,
            0,
            "for gratuitous ARP (packet socket)"));
  }

  /**
   * Announces once that {@code address} is at {@code link}. Loopback: nothing is sent.
   *
   * @throws NetworkException also if the interface is not Ethernet
   */
  public synchronized void announce(NetworkLink link, InetAddress address) throws NetworkException {
    if (link.isLoopback()) {
      return;
    }
    String purpose = "gratuitous ARP for " + address.getHostAddress() + " on " + link.name();
    if (!link.isEthernet()) {
      throw new NetworkException(
          "cannot send " + purpose + ": hardware type " + link.hardwareType() + " is not Ethernet");
    }
    byte[] mac = link.mac();
    if (address instanceof Inet4Address) {
      byte[] to = destination(link.index(), ETH_P_ARP, EVERYBODY);
      socket.sendTo(arpFrame(mac, address.getAddress(), 1, new byte[6]), to, purpose);
      socket.sendTo(arpFrame(mac, address.getAddress(), 2, mac), to, purpose);
    } else {
      byte[] to = destination(link.index(), ETH_P_IPV6, ALL_NODES_MAC);
      socket.sendTo(advertisement(mac, address.getAddress()), to, purpose);
    }
  }

  @Override
  public synchronized void close() {
    socket.close();
  }

  /** A {@code sockaddr_ll}. */
  private static byte[] destination(int interfaceIndex, int protocol, byte[] mac) {
    return NativeStruct.ofBytes(20)
        .u16(KernelSocket.AF_PACKET)
        .u16Network(protocol)
        .u32(interfaceIndex)
        .u16(0)
        .u8(0)
        .u8(6)
        .put(mac)
        .zeros(2)
        .toBytes();
  }

  /** Operation 1: request with an empty target; 2: reply to ourselves. Some switches want one. */
  static byte[] arpFrame(byte[] mac, byte[] address, int operation, byte[] targetMac) {
    return NativeStruct.ofBytes(FRAME_BYTES)
        .put(EVERYBODY)
        .put(mac)
        .u16Network(ETH_P_ARP)
        .u16Network(1)
        .u16Network(0x0800)
        .u8(6)
        .u8(4)
        .u16Network(operation)
        .put(mac)
        .put(address)
        .put(targetMac)
        .put(address)
        .zeros(FRAME_BYTES - 42)
        .toBytes();
  }

  static byte[] advertisement(byte[] mac, byte[] address) {
    byte[] icmp = icmp(mac, address, 0);
    int sum = InternetChecksum.ofIpv6(address, ALL_NODES, IPPROTO_ICMPV6, icmp);
    icmp = icmp(mac, address, sum);
    return NativeStruct.ofBytes(14 + 40 + icmp.length)
        .put(ALL_NODES_MAC)
        .put(mac)
        .u16Network(ETH_P_IPV6)
        .u32Network(0x6000_0000)
        .u16Network(icmp.length)
        .u8(IPPROTO_ICMPV6)
        .u8(255)
        .put(address)
        .put(ALL_NODES)
        .put(icmp)
        .toBytes();
  }

  private static byte[] icmp(byte[] mac, byte[] address, int checksum) {
    return NativeStruct.ofBytes(32)
        .u8(NEIGHBOUR_ADVERTISEMENT)
        .u8(0)
        .u16Network(checksum)
        .u32Network(OVERRIDE)
        .put(address)
        .u8(2)
        .u8(1)
        .put(mac)
        .toBytes();
  }
}
