package io.jctdb.linux;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * The kernel's interfaces and addresses, through a routing netlink socket (rtnetlink(7)).
 *
 * <p>Lifetimes are whole seconds. The kernel never removes an address early, and 0.4 s late at most
 * (libraries.md 3.3). An existing address is renewed by {@link #replace}: adding it again fails.
 *
 * <p>Threading: any thread; calls exclude each other and take microseconds per address listed.
 */
public final class Netlink implements AutoCloseable {
  private static final int NETLINK_ROUTE = 0;
  private static final int RTM_NEWLINK = 16;
  private static final int RTM_GETLINK = 18;
  private static final int RTM_NEWADDR = 20;
  private static final int RTM_DELADDR = 21;
  private static final int RTM_GETADDR = 22;
  private static final int NLMSG_ERROR = 2;
  private static final int NLMSG_DONE = 3;
  private static final int NLM_F_REQUEST = 0x1;
  private static final int NLM_F_ACK = 0x4;
  private static final int NLM_F_DUMP_INTR = 0x10;
  private static final int NLM_F_REPLACE = 0x100;
  private static final int NLM_F_DUMP = 0x300;
  private static final int NLM_F_CREATE = 0x400;
  private static final int IFLA_ADDRESS = 1;
  private static final int IFLA_IFNAME = 3;
  private static final int IFA_ADDRESS = 1;
  private static final int IFA_LOCAL = 2;
  private static final int IFA_BROADCAST = 4;
  private static final int IFA_CACHEINFO = 6;
  private static final int IFA_FLAGS = 8;
  private static final int MESSAGE_HEADER = 16;
  private static final int ADDRESS_HEADER = 8;
  private static final int LINK_HEADER = 16;

  /** How often a listing that the kernel changed under our hands is started again. */
  private static final int DUMP_ATTEMPTS = 20;

  private static final long REPLY_TIMEOUT_MS = 5_000;
  private static final byte[] TO_KERNEL =
      NativeStruct.ofBytes(12).u16(KernelSocket.AF_NETLINK).zeros(10).toBytes();

  private final KernelSocket socket;
  private int sequence;

  private Netlink(KernelSocket socket) {
    this.socket = socket;
  }

  /** Opens a socket in the network namespace of the calling thread. */
  public static Netlink open() throws NetworkException {
    String purpose = "for the kernel's address table (netlink)";
    KernelSocket socket =
        new KernelSocket(KernelSocket.AF_NETLINK, KernelSocket.SOCK_RAW, NETLINK_ROUTE, purpose);
    try {
      socket.bind(TO_KERNEL, purpose);
      socket.timeoutMillis(REPLY_TIMEOUT_MS, purpose);
      return new Netlink(socket);
    } catch (NetworkException e) {
      socket.close();
      throw e;
    }
  }

  /** All interfaces of this network namespace. */
  public synchronized List<NetworkLink> links() throws NetworkException {
    byte[] request = NativeStruct.ofBytes(LINK_HEADER).zeros(LINK_HEADER).toBytes();
    List<NetworkLink> links = new ArrayList<>();
    for (Message message : dump(RTM_GETLINK, request, "the list of interfaces")) {
      if (message.type == RTM_NEWLINK) {
        links.add(parseLink(message.body));
      }
    }
    return links;
  }

  /** The interface with this name, if there is one. */
  public Optional<NetworkLink> link(String name) throws NetworkException {
    return links().stream().filter(link -> link.name().equals(name)).findFirst();
  }

  /** All IPv4 and IPv6 addresses of this network namespace. */
  public synchronized List<LinkAddress> addresses() throws NetworkException {
    byte[] request = NativeStruct.ofBytes(ADDRESS_HEADER).zeros(ADDRESS_HEADER).toBytes();
    List<LinkAddress> addresses = new ArrayList<>();
    for (Message message : dump(RTM_GETADDR, request, "the list of addresses")) {
      if (message.type == RTM_NEWADDR) {
        parseAddress(message.body, addresses);
      }
    }
    return addresses;
  }

  /**
   * Gives an address a new lifetime; one that is missing is added (with the IPv4 broadcast address
   * of its subnet; IPv6 without duplicate address detection, which would hold it back for seconds).
   *
   * @param validSeconds at least 1; {@link LinkAddress#FOREVER} for no limit
   */
  public synchronized void replace(
      InetAddress address, int prefixLength, int interfaceIndex, long validSeconds)
      throws NetworkException {
    replace(new LinkAddress(address, prefixLength, interfaceIndex, 0, validSeconds), validSeconds);
  }

  /** The same for an address just listed: what else the kernel knows about it stays as it is. */
  public synchronized void replace(LinkAddress current, long validSeconds) throws NetworkException {
    if (validSeconds < 1 || validSeconds > LinkAddress.FOREVER) {
      throw new IllegalArgumentException("a lifetime of " + validSeconds + " s");
    }
    byte[] octets = current.address().getAddress();
    NativeStruct body = addressHeader(current);
    attribute(body, IFA_LOCAL, octets);
    attribute(body, IFA_ADDRESS, octets);
    if (octets.length == 4 && current.prefixLength() < 31) {
      attribute(body, IFA_BROADCAST, broadcast(octets, current.prefixLength()));
    }
    int kept = current.flags() & LinkAddress.IFA_F_NOPREFIXROUTE;
    int flags = octets.length == 4 ? kept : kept | LinkAddress.IFA_F_NODAD;
    attribute(body, IFA_FLAGS, NativeStruct.ofBytes(4).u32(flags).toBytes());
    int seconds = (int) validSeconds;
    attribute(
        body, IFA_CACHEINFO, NativeStruct.ofBytes(16).u32(seconds).u32(seconds).zeros(8).toBytes());
    request(
        RTM_NEWADDR,
        NLM_F_REPLACE | NLM_F_CREATE,
        body.toBytes(),
        "cannot set the lifetime of " + describe(current) + " to " + validSeconds + " s");
  }

  /** Removes an address. */
  public synchronized void delete(LinkAddress current) throws NetworkException {
    NativeStruct body = addressHeader(current);
    attribute(body, IFA_LOCAL, current.address().getAddress());
    request(RTM_DELADDR, 0, body.toBytes(), "cannot remove " + describe(current));
  }

  @Override
  public synchronized void close() {
    socket.close();
  }

  private record Message(int type, int flags, int sequence, ByteBuffer body) {}

  private void request(int type, int flags, byte[] body, String purpose) throws NetworkException {
    send(type, flags | NLM_F_REQUEST | NLM_F_ACK, body, purpose);
    while (true) {
      for (Message message : receive(purpose)) {
        if (message.type == NLMSG_ERROR) {
          failIfError(message, purpose);
          return;
        }
      }
    }
  }

  private List<Message> dump(int type, byte[] body, String what) throws NetworkException {
    String purpose = "cannot read " + what;
    for (int attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
      send(type, NLM_F_REQUEST | NLM_F_DUMP, body, purpose);
      List<Message> messages = new ArrayList<>();
      if (collect(messages, purpose)) {
        return messages;
      }
    }
    throw new NetworkException(purpose + ": it keeps changing");
  }

  /** Returns false if the listing was disturbed by a change and is not complete. */
  private boolean collect(List<Message> messages, String purpose) throws NetworkException {
    boolean undisturbed = true;
    while (true) {
      for (Message message : receive(purpose)) {
        undisturbed &= (message.flags & NLM_F_DUMP_INTR) == 0;
        if (message.type == NLMSG_DONE) {
          return undisturbed;
        }
        if (message.type == NLMSG_ERROR) {
          failIfError(message, purpose);
          return undisturbed;
        }
        messages.add(message);
      }
    }
  }

  private void send(int type, int flags, byte[] body, String purpose) throws NetworkException {
    sequence++;
    byte[] packet =
        NativeStruct.ofBytes(MESSAGE_HEADER + body.length)
            .u32(MESSAGE_HEADER + body.length)
            .u16(type)
            .u16(flags)
            .u32(sequence)
            .u32(0)
            .put(body)
            .toBytes();
    socket.sendTo(packet, TO_KERNEL, "a netlink request (" + purpose + ")");
  }

  /** The messages of one datagram that answer the current request; older answers are dropped. */
  private List<Message> receive(String purpose) throws NetworkException {
    byte[] datagram = socket.receive("the kernel's netlink answer (" + purpose + ")");
    ByteBuffer in = ByteBuffer.wrap(datagram).order(ByteOrder.nativeOrder());
    List<Message> messages = new ArrayList<>();
    while (in.remaining() >= MESSAGE_HEADER) {
      int start = in.position();
      int length = in.getInt();
      if (length < MESSAGE_HEADER || length > in.limit() - start) {
        throw new NetworkException(purpose + ": netlink message of " + length + " bytes");
      }
      int type = in.getShort() & 0xFFFF;
      int flags = in.getShort() & 0xFFFF;
      int answered = in.getInt();
      ByteBuffer body =
          in.slice(start + MESSAGE_HEADER, length - MESSAGE_HEADER).order(ByteOrder.nativeOrder());
      if (answered == sequence) {
        messages.add(new Message(type, flags, answered, body));
      }
      in.position(Math.min(start + aligned(length), in.limit()));
    }
    return messages;
  }

  private static void failIfError(Message message, String purpose) throws NetworkException {
    if (message.body.remaining() < 4) {
      throw new NetworkException(purpose + ": truncated netlink answer");
    }
    int errno = -message.body.getInt();
    if (errno != 0) {
      throw new NetworkException(purpose, errno);
    }
  }

  private static NativeStruct addressHeader(LinkAddress address) {
    boolean ipv4 = address.address().getAddress().length == 4;
    return NativeStruct.ofBytes(128)
        .u8(ipv4 ? KernelSocket.AF_INET : KernelSocket.AF_INET6)
        .u8(address.prefixLength())
        .u8(0)
        .u8(0)
        .u32(address.interfaceIndex());
  }

  /** All our attributes have a multiple of four bytes, so no padding is needed. */
  private static void attribute(NativeStruct out, int type, byte[] value) {
    out.u16(4 + value.length).u16(type).put(value);
  }

  private static byte[] broadcast(byte[] octets, int prefixLength) {
    byte[] broadcast = octets.clone();
    for (int bit = prefixLength; bit < 32; bit++) {
      broadcast[bit / 8] |= (byte) (0x80 >>> (bit % 8));
    }
    return broadcast;
  }

  private static NetworkLink parseLink(ByteBuffer body) {
    body.position(2);
    int hardwareType = body.getShort() & 0xFFFF;
    int index = body.getInt();
    int flags = body.getInt();
    body.position(LINK_HEADER);
    String name = "";
    String hardwareAddress = "";
    for (Attribute attribute; (attribute = Attribute.next(body)) != null; ) {
      switch (attribute.type) {
        case IFLA_IFNAME -> name = attribute.text();
        case IFLA_ADDRESS ->
            hardwareAddress = HexFormat.ofDelimiter(":").formatHex(attribute.value);
        default -> {}
      }
    }
    return new NetworkLink(name, index, hardwareType, flags, hardwareAddress);
  }

  private static void parseAddress(ByteBuffer body, List<LinkAddress> into) {
    int family = body.get() & 0xFF;
    if (family != KernelSocket.AF_INET && family != KernelSocket.AF_INET6) {
      return;
    }
    int prefixLength = body.get() & 0xFF;
    int flags = body.get() & 0xFF;
    body.get();
    int index = body.getInt();
    byte[] local = {};
    byte[] peer = {};
    long valid = LinkAddress.FOREVER;
    for (Attribute attribute; (attribute = Attribute.next(body)) != null; ) {
      switch (attribute.type) {
        case IFA_LOCAL -> local = attribute.value;
        case IFA_ADDRESS -> peer = attribute.value;
        case IFA_FLAGS -> flags = attribute.number(0);
        case IFA_CACHEINFO -> valid = attribute.number(4) & 0xFFFF_FFFFL;
        default -> {}
      }
    }
    // IPv6 has no IFA_LOCAL unless the address is point-to-point.
    byte[] octets = local.length > 0 ? local : peer;
    try {
      InetAddress address = InetAddress.getByAddress(octets);
      into.add(new LinkAddress(address, prefixLength, index, flags, valid));
    } catch (UnknownHostException e) {
      throw new IllegalStateException("the kernel lists an address of " + octets.length + " bytes");
    }
  }

  private record Attribute(int type, byte[] value) {
    static @org.jspecify.annotations.Nullable Attribute next(ByteBuffer in) {
      if (in.remaining() < 4) {
        return null;
      }
      int start = in.position();
      int length = in.getShort() & 0xFFFF;
      int type = in.getShort() & 0x3FFF;
      if (length < 4 || length > in.limit() - start) {
        return null;
      }
      byte[] value = new byte[length - 4];
      in.get(value);
      in.position(Math.min(start + aligned(length), in.limit()));
      return new Attribute(type, value);
    }

    String text() {
      int end = value.length;
      while (end > 0 && value[end - 1] == 0) {
        end--;
      }
      return new String(value, 0, end, StandardCharsets.UTF_8);
    }

    int number(int offset) {
      return offset + 4 <= value.length
          ? ByteBuffer.wrap(value).order(ByteOrder.nativeOrder()).getInt(offset)
          : 0;
    }
  }

  private static int aligned(int length) {
    return (length + 3) & ~3;
  }

  private static String describe(LinkAddress address) {
    return address.address().getHostAddress()
        + "/"
        + address.prefixLength()
        + " on interface "
        + address.interfaceIndex();
  }
}
