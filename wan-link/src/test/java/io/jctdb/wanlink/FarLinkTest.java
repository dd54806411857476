package io.jctdb.wanlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Links between nodes of two sites. */
class FarLinkTest extends LinkTestBase {
  private static final int FRAMES = 5_000;

  @Test
  void framesToAnotherSiteAreCompressedAndKeepTheirOrder() {
    TestNode here = start(at(0, new WideArea("main", true, 0)));
    TestNode there = start(at(1, new WideArea("branch", true, 0)));
    here.awaitUp(1);
    there.awaitUp(0);
    sendNumbered(here);
    awaitNumbered(there);
    LinkStatus status = here.status(1);
    assertThat(status.site()).isEqualTo("branch");
    assertThat(status.far()).isTrue();
    assertThat(status.compressed()).isTrue();
    assertThat(status.wireBytesSent()).isPositive().isLessThan(status.bytesSent() / 2);
    assertThat(there.status(0).wireBytesReceived()).isLessThan(status.bytesSent() / 2);
    assertThat(status.queuedBytes()).isZero();
  }

  @Test
  void compressionNeedsBothSides() {
    TestNode here = start(at(0, new WideArea("main", false, 0)));
    TestNode there = start(at(1, new WideArea("branch", true, 0)));
    here.awaitUp(1);
    there.awaitUp(0);
    sendNumbered(here);
    awaitNumbered(there);
    assertThat(here.status(1).compressed()).isFalse();
    assertThat(here.status(1).wireBytesSent()).isGreaterThan(here.status(1).bytesSent());
  }

  @Test
  void nodesOfOneSiteSpeakAsEver() {
    TestNode here = start(at(0, new WideArea("berlin", true, 1)));
    TestNode there = start(at(1, new WideArea("berlin", true, 1)));
    here.awaitUp(1);
    there.awaitUp(0);
    sendNumbered(here); // at one byte a second this would not end
    awaitNumbered(there);
    assertThat(here.status(1).far()).isFalse();
    assertThat(here.status(1).compressed()).isFalse();
  }

  @Test
  void whatIsPacedArrivesInOrderAtEverySite() {
    WideArea slow = new WideArea("main", false, 2_000_000);
    TestNode here = start(at(0, slow));
    TestNode one = start(at(1, new WideArea("branch", true, 0)));
    TestNode other = start(at(2, new WideArea("outpost", true, 0)));
    here.awaitUp(1);
    here.awaitUp(2);
    one.awaitUp(0);
    other.awaitUp(0);
    sendNumbered(here);
    here.on(
        () -> {
          for (int i = 0; i < FRAMES; i++) {
            here.links.send(2, numbered(i));
          }
          return true;
        });
    awaitNumbered(one);
    awaitNumbered(other);
  }

  @Test
  void aSignOfLifeDoesNotWaitBehindABacklog() {
    TestNode here = start(at(0, new WideArea("main", false, 100_000)));
    TestNode there = start(at(1, new WideArea("branch", true, 0)));
    here.awaitUp(1);
    there.awaitUp(0);
    here.on(
        () -> {
          for (int i = 0; i < 20; i++) {
            here.links.send(1, new byte[1 << 20]); // would take minutes
          }
          here.links.sendAhead(1, numbered(1));
          here.links.sendAhead(1, numbered(2));
          return true;
        });
    await().atMost(Duration.ofSeconds(30)).until(() -> there.frames.size() == 2);
    assertThat(ByteBuffer.wrap(there.frames.get(0)).getInt()).isEqualTo(1);
    assertThat(ByteBuffer.wrap(there.frames.get(1)).getInt()).isEqualTo(2);
    assertThat(here.status(1).queuedBytes()).isPositive();
  }

  @Test
  void aFarPeerThatDoesNotReadIsCutOffBeforeItCostsMemory() throws IOException {
    long limit = 4 << 20;
    TestNode n0 = start(at(0, new WideArea("branch", true, 0)).withLimits(1 << 20, limit));
    try (FakePeer peer = new FakePeer(1, address(1));
        Socket in = peer.accept();
        Socket out = peer.connect(address(0))) {
      FakePeer.write(
          out, new LinkFrame.Hello(LinkFrame.VERSION, 1, 0, 99, 1, "main", nodesText(3)));
      n0.awaitEvent("up 1 incarnation 99");
      byte[] noise = new byte[1 << 20];
      new java.util.Random(1).nextBytes(noise);
      for (int i = 0; i < 40; i++) {
        n0.send(1, noise);
        assertThat(n0.status(1).queuedBytes()).isLessThanOrEqualTo(limit + 1000);
      }
      n0.awaitEvent("down 1");
      assertThat(n0.events.getLast()).contains("the peer does not read");
      assertThat(in.isConnected()).isTrue();
    }
  }

  @Test
  void aLineThatHangsIsQuietLongBeforeItsLinkIsDown() throws IOException {
    TestNode n0 =
        start(
            at(0, new WideArea("branch", true, 0))
                .withKeepalive(Duration.ofMillis(20), Duration.ofSeconds(600)));
    try (FakePeer peer = new FakePeer(1, address(1));
        Socket in = peer.accept();
        Socket out = peer.connect(address(0))) {
      FakePeer.write(
          out, new LinkFrame.Hello(LinkFrame.VERSION, 1, 0, 99, 1, "main", nodesText(3)));
      n0.awaitEvent("up 1 incarnation 99");
      await("it says nothing").until(() -> n0.on(() -> n0.links.isLineQuiet(1)));
      assertThat(n0.isUp(1)).isTrue();
      assertThat(in.isConnected()).isTrue();
      assertThat(n0.on(() -> n0.links.isLineQuiet(2))).as("there is no link").isFalse();
    }
  }

  private LinkConfig at(int pnn, WideArea area) {
    return TestNode.config(pnn, 1 + pnn, nodesList(3)).withWideArea(area);
  }

  private String nodesText(int nodes) {
    return new NodesList(nodesList(nodes)).text();
  }

  private static void sendNumbered(TestNode from) {
    from.on(
        () -> {
          for (int i = 0; i < FRAMES; i++) {
            from.links.send(1, numbered(i));
          }
          return true;
        });
  }

  private static byte[] numbered(int number) {
    return ByteBuffer.allocate(100).putInt(number).array();
  }

  private static void awaitNumbered(TestNode at) {
    await().atMost(Duration.ofSeconds(30)).until(() -> at.frames.size() == FRAMES);
    for (int i = 0; i < FRAMES; i++) {
      assertThat(ByteBuffer.wrap(at.frames.get(i)).getInt()).isEqualTo(i);
    }
  }
}
