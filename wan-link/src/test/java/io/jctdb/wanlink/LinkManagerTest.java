package io.jctdb.wanlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

class LinkManagerTest extends LinkTestBase {

  @Test
  void framesArriveInTheOrderSentInBothDirections() {
    TestNode n0 = start(TestNode.config(0, 100, nodesList(2)));
    TestNode n1 = start(TestNode.config(1, 200, nodesList(2)));
    n0.awaitEvent("up 1 incarnation 200");
    n1.awaitEvent("up 0 incarnation 100");

    int count = 5_000;
    for (int i = 0; i < count; i++) {
      n0.send(1, numbered(i, i % 97));
      n1.send(0, numbered(i, (i % 11) * 2_000));
    }

    await().until(() -> n0.frames.size() == count && n1.frames.size() == count);
    for (int i = 0; i < count; i++) {
      assertThat(ByteBuffer.wrap(n0.frames.get(i)).getInt()).isEqualTo(i);
      assertThat(ByteBuffer.wrap(n1.frames.get(i)).getInt()).isEqualTo(i);
    }
  }

  @Test
  void aLongFrameArrivesWhole() {
    TestNode n0 = start(TestNode.config(0, 1, nodesList(2)));
    TestNode n1 = start(TestNode.config(1, 2, nodesList(2)));
    n0.awaitUp(1);
    byte[] frame = new byte[30 << 20];
    new Random(1).nextBytes(frame);

    n0.send(1, frame);
    n0.send(1, new byte[] {7});

    await().until(() -> n1.frames.size() == 2);
    assertThat(n1.frames.get(0)).isEqualTo(frame);
    assertThat(n1.frames.get(1)).containsExactly(7);
  }

  @Test
  void aFrameOverTheLimitCostsTheLinkAndNotTheSender() {
    TestNode n0 = start(TestNode.config(0, 1, nodesList(2)).withLimits(1000, 10_000));
    TestNode n1 = start(TestNode.config(1, 2, nodesList(2)).withLimits(1000, 10_000));
    n0.awaitUp(1);
    n1.awaitUp(0);
    n0.on(() -> send(n0, new byte[1001]));
    n0.awaitEvent("down 1: frame of 1001 bytes to send, allowed are 1000");
    n0.awaitUp(1);
  }

  @Test
  void theDefaultsFitIntoASmallMemory() {
    assertThat(LinkConfig.DEFAULT_MAX_FRAME_BYTES).isLessThan(33 << 20);
    assertThat(LinkConfig.defaultMaxQueuedBytes(256L << 20)).isLessThan(40 << 20);
    assertThat(LinkConfig.defaultMaxQueuedBytes(400L << 20)).isEqualTo(50 << 20);
    assertThat(LinkConfig.defaultMaxQueuedBytes(1L << 40)).isEqualTo(64 << 20);
  }

  @Test
  void whoSendsToANodeThatIsNotThereLosesTheFrameAndNothingElse() {
    TestNode n0 = start(TestNode.config(0, 1, nodesList(2)));
    n0.send(1, new byte[10]);
    n0.send(77, new byte[10]);
    TestNode n1 = start(TestNode.config(1, 2, nodesList(2)));
    n0.awaitUp(1);
    n0.send(1, new byte[] {5});
    await().until(() -> n1.frames.size() == 1);
    assertThat(n1.frames.get(0)).containsExactly(5);
  }

  @Test
  void aRestartedPeerComesBackAsANewIncarnation() {
    TestNode n0 = start(TestNode.config(0, 1, nodesList(3)));
    TestNode n1 = start(TestNode.config(1, 2, nodesList(3)));
    TestNode n2 = start(TestNode.config(2, 3, nodesList(3)));
    n0.awaitUp(1);
    n0.awaitUp(2);
    n2.awaitUp(1);

    n1.close();
    n0.awaitEvent("down 1");
    start(TestNode.config(1, 22, nodesList(3)));

    n0.awaitEvent("up 1 incarnation 22");
    n2.awaitEvent("up 1 incarnation 22");
    assertThat(n0.events.stream().filter(e -> !e.contains(":")))
        .containsSubsequence("up 1 incarnation 2", "down 1", "up 1 incarnation 22");
    assertThat(n0.isUp(2)).isTrue();
    assertThat(n0.events).noneMatch(e -> e.startsWith("down 2"));
  }

  @Test
  void theRoundTripIsMeasured() {
    TestNode n0 = start(TestNode.config(0, 1, nodesList(2)));
    start(TestNode.config(1, 2, nodesList(2)));
    n0.awaitUp(1);
    await().until(() -> n0.status(1).roundTrip() != null);
    assertThat(n0.status(1).roundTrip()).isPositive();
  }

  @Test
  void differentNodesFilesAreRefusedAndBothAreShown() {
    TestNode n0 = start(TestNode.config(0, 1, nodesList(2)));
    TestNode n1 = start(TestNode.config(1, 2, nodesList(3)));
    String both =
        "node 1 has ["
            + new NodesList(nodesList(3)).text()
            + "], node 0 has ["
            + new NodesList(nodesList(2)).text()
            + "]";
    await().until(() -> n0.problem(1).contains("the nodes files differ: " + both));
    assertThat(n0.isUp(1)).isFalse();
    assertThat(n1.isUp(0)).isFalse();

    n0.on(() -> setPeers(n0, nodesList(3)));
    n0.awaitUp(1);
  }

  @Test
  void reloadingTheNodesListTouchesOnlyWhatChanged() {
    TestNode n0 = start(TestNode.config(0, 1, nodesList(3)));
    TestNode n1 = start(TestNode.config(1, 2, nodesList(3)));
    start(TestNode.config(2, 3, nodesList(3)));
    n0.awaitUp(1);
    n0.awaitUp(2);

    n0.on(() -> setPeers(n0, nodesList(2)));
    n1.on(() -> setPeers(n1, nodesList(2)));

    n0.awaitEvent("down 2: no longer in the nodes list with this address");
    assertThat(n0.events).doesNotContain("down 1");
    assertThat(n0.isUp(1)).isTrue();
    Map<Integer, InetSocketAddress> moved = nodesList(2);
    moved.put(0, address(9));
    assertThatThrownBy(() -> n0.on(() -> setPeers(n0, moved)))
        .hasStackTraceContaining("this node listens on");
  }

  @Test
  void aTakenPortIsExplained() throws IOException {
    TestNode n0 = node(TestNode.config(0, 1, nodesList(2)));
    try (ServerSocket other = new ServerSocket(port, 1, InetAddress.ofLiteral("127.0.0.10"))) {
      assertThat(other.isBound()).isTrue();
      assertThatThrownBy(n0::start)
          .isInstanceOf(CompletionException.class)
          .hasCauseInstanceOf(LinkException.class)
          .hasMessageContaining("cannot listen for other nodes on 127.0.0.10:" + port)
          .hasMessageContaining("another daemon");
    }
  }

  @Test
  void anAddressOfAnotherHostIsExplained() {
    Map<Integer, InetSocketAddress> nodes =
        Map.of(0, new InetSocketAddress(InetAddress.ofLiteral("192.0.2.1"), port));
    assertThatThrownBy(() -> start(TestNode.config(0, 1, nodes)))
        .hasMessageContaining("is it an address of this host?");
  }

  @Test
  void closingFreesThePort() throws IOException {
    TestNode n0 = start(TestNode.config(0, 1, nodesList(2)));
    TestNode n1 = start(TestNode.config(1, 2, nodesList(2)));
    n0.awaitUp(1);
    n0.close();
    try (ServerSocket again = new ServerSocket(port, 1, InetAddress.ofLiteral("127.0.0.10"))) {
      assertThat(again.isBound()).isTrue();
    }
    n1.awaitEvent("down 0");
  }

  @Test
  void limitsThatContradictEachOtherAreRefused() {
    LinkConfig config = TestNode.config(0, 1, nodesList(1));
    assertThatThrownBy(() -> config.withKeepalive(Duration.ofSeconds(1), Duration.ofMillis(2999)))
        .hasMessageContaining("at least 3 ping intervals");
    assertThatThrownBy(() -> config.withLimits(100, 99)).hasMessageContaining("max queue");
  }

  private static byte[] numbered(int number, int padding) {
    return ByteBuffer.allocate(4 + padding).putInt(number).array();
  }

  private static boolean send(TestNode node, byte[] frame) {
    node.links.send(1, frame);
    return true;
  }

  private static boolean setPeers(TestNode node, Map<Integer, InetSocketAddress> nodes) {
    node.links.setPeers(nodes);
    return true;
  }
}
