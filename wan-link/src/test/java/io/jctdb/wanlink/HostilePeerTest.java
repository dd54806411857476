package io.jctdb.wanlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;

class HostilePeerTest extends LinkTestBase {

  @Test
  void whateverComesToThePortTheOtherLinksStayUp() throws IOException {
    TestNode n0 = start(TestNode.config(0, 1, nodesList(3)));
    TestNode n1 = start(TestNode.config(1, 2, nodesList(3)));
    n0.awaitUp(1);
    Random random = new Random(42);
    try (FakePeer hostile = new FakePeer(2, address(2))) {
      sendAndExpectClose(hostile, "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      sendAndExpectClose(hostile, new byte[] {0, 0, 0, 0});
      sendAndExpectClose(hostile, new byte[] {0x7f, -1, -1, -1, 1});
      sendAndExpectClose(hostile, new byte[] {0, 0, 0, 1, 4});
      sendAndExpectClose(hostile, new byte[] {0, 0, 0, 3, 1, 2, 3});
      for (int round = 0; round < 20; round++) {
        byte[] noise = new byte[5 + random.nextInt(200)];
        random.nextBytes(noise);
        noise[0] |= 1; // a length beyond every limit
        sendAndExpectClose(hostile, noise);
      }
    }
    n0.send(1, new byte[] {1});
    await().until(() -> n1.frames.size() == 1);
    assertThat(n0.events).containsExactly("up 1 incarnation 2");
  }

  @Test
  void aStrangersAddressIsNotEvenReadFrom() throws IOException {
    start(TestNode.config(0, 1, nodesList(2)));
    try (FakePeer stranger = new FakePeer(5, address(5));
        Socket socket = stranger.connect(address(0))) {
      assertThat(endOf(socket)).isTrue();
    }
  }

  @Test
  void aNodeCannotPassForAnother() throws IOException {
    TestNode n0 = start(TestNode.config(0, 1, nodesList(3)));
    try (FakePeer liar = new FakePeer(2, address(2));
        Socket socket = liar.connect(address(0))) {
      FakePeer.write(socket, hello(1, 3));
      assertThat(FakePeer.read(socket))
          .isEqualTo(
              new LinkFrame.Refused(
                  "it comes from 127.0.0.12, but the address of node 1 is 127.0.0.11"));
      assertThat(endOf(socket)).isTrue();
    }
    assertThat(n0.events).isEmpty();
  }

  @Test
  void anotherVersionIsToldSo() throws IOException {
    start(TestNode.config(0, 1, nodesList(2)));
    try (FakePeer newer = new FakePeer(1, address(1));
        Socket socket = newer.connect(address(0))) {
      FakePeer.write(socket, new LinkFrame.Hello(9, 1, 0, 1, 0, "", "whatever comes in version 9"));
      assertThat(FakePeer.read(socket))
          .asString()
          .contains("it speaks version 9", "node 0 version " + LinkFrame.VERSION);
    }
  }

  @Test
  void anIntroducedPeerThatClaimsAnImpossibleLengthIsCutOff() throws IOException {
    TestNode n0 = start(TestNode.config(0, 1, nodesList(2)).withLimits(1000, 100_000));
    try (FakePeer peer = new FakePeer(1, address(1));
        Socket in = peer.accept();
        Socket out = peer.connect(address(0))) {
      FakePeer.write(out, hello(1, 2));
      n0.awaitEvent("up 1 incarnation 99");
      out.getOutputStream().write(new byte[] {0, 0, 4, 0});
      n0.awaitEvent("down 1: frame of 1024 bytes, allowed are 1 to 1001");
      assertThat(in.isConnected()).isTrue();
    }
  }

  @Test
  void aPeerThatDoesNotReadIsCutOffBeforeItCostsMemory() throws IOException {
    long limit = 4 << 20;
    TestNode n0 = start(TestNode.config(0, 1, nodesList(2)).withLimits(1 << 20, limit));
    try (FakePeer peer = new FakePeer(1, address(1));
        Socket in = peer.accept();
        Socket out = peer.connect(address(0))) {
      FakePeer.write(out, hello(1, 2));
      n0.awaitEvent("up 1 incarnation 99");
      for (int i = 0; i < 40; i++) {
        n0.send(1, new byte[1 << 20]);
        assertThat(n0.status(1).queuedBytes()).isLessThanOrEqualTo(limit + 1000);
      }
      n0.awaitEvent("down 1");
      assertThat(n0.events.getLast()).contains("the peer does not read");
      assertThat(in.isConnected()).isTrue();
    }
  }

  @Test
  void aPeerThatFallsSilentIsDown() throws IOException {
    LinkConfig config =
        TestNode.config(0, 1, nodesList(2))
            .withKeepalive(Duration.ofMillis(50), Duration.ofMillis(300));
    TestNode n0 = start(config);
    try (FakePeer peer = new FakePeer(1, address(1));
        Socket in = peer.accept();
        Socket out = peer.connect(address(0))) {
      FakePeer.write(out, hello(1, 2));
      n0.awaitEvent("up 1 incarnation 99");
      n0.awaitEvent("down 1");
      assertThat(n0.events.getLast()).contains("silent for PT0.3S");
      assertThat(in.isConnected()).isTrue();
    }
  }

  @Test
  void aPeerThatTheClusterHasGivenUpIsDownAsSoonAsItIsSilent() throws IOException {
    LinkConfig config =
        TestNode.config(0, 1, nodesList(2))
            .withKeepalive(Duration.ofMillis(20), Duration.ofSeconds(600));
    TestNode n0 = start(config);
    try (FakePeer peer = new FakePeer(1, address(1));
        Socket in = peer.accept();
        Socket out = peer.connect(address(0))) {
      FakePeer.write(out, hello(1, 2));
      n0.awaitEvent("up 1 incarnation 99");
      await("given up").until(() -> n0.events.contains("down 1") || n0.giveUpIfSilent(1));
      assertThat(n0.events.getLast()).contains("lost for the cluster, and silent");
      assertThat(in.isConnected()).isTrue();
    }
  }

  @Test
  void aPeerThatSpeaksKeepsItsLinkThoughTheClusterHasGivenItUp() throws IOException {
    LinkConfig config =
        TestNode.config(0, 1, nodesList(2))
            .withKeepalive(Duration.ofSeconds(200), Duration.ofSeconds(600));
    TestNode n0 = start(config);
    try (FakePeer peer = new FakePeer(1, address(1));
        Socket in = peer.accept();
        Socket out = peer.connect(address(0))) {
      FakePeer.write(out, hello(1, 2));
      n0.awaitEvent("up 1 incarnation 99");
      n0.giveUpIfSilent(1);
      n0.on(() -> "a step later, which is when the link would go down");
      assertThat(n0.isUp(1)).isTrue();
      assertThat(in.isConnected()).isTrue();
    }
  }

  @Test
  void framesThatOvertakeTheOtherDirectionAreKeptUntilTheLinkIsUp() throws IOException {
    TestNode n0 = start(TestNode.config(0, 1, nodesList(2)));
    try (FakePeer peer = new FakePeer(1, address(1));
        Socket out = peer.connect(address(0))) {
      FakePeer.write(out, hello(1, 2));
      FakePeer.write(out, new LinkFrame.Data(new byte[] {1}));
      FakePeer.write(out, new LinkFrame.Data(new byte[] {2}));
      assertThat(FakePeer.read(out)).isInstanceOf(LinkFrame.Welcome.class);
      assertThat(n0.frames).isEmpty();
      try (Socket in = peer.accept()) {
        await().until(() -> n0.frames.size() == 2);
        assertThat(n0.events).containsExactly("up 1 incarnation 99");
        assertThat(n0.frames.get(0)).containsExactly(1);
        assertThat(in.isConnected()).isTrue();
      }
    }
  }

  private LinkFrame.Hello hello(int sender, int nodes) {
    String text = new NodesList(nodesList(nodes)).text();
    return new LinkFrame.Hello(LinkFrame.VERSION, sender, 0, 99, 1, "main", text);
  }

  private void sendAndExpectClose(FakePeer from, byte[] bytes) throws IOException {
    try (Socket socket = from.connect(address(0))) {
      socket.getOutputStream().write(bytes);
      assertThat(endOf(socket)).isTrue();
    }
  }

  /** The other side closed, one way or another. */
  private static boolean endOf(Socket socket) {
    try {
      socket.setSoTimeout(10_000);
      return socket.getInputStream().read() < 0;
    } catch (java.net.SocketTimeoutException e) {
      return false;
    } catch (IOException e) {
      return true;
    }
  }
}
