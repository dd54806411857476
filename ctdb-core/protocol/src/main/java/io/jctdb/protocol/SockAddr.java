package io.jctdb.protocol;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;

/**
 * An address with port: the 28 bytes of {@code sockaddr_in} or {@code sockaddr_in6}
 * (client-protocol.md 4.1).
 *
 * <p>Compared by address, port and scope only. What smbd leaves as garbage behind an IPv4 address
 * is dropped on decoding and zero on encoding, and an IPv4-mapped IPv6 address becomes IPv4, as
 * daemon and smbd do it before use.
 *
 * @param scopeId interface index of a link-local IPv6 address, else 0
 */
public record SockAddr(InetAddress address, int port, int scopeId) {
  /** Size in bytes of either family. */
  public static final int SIZE = 28;

  private static final int AF_INET = 2;
  private static final int AF_INET6 = 10;

  public SockAddr(InetAddress address, int port) {
    this(address, port, 0);
  }

  public static SockAddr of(InetSocketAddress socket) {
    return new SockAddr(socket.getAddress(), socket.getPort());
  }

  public static SockAddr decode(byte[] bytes) {
    return ByteReader.whole(bytes, SockAddr::read);
  }

  public byte[] encode() {
    ByteWriter out = new ByteWriter(SIZE);
    write(out);
    return out.toBytes();
  }

  public boolean isIpv4() {
    return address instanceof Inet4Address;
  }

  public SockAddr withPort(int newPort) {
    return new SockAddr(address, newPort, scopeId);
  }

  /** The numeric address without port or zone, as {@code inet_ntop} writes it. */
  public String host() {
    return NumericAddress.toString(address);
  }

  /** Address and port: {@code 10.0.0.1:445} or {@code [fd00::1]:445}. */
  @Override
  public String toString() {
    return isIpv4() ? host() + ":" + port : "[" + host() + "]:" + port;
  }

  static SockAddr read(ByteReader in) {
    int family = in.u16();
    int port = in.u16BigEndian();
    switch (family) {
      case AF_INET -> {
        SockAddr ipv4 = new SockAddr(address(in.bytes(4)), port);
        in.skip(20);
        return ipv4;
      }
      case AF_INET6 -> {
        InetAddress ipv6 = address(in.skip(4).bytes(16));
        return new SockAddr(ipv6, port, in.u32());
      }
      default -> throw new MalformedPacketException("address family " + family);
    }
  }

  void write(ByteWriter out) {
    byte[] octets = address.getAddress();
    if (octets.length == 4) {
      out.u16(AF_INET).u16BigEndian(port).bytes(octets).zeros(20);
    } else {
      out.u16(AF_INET6).u16BigEndian(port).u32(0).bytes(octets).u32(scopeId);
    }
  }

  private static InetAddress address(byte[] octets) {
    try {
      InetAddress address = InetAddress.getByAddress(octets);
      // No zone: it would show up in texts and in comparisons of InetAddress.
      return address instanceof Inet6Address
          ? Inet6Address.getByAddress(null, octets, -1)
          : address;
    } catch (UnknownHostException e) {
      throw new MalformedPacketException("address of " + octets.length + " bytes");
    }
  }
}
