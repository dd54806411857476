package io.jctdb.iptakeover;

import static io.jctdb.iptakeover.Addresses.ip;
import static io.jctdb.iptakeover.Addresses.line;
import static io.jctdb.iptakeover.Addresses.to;
import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.protocol.AddressInfo;
import io.jctdb.protocol.Connection;
import io.jctdb.protocol.Control;
import io.jctdb.protocol.ControlFlag;
import io.jctdb.protocol.Interface;
import io.jctdb.protocol.InterfaceList;
import io.jctdb.protocol.PublicIpInfo;
import io.jctdb.protocol.PublicIpList;
import io.jctdb.protocol.RunState;
import io.jctdb.protocol.SockAddr;
import io.jctdb.protocol.TickleList;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Controls as they come from clients and nodes: bytes in, one answer out. */
class AddressControlsTest {
  private static final String A = "10.77.1.101";

  private record Answer(int status, byte[] data) {}

  private final FakeKernel kernel = new FakeKernel();
  private final List<String> events = new ArrayList<>();
  private Optional<List<PublicAddress>> file = Optional.of(List.of(line(A, "eth0")));
  private boolean fileIsBroken;

  private final AddressControls controls =
      new AddressControls(
          new LocalAddresses(
              1,
              new AddressPorts(
                  kernel,
                  new NoKeeper(),
                  (event, arguments, status) -> {
                    events.add(event);
                    if (event.equals("takeip")) {
                      kernel.add(ip(arguments.get(1)));
                    }
                    status.accept(0);
                  },
                  new NoSender(),
                  new FakeScheduler(),
                  new NoListener(),
                  () -> new OwnState(RunState.RUNNING, 0),
                  () -> false),
              file.orElseThrow()),
          () -> {
            if (fileIsBroken) {
              throw new PublicAddressesException(Path.of("public_addresses"), 3, "no mask");
            }
            return file;
          });

  @Test
  void anAddressIsTakenAndShown() {
    assertThat(ask(Control.TAKEOVER_IP, to(1, A).encode()).status()).isZero();
    assertThat(ask(Control.IPREALLOCATED, new byte[0]).status()).isZero();
    assertThat(events).containsExactly("takeip", "ipreallocated");
    assertThat(PublicIpList.decode(ask(Control.GET_PUBLIC_IPS, new byte[0]).data()).addresses())
        .containsExactly(to(1, A));
    PublicIpInfo info =
        PublicIpInfo.decode(
            ask(Control.GET_PUBLIC_IP_INFO, new SockAddr(ip(A), 445).encode()).data());
    assertThat(info).isEqualTo(new PublicIpInfo(to(1, A), 0, List.of(new Interface("eth0", 1, 1))));
    assertThat(InterfaceList.decode(ask(Control.GET_IFACES, new byte[0]).data()).interfaces())
        .containsExactly(new Interface("eth0", 1, 1));
    assertThat(ask(Control.RELEASE_IP, to(0, A).encode()).status()).isZero();
    assertThat(kernel.addresses).isEmpty();
  }

  @Test
  void aListOfWhatIsAvailableLeavesOutWhatHasNoLink() {
    ask(Control.SET_IFACE_LINK_STATE, new Interface("eth0", 0, 0).encode());
    byte[] available =
        ask(Control.GET_PUBLIC_IPS, ControlFlag.PUBLIC_IP_ONLY_AVAILABLE, new byte[0]).data();
    assertThat(available).isEqualTo(new byte[4]);
  }

  @Test
  void ticklesOfAnUnknownAddressHaveAStatusOfTheirOwn() {
    SockAddr unknown = new SockAddr(ip("10.0.0.1"), 0);
    assertThat(ask(Control.GET_TCP_TICKLE_LIST, unknown.encode()).status()).isEqualTo(1);
    byte[] list = new TickleList(unknown, List.of()).encode();
    assertThat(ask(Control.SET_TCP_TICKLE_LIST, list).status()).isEqualTo(1);
    Connection connection = Addresses.connection("10.9.9.9", 5000, A, 2049);
    assertThat(ask(Control.TCP_ADD_DELAYED_UPDATE, connection.encode()).status()).isZero();
    SockAddr asked = new SockAddr(ip(A), 2049);
    assertThat(TickleList.decode(ask(Control.GET_TCP_TICKLE_LIST, asked.encode()).data()))
        .as("the port is echoed")
        .isEqualTo(new TickleList(asked, List.of(connection)));
  }

  @Test
  void theListChangesByControlAndByFile() {
    byte[] added = new AddressInfo(new SockAddr(ip("10.77.1.200"), 0), 24, "eth1").encode();
    assertThat(ask(Control.ADD_PUBLIC_IP, added).status()).isZero();
    assertThat(ask(Control.ADD_PUBLIC_IP, added).status()).isEqualTo(-1);
    byte[] deleted = new AddressInfo(new SockAddr(ip("10.77.1.200"), 0), 0, "").encode();
    assertThat(ask(Control.DEL_PUBLIC_IP, deleted).status()).isZero();
    assertThat(ask(Control.DEL_PUBLIC_IP, deleted).status()).isEqualTo(-1);
    fileIsBroken = true;
    assertThat(ask(Control.RELOAD_PUBLIC_IPS, new byte[0]).status()).isEqualTo(-1);
    fileIsBroken = false;
    file = Optional.empty();
    assertThat(ask(Control.RELOAD_PUBLIC_IPS, new byte[0]).status()).isZero();
    assertThat(ask(Control.GET_PUBLIC_IPS, new byte[0]).data()).isEqualTo(new byte[4]);
  }

  @Test
  void anInterfaceNameWithoutAnEndIsRefused() {
    byte[] state = new Interface("eth0", 0, 0).encode();
    java.util.Arrays.fill(state, 0, 17, (byte) 'x');
    assertThat(ask(Control.SET_IFACE_LINK_STATE, state).status()).isEqualTo(-1);
  }

  @ParameterizedTest
  @EnumSource(
      value = Control.class,
      names = {
        "GET_PUBLIC_IPS",
        "GET_PUBLIC_IP_INFO",
        "GET_IFACES",
        "SET_IFACE_LINK_STATE",
        "ADD_PUBLIC_IP",
        "DEL_PUBLIC_IP",
        "RELOAD_PUBLIC_IPS",
        "RELEASE_IP",
        "TAKEOVER_IP",
        "START_IPREALLOCATE",
        "IPREALLOCATED",
        "SEND_GRATUITOUS_ARP",
        "TCP_CLIENT",
        "TCP_CLIENT_DISCONNECTED",
        "TCP_CLIENT_PASSED",
        "TCP_ADD",
        "TCP_ADD_DELAYED_UPDATE",
        "TCP_REMOVE",
        "GET_TCP_TICKLE_LIST",
        "SET_TCP_TICKLE_LIST"
      })
  void dataOfAWrongSizeIsRefused(Control control) {
    Answer answer = ask(control, new byte[] {1, 2, 3});
    assertThat(answer.status()).isEqualTo(-1);
    assertThat(answer.data()).isEmpty();
    assertThat(events).isEmpty();
  }

  /** Only the order after a deletion is our own: ctdbd puts the last one in the gap. */
  @Test
  void clientsAreAnsweredAboutConnectionsAsCtdbdDid() throws IOException {
    for (String address : List.of("198.51.100.101", "2001:db8::101")) {
      AddressInfo added = new AddressInfo(new SockAddr(ip(address), 0), 24, "eth0");
      assertThat(ask(Control.ADD_PUBLIC_IP, added.encode()).status()).isZero();
      assertThat(ask(Control.TAKEOVER_IP, to(1, address).encode()).status()).isZero();
    }
    for (String line : recorded()) {
      String[] words = line.split(" ");
      Answer answer = ask(Control.valueOf(words[1]), HexFormat.of().parseHex(words[2]));
      assertThat(answer.status()).as(words[0]).isEqualTo(Integer.parseInt(words[3]));
      String data = HexFormat.of().formatHex(answer.data());
      if (words[0].equals("gettickles-after-del")) {
        assertThat(TickleList.decode(answer.data()).connections())
            .hasSameElementsAs(TickleList.decode(HexFormat.of().parseHex(words[4])).connections());
      } else {
        assertThat(data).as(words[0]).isEqualTo(words[4].equals("-") ? "" : words[4]);
      }
    }
  }

  private static List<String> recorded() throws IOException {
    try (InputStream in =
        AddressControlsTest.class.getResourceAsStream("recorded-connections.txt")) {
      return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.US_ASCII)
          .lines()
          .filter(line -> !line.startsWith("#"))
          .toList();
    }
  }

  @Test
  void aLeaderIsRefusedWhenALaterOneHasAsked() {
    byte[] order = to(1, A).encode();
    byte[] nothing = new byte[0];
    assertThat(ask(Control.GET_PUBLIC_IPS, 0, nothing, 3).status()).isZero();
    assertThat(ask(Control.GET_PUBLIC_IPS, 0, nothing, 4).status()).isZero();

    int refused = AddressControls.REPLACED;
    assertThat(ask(Control.TAKEOVER_IP, 0, order, 3).status()).isEqualTo(refused);
    assertThat(ask(Control.GET_PUBLIC_IPS, 0, nothing, 3).status()).isEqualTo(refused);
    assertThat(events).isEmpty();

    assertThat(ask(Control.RELEASE_IP, order).status()).as("ctdb moveip").isZero();
    assertThat(ask(Control.RELEASE_IP, 0, order, 4).status()).isZero();
    controls.forgetTerms();
    assertThat(ask(Control.GET_PUBLIC_IPS, 0, nothing, 1).status()).isZero();
  }

  @Test
  void otherControlsAreLeftToOthers() {
    assertThat(controls.handle(Control.PING, 0, new byte[0], 0, 0, (status, data) -> {})).isFalse();
  }

  private Answer ask(Control control, byte[] data) {
    return ask(control, 0, data);
  }

  private Answer ask(Control control, int flags, byte[] data) {
    return ask(control, flags, data, AddressControls.NO_TERM);
  }

  private Answer ask(Control control, int flags, byte[] data, long term) {
    List<Answer> answers = new ArrayList<>();
    boolean handled =
        controls.handle(
            control,
            flags,
            data,
            5,
            term,
            (status, reply) -> answers.add(new Answer(status, reply)));
    assertThat(handled).isTrue();
    assertThat(answers).hasSize(1);
    return answers.getFirst();
  }

  private static final class NoKeeper implements AddressKeeper {
    @Override
    public boolean mayTake() {
      return true;
    }

    @Override
    public void hold(InetAddress address) {}

    @Override
    public void letGo(InetAddress address) {}

    @Override
    public void releaseAllNow() {}
  }

  private static final class NoSender implements AnnouncementSender {
    @Override
    public void announce(String interfaceName, InetAddress address) {}

    @Override
    public void tickle(Connection connection) {}
  }

  private static final class NoListener implements AddressListener {
    @Override
    public void taken(InetAddress address) {}

    @Override
    public void released(InetAddress address) {}

    @Override
    public void reallocationBegins() {}

    @Override
    public void reallocated() {}

    @Override
    public void takeoverRunWanted(String reason) {}

    @Override
    public void addressesGained() {}

    @Override
    public void connectionAdded(Connection connection) {}

    @Override
    public void connectionRemoved(Connection connection) {}

    @Override
    public void connectionsChanged(TickleList list) {}
  }
}
