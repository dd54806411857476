package io.jctdb.linux;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * Sends TCP segments in the name of one end of a connection.
 *
 * <p>Tickles: a TCP ACK with wrong numbers in the name of a connection's server side. The client
 * answers with its true numbers, the new holder of the address knows no such connection and resets
 * it, and the client reconnects at once instead of after its time-out (cluster-and-failover.md
 * 4.2).
 *
 * <p>Resets: who has answered a tickle has told its numbers, and a segment with these ends the
 * connection at its end (4.3).
 *
 * <p>Threading: any thread; calls exclude each other. Needs CAP_NET_RAW.
 */
public final class TickleSocket implements AutoCloseable {
  private static final int IPPROTO_IP = 0;
  private static final int IPPROTO_TCP = 6;
  private static final int IPPROTO_IPV6 = 41;
  private static final int IPPROTO_RAW = 255;
  private static final int IP_HDRINCL = 3;
  private static final int IPV6_HDRINCL = 36;
  private static final int TCP_ACK = 0x10;
  private static final int TCP_RST = 0x04;
  private static final int WINDOW = 1234;

  private final KernelSocket ipv4;
  private final KernelSocket ipv6;

  private TickleSocket(KernelSocket ipv4, KernelSocket ipv6) {
    this.ipv4 = ipv4;
    this.ipv6 = ipv6;
  }

  public static TickleSocket open() throws NetworkException {
    String purpose = "for tickles (raw TCP)";
    byte[] on = NativeStruct.ofBytes(4).u32(1).toBytes();
    KernelSocket ipv4 =
        new KernelSocket(KernelSocket.AF_INET, KernelSocket.SOCK_RAW, IPPROTO_RAW, purpose);
    try {
      ipv4.option(IPPROTO_IP, IP_HDRINCL, on, purpose);
      KernelSocket ipv6 =
          new KernelSocket(KernelSocket.AF_INET6, KernelSocket.SOCK_RAW, IPPROTO_RAW, purpose);
      try {
        ipv6.option(IPPROTO_IPV6, IPV6_HDRINCL, on, purpose);
        return new TickleSocket(ipv4, ipv6);
      } catch (NetworkException e) {
        ipv6.close();
        throw e;
      }
    } catch (NetworkException e) {
      ipv4.close();
      throw e;
    }
  }

  /** Sends one tickle from {@code server} to {@code client}; both must be of the same family. */
  public synchronized void tickle(InetSocketAddress server, InetSocketAddress client)
      throws NetworkException {
    send("a tickle", server, client, 0, 0, TCP_ACK);
  }

  /**
   * Ends a connection at {@code to}, in the name of {@code from}.
   *
   * @param sequence what {@code to} expects next: the acknowledgement number of its own answer
   * @param acknowledgement the sequence number of that answer
   */
  public synchronized void reset(
      InetSocketAddress from, InetSocketAddress to, long sequence, long acknowledgement)
      throws NetworkException {
    send("a reset", from, to, (int) sequence, (int) acknowledgement, TCP_RST | TCP_ACK);
  }

  private void send(
      String what,
      InetSocketAddress source,
      InetSocketAddress destination,
      int sequence,
      int acknowledgement,
      int flags)
      throws NetworkException {
    String purpose = what + " from " + describe(source) + " to " + describe(destination);
    byte[] from = source.getAddress().getAddress();
    byte[] to = destination.getAddress().getAddress();
    if (from.length != to.length) {
      throw new NetworkException("cannot send " + purpose + ": IPv4 and IPv6 are mixed");
    }
    byte[] header =
        header(source.getPort(), destination.getPort(), sequence, acknowledgement, flags, 0);
    int sum =
        from.length == 4
            ? InternetChecksum.ofIpv4(from, to, IPPROTO_TCP, header)
            : InternetChecksum.ofIpv6(from, to, IPPROTO_TCP, header);
    byte[] segment =
        header(source.getPort(), destination.getPort(), sequence, acknowledgement, flags, sum);
    // The port in the destination of a raw socket must be zero for IPv6.
    if (destination.getAddress() instanceof Inet4Address) {
      ipv4.sendTo(ipv4Packet(from, to, segment), ipv4Destination(to), purpose);
    } else {
      ipv6.sendTo(ipv6Packet(from, to, segment), ipv6Destination(to), purpose);
    }
  }

  @Override
  public synchronized void close() {
    ipv4.close();
    ipv6.close();
  }

  private static byte[] header(
      int fromPort, int toPort, int sequence, int acknowledgement, int flags, int checksum) {
    return NativeStruct.ofBytes(20)
        .u16Network(fromPort)
        .u16Network(toPort)
        .u32Network(sequence)
        .u32Network(acknowledgement)
        .u8(5 << 4)
        .u8(flags)
        .u16Network(WINDOW)
        .u16Network(checksum)
        .u16Network(0)
        .toBytes();
  }

  /** The kernel fills in the identification and the header checksum (raw(7)). */
  private static byte[] ipv4Packet(byte[] from, byte[] to, byte[] segment) {
    return NativeStruct.ofBytes(20 + segment.length)
        .u8(0x45)
        .u8(0)
        .u16Network(20 + segment.length)
        .u16Network(0)
        .u16Network(0)
        .u8(255)
        .u8(IPPROTO_TCP)
        .u16Network(0)
        .put(from)
        .put(to)
        .put(segment)
        .toBytes();
  }

  private static byte[] ipv6Packet(byte[] from, byte[] to, byte[] segment) {
    return NativeStruct.ofBytes(40 + segment.length)
        .u32Network(0x6000_0000)
        .u16Network(segment.length)
        .u8(IPPROTO_TCP)
        .u8(64)
        .put(from)
        .put(to)
        .put(segment)
        .toBytes();
  }

  private static byte[] ipv4Destination(byte[] to) {
    return NativeStruct.ofBytes(16).u16(KernelSocket.AF_INET).u16(0).put(to).zeros(8).toBytes();
  }

  private static byte[] ipv6Destination(byte[] to) {
    return NativeStruct.ofBytes(28)
        .u16(KernelSocket.AF_INET6)
        .u16(0)
        .u32(0)
        .put(to)
        .u32(0)
        .toBytes();
  }

  private static String describe(InetSocketAddress end) {
    InetAddress address = end.getAddress();
    return address.getHostAddress() + " port " + end.getPort();
  }
}
