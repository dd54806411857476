package io.jctdb.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * What {@link NetworkTest} runs in a JVM of its own, in a network namespace without uplink: {@code
 * node} and {@code peer} are the two ends of a cable.
 */
final class NetworkScenario implements AutoCloseable {
  private static final InetAddress A = InetAddress.ofLiteral("10.77.1.101");
  private static final InetAddress B = InetAddress.ofLiteral("10.77.1.102");
  private static final InetAddress SIX = InetAddress.ofLiteral("fd00:77::101");
  private static final int ETH_P_ALL = 3;

  private final Netlink netlink = Netlink.open();
  private final NetworkLink node = netlink.link("node").orElseThrow();

  private NetworkScenario() throws NetworkException {}

  public static void main(String[] arguments) throws Exception {
    run("ip link add node address 02:00:00:00:00:01 type veth peer name peer");
    run("ip link set node up");
    run("ip link set peer up");
    try (NetworkScenario scenario = new NetworkScenario()) {
      switch (arguments[0]) {
        case "interfaces" -> scenario.interfaces();
        case "lifetimes" -> scenario.lifetimes();
        case "removal" -> scenario.removal();
        case "secondaries" -> scenario.secondaries();
        case "announcements" -> scenario.announcements();
        case "tickles" -> scenario.tickles();
        case "resets" -> scenario.resets();
        default -> throw new IllegalArgumentException(arguments[0]);
      }
    }
  }

  private void interfaces() throws Exception {
    assertThat(node.hardwareAddress()).isEqualTo("02:00:00:00:00:01");
    assertThat(node.isEthernet()).isTrue();
    assertThat(node.isUp()).isTrue();
    assertThat(node.isRunning()).isTrue();
    assertThat(netlink.link("lo").orElseThrow().isLoopback()).isTrue();
    assertThat(netlink.link("nothing")).isEmpty();
    run("ip link set peer down");
    // The kernel tells at most once a second how a link is.
    for (int i = 0; i < 100 && netlink.link("node").orElseThrow().isRunning(); i++) {
      TimeUnit.MILLISECONDS.sleep(50);
    }
    assertThat(netlink.link("node").orElseThrow().isRunning()).isFalse();
  }

  private void lifetimes() throws Exception {
    run("ip addr add 10.77.1.101/24 brd + dev node");
    assertThat(found(A).orElseThrow().validSeconds()).isEqualTo(LinkAddress.FOREVER);
    for (InetAddress address : new InetAddress[] {A, SIX}) {
      int prefix = address.equals(A) ? 24 : 64;
      netlink.replace(address, prefix, node.index(), 100);
      LinkAddress limited = found(address).orElseThrow();
      assertThat(limited.validSeconds()).isBetween(90L, 100L);
      assertThat(limited.prefixLength()).isEqualTo(prefix);
      assertThat(limited.isTentative()).isFalse();
      netlink.replace(limited, 1);
      while (found(address).isPresent()) {
        TimeUnit.MILLISECONDS.sleep(50);
      }
    }
  }

  private void removal() throws Exception {
    netlink.replace(A, 24, node.index(), LinkAddress.FOREVER);
    LinkAddress present = found(A).orElseThrow();
    netlink.delete(present);
    assertThat(found(A)).isEmpty();
    assertThatThrownBy(() -> netlink.delete(present))
        .isInstanceOf(NetworkException.class)
        .hasMessageContaining("cannot remove 10.77.1.101/24 on interface " + node.index())
        .hasMessageContaining("errno 99");
    assertThatThrownBy(() -> netlink.replace(A, 24, 4711, 10))
        .hasMessageContaining("10.77.1.101/24 on interface 4711 to 10 s")
        .hasMessageContaining("No such device");
  }

  private void secondaries() throws Exception {
    Sysctl.promoteSecondaries("node");
    netlink.replace(A, 24, node.index(), 1);
    netlink.replace(B, 24, node.index(), LinkAddress.FOREVER);
    assertThat(found(B).orElseThrow().isSecondary()).isTrue();
    while (found(A).isPresent()) {
      TimeUnit.MILLISECONDS.sleep(50);
    }
    assertThat(found(B).orElseThrow().isSecondary()).isFalse();
  }

  private void announcements() throws Exception {
    try (KernelSocket wire = listenAtPeer();
        RawArp arp = RawArp.open()) {
      arp.announce(node, A);
      assertThat(receive(wire, "0806"))
          .isEqualTo(
              "ffffffffffff"
                  + "020000000001"
                  + "0806"
                  + "0001080006040001"
                  + "020000000001"
                  + "0a4d0165"
                  + "000000000000"
                  + "0a4d0165"
                  + "00".repeat(22));
      assertThat(receive(wire, "0806"))
          .isEqualTo(
              "ffffffffffff"
                  + "020000000001"
                  + "0806"
                  + "0001080006040002"
                  + "020000000001"
                  + "0a4d0165"
                  + "020000000001"
                  + "0a4d0165"
                  + "00".repeat(22));
      arp.announce(node, SIX);
      String advertisement;
      do {
        advertisement = receive(wire, "86dd");
      } while (!advertisement.startsWith("88", 108));
      assertThat(advertisement)
          .startsWith("333300000001" + "020000000001" + "86dd" + "60000000" + "0020" + "3a" + "ff")
          .contains("fd000077000000000000000000000101" + "ff020000000000000000000000000001")
          .endsWith("20000000" + "fd000077000000000000000000000101" + "0201020000000001");
      arp.announce(netlink.link("lo").orElseThrow(), A);
    }
  }

  private void tickles() throws Exception {
    run("ip addr add 10.77.1.1/24 dev node");
    run("ip addr add fd00:77::1/64 dev node nodad");
    run("ip neigh add 10.77.1.9 lladdr 02:00:00:00:00:09 dev node");
    run("ip neigh add fd00:77::9 lladdr 02:00:00:00:00:09 dev node");
    try (KernelSocket wire = listenAtPeer();
        TickleSocket tickles = TickleSocket.open()) {
      tickles.tickle(new InetSocketAddress(A, 445), new InetSocketAddress("10.77.1.9", 50_000));
      String ipv4 = receive(wire, "0800");
      assertThat(ipv4.substring(28)).startsWith("4500" + "0028").contains("0a4d0165" + "0a4d0109");
      assertThat(ipv4).contains("01bd" + "c350" + "00000000" + "00000000" + "5010" + "04d2");
      tickles.tickle(new InetSocketAddress(SIX, 445), new InetSocketAddress("fd00:77::9", 50_000));
      String ipv6;
      do {
        ipv6 = receive(wire, "86dd");
      } while (!ipv6.startsWith("06", 40));
      assertThat(ipv6).contains("01bd" + "c350" + "00000000" + "00000000" + "5010" + "04d2");
      assertThatThrownBy(
              () ->
                  tickles.tickle(
                      new InetSocketAddress(A, 445), new InetSocketAddress("fd00:77::9", 1)))
          .hasMessageContaining("IPv4 and IPv6 are mixed");
    }
  }

  /** A connection of this host with itself: each end is tickled and then reset, one by one. */
  private void resets() throws Exception {
    run("ip addr add 10.77.1.101/24 dev node");
    run("ip addr add fd00:77::101/64 dev node nodad");
    for (InetAddress address : new InetAddress[] {A, SIX}) {
      try (ServerSocket listener = new ServerSocket(0, 1, address);
          Socket client = new Socket(address, listener.getLocalPort());
          Socket server = listener.accept();
          TcpCapture wire = TcpCapture.open(netlink.link("lo").orElseThrow().index(), 100);
          TickleSocket socket = TickleSocket.open()) {
        InetSocketAddress speaksFor = (InetSocketAddress) client.getLocalSocketAddress();
        InetSocketAddress forgets = (InetSocketAddress) client.getRemoteSocketAddress();
        Optional<TcpCapture.Segment> answer = Optional.empty();
        for (int round = 0; round < 50 && answer.isEmpty(); round++) {
          socket.tickle(speaksFor, forgets);
          for (int i = 0; i < 10 && answer.isEmpty(); i++) {
            answer =
                wire.next()
                    .filter(s -> s.from().equals(forgets) && s.to().equals(speaksFor))
                    .filter(s -> s.ack() && s.acknowledgement() != 0);
          }
        }
        TcpCapture.Segment numbers = answer.orElseThrow();
        socket.reset(speaksFor, forgets, numbers.acknowledgement(), numbers.sequence());
        assertThatThrownBy(() -> server.getInputStream().read()).hasMessageContaining("reset");
      }
    }
  }

  private KernelSocket listenAtPeer() throws NetworkException {
    KernelSocket wire =
        new KernelSocket(
            KernelSocket.AF_PACKET, KernelSocket.SOCK_RAW, ETH_P_ALL << 8, "to watch the wire");
    int index = netlink.link("peer").orElseThrow().index();
    wire.bind(
        NativeStruct.ofBytes(20)
            .u16(KernelSocket.AF_PACKET)
            .u16Network(ETH_P_ALL)
            .u32(index)
            .zeros(12)
            .toBytes(),
        "to watch the wire");
    wire.timeoutMillis(10_000, "to watch the wire");
    return wire;
  }

  /** The next frame of an Ethernet type, in hexadecimal. */
  private static String receive(KernelSocket wire, String type) throws NetworkException {
    while (true) {
      String frame = HexFormat.of().formatHex(wire.receive("a frame"));
      if (frame.startsWith(type, 24)) {
        return frame;
      }
    }
  }

  private Optional<LinkAddress> found(InetAddress address) throws NetworkException {
    return netlink.addresses().stream().filter(a -> a.address().equals(address)).findFirst();
  }

  private static void run(String command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command.split(" ")).inheritIO().start();
    assertThat(process.waitFor()).as(command).isZero();
  }

  @Override
  public void close() {
    netlink.close();
  }
}
