package io.jctdb.linux;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;

/**
 * Sees the headers of the TCP segments that an interface sends and receives, before any packet
 * filter.
 *
 * <p>Threading: one caller at a time. Needs CAP_NET_RAW.
 */
public final class TcpCapture implements AutoCloseable {
  private static final int ETH_P_ALL = 3;
  private static final int IPPROTO_TCP = 6;
  private static final int IPV6_HEADER_BYTES = 40;
  private static final int TCP_HEADER_BYTES = 20;

  /** The longest IPv4 header, and a TCP header. */
  private static final int BEGINNING_BYTES = 80;

  private static final String PURPOSE = "to see TCP segments (packet socket)";

  private final KernelSocket socket;

  /**
   * A segment on its way.
   *
   * @param sequence 0 to 2^32 - 1, as {@code acknowledgement}
   */
  public record Segment(
      InetSocketAddress from,
      InetSocketAddress to,
      long sequence,
      long acknowledgement,
      boolean ack,
      boolean reset) {}

  private TcpCapture(KernelSocket socket) {
    this.socket = socket;
  }

  /**
   * Begins.
   *
   * @param interfaceIndex of the only interface to look at; 0: all
   * @param patienceMillis how long {@link #next} waits
   */
  public static TcpCapture open(int interfaceIndex, long patienceMillis) throws NetworkException {
    // What a host sends is shown only to those who look at all protocols.
    KernelSocket socket =
        new KernelSocket(KernelSocket.AF_PACKET, KernelSocket.SOCK_DGRAM, ETH_P_ALL << 8, PURPOSE);
    try {
      socket.bind(
          NativeStruct.ofBytes(20)
              .u16(KernelSocket.AF_PACKET)
              .u16Network(ETH_P_ALL)
              .u32(interfaceIndex)
              .zeros(12)
              .toBytes(),
          PURPOSE);
      socket.timeoutMillis(patienceMillis, PURPOSE);
      return new TcpCapture(socket);
    } catch (NetworkException e) {
      socket.close();
      throw e;
    }
  }

  /** The next packet; empty if none came in time, or if it is no TCP segment. */
  public Optional<Segment> next() throws NetworkException {
    try {
      return parse(socket.receiveBeginning(BEGINNING_BYTES, "a TCP segment"));
    } catch (NetworkException e) {
      if (e.errno() == Errno.EAGAIN) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** What begins with an IP header; empty if that is no whole TCP header. */
  static Optional<Segment> parse(byte[] packet) {
    int version = packet.length == 0 ? 0 : (packet[0] & 0xFF) >> 4;
    if (version == 4 && packet.length >= 20 && packet[9] == IPPROTO_TCP) {
      boolean first = (packet[6] & 0x1F) == 0 && packet[7] == 0;
      int header = (packet[0] & 0x0F) * 4;
      return first ? parse(packet, header, 12, 4) : Optional.empty();
    } else if (version == 6 && packet.length >= IPV6_HEADER_BYTES && packet[6] == IPPROTO_TCP) {
      return parse(packet, IPV6_HEADER_BYTES, 8, 16);
    }
    return Optional.empty();
  }

  private static Optional<Segment> parse(byte[] packet, int header, int addresses, int length) {
    if (header < 20 || packet.length < header + TCP_HEADER_BYTES) {
      return Optional.empty();
    }
    ByteBuffer tcp = ByteBuffer.wrap(packet, header, TCP_HEADER_BYTES);
    int fromPort = tcp.getShort() & 0xFFFF;
    int toPort = tcp.getShort() & 0xFFFF;
    long sequence = tcp.getInt() & 0xFFFF_FFFFL;
    long acknowledgement = tcp.getInt() & 0xFFFF_FFFFL;
    int flags = tcp.get(header + 13);
    return Optional.of(
        new Segment(
            socketAddress(packet, addresses, length, fromPort),
            socketAddress(packet, addresses + length, length, toPort),
            sequence,
            acknowledgement,
            (flags & 0x10) != 0,
            (flags & 0x04) != 0));
  }

  private static InetSocketAddress socketAddress(byte[] packet, int at, int length, int port) {
    try {
      byte[] octets = Arrays.copyOfRange(packet, at, at + length);
      return new InetSocketAddress(InetAddress.getByAddress(octets), port);
    } catch (UnknownHostException e) {
      throw new IllegalStateException("an address of " + length + " bytes", e);
    }
  }

  @Override
  public void close() {
    socket.close();
  }
}
