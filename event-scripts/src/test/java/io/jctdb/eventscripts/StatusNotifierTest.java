package io.jctdb.eventscripts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.StringReader;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Clients with locks are told that their server has restarted. */
class StatusNotifierTest {

  @Test
  void aNotificationIsAnRpcCallOfTheStatusProgram() {
    StatusNotification notification =
        StatusNotification.parse("10.1.1.1 10.0.0.1 nfs.x 1700000001");

    assertThat(HexFormat.of().formatHex(StatusChannel.notify(notification, 0x01020304)))
        .isEqualTo(
            "01020304 00000000 00000002 000186b8 00000001 00000006".replace(" ", "")
                + "00000000000000000000000000000000"
                + "00000005 6e66732e78000000 6553f101".replace(" ", ""));
  }

  @Test
  void itArrivesFromTheAddressThatHasMoved() throws Exception {
    try (DatagramSocket client =
        new DatagramSocket(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0))) {
      client.setSoTimeout(10_000);

      StatusChannel.send(
          List.of(
              StatusNotifier.ofOptions(
                  List.of(
                      "--client=127.0.0.1",
                      "--ip=127.0.0.9",
                      "--server",
                      "cluster",
                      "--stateval=7",
                      "--clientport=" + client.getLocalPort()))));

      DatagramPacket packet = new DatagramPacket(new byte[200], 200);
      client.receive(packet);
      assertThat(packet.getAddress().getHostAddress()).isEqualTo("127.0.0.9");
      assertThat(packet.getLength()).isEqualTo(56);
    }
  }

  @Test
  void thePortMappersAnswerIsReadWithCare() throws Exception {
    assertThat(
            StatusChannel.accepted(hex("00000009 00000001 00000000 00000000 00000000 00000000"), 9))
        .isTrue();
    assertThat(
            StatusChannel.accepted(hex("00000008 00000001 00000000 00000000 00000000 00000000"), 9))
        .as("of another call")
        .isFalse();
    assertThat(
            StatusChannel.accepted(hex("00000009 00000001 00000000 00000000 7fffffff 00000000"), 9))
        .as("with an impossible length")
        .isFalse();
    assertThat(StatusChannel.accepted(hex("00000009"), 9)).isFalse();
    assertThat(StatusChannel.port(hex("00008005"), true)).isEqualTo(32773);
    // "::1.128.5"
    assertThat(StatusChannel.port(hex("00000009 3a3a312e3132382e35000000"), false))
        .isEqualTo(32773);
    assertThatThrownBy(() -> StatusChannel.port(hex("00000000"), true))
        .hasMessage("it has no rpc.statd");
    assertThatThrownBy(() -> StatusChannel.port(hex("7fffffff 3a"), false))
        .hasMessage("it has no rpc.statd");
  }

  @Test
  void aLineThatMakesNoSenseKeepsNobodyElseFromBeingTold() throws Exception {
    List<String> complaints = new ArrayList<>();
    assertThat(
            StatusNotifier.ofLines(
                new BufferedReader(
                    new StringReader("fd00::1 10.0.0.1 files 4\n\n10.9.0.1 10.0.0.1 files 4\n")),
                complaints::add))
        .singleElement()
        .extracting(one -> one.client().getHostAddress())
        .isEqualTo("10.9.0.1");
    assertThat(complaints).containsExactly("fd00::1 cannot be reached from 10.0.0.1");
  }

  @Test
  void wordsThatMakeNoSenseAreNamed() {
    assertThatThrownBy(() -> StatusNotification.parse("10.1.1.1 10.0.0.1 x"))
        .hasMessageStartingWith("should be CLIENT IP SERVER STATE");
    assertThatThrownBy(() -> StatusNotification.parse("client 10.0.0.1 x 1"))
        .hasMessage("no address: client");
    assertThatThrownBy(() -> StatusNotification.parse("::1 10.0.0.1 x 1"))
        .hasMessage("::1 cannot be reached from 10.0.0.1");
    assertThatThrownBy(() -> StatusNotification.parse("10.0.0.2 10.0.0.1 x -1"))
        .hasMessage("should be a number up to 4294967295: -1");
    assertThatThrownBy(() -> StatusNotifier.ofOptions(List.of("--client=10.0.0.1")))
        .hasMessage("--ip is missing");
    assertThatThrownBy(() -> StatusNotifier.ofOptions(List.of("--client")))
        .hasMessage("--client needs a value");
    assertThatThrownBy(() -> StatusNotifier.ofOptions(List.of("x"))).hasMessage("unknown: x");
  }

  private static ByteBuffer hex(String text) {
    return ByteBuffer.wrap(HexFormat.of().parseHex(text.replace(" ", "")));
  }
}
