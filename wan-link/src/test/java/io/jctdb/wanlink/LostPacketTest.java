package io.jctdb.wanlink;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The first packet to node 1 has been lost, as those are that are sent while a node is cut off. The
 * kernel would send it again a second after the first time; node 0 must not wait for that once
 * something shows that the network carries again.
 */
class LostPacketTest extends LinkTestBase {
  /** Longer than an answer takes within a site. */
  private static final Duration LOST = Duration.ofMillis(200);

  /** From then on until well before the kernel's own repetition. */
  private static final Duration SOON = Duration.ofMillis(500);

  private FakePeer peer;
  private TestNode node;

  @BeforeEach
  void losePacket() throws IOException, InterruptedException {
    peer = new FakePeer(1, address(1), 1);
    Socket[] waiting = {new Socket(), new Socket()};
    for (Socket one : waiting) {
      one.connect(address(1));
    }
    node = start(TestNode.config(0, 1, nodesList(3)));
    Thread.sleep(LOST);
    for (Socket one : waiting) {
      peer.discard();
      one.close();
    }
    peer.patience(SOON);
  }

  @AfterEach
  void closePeer() throws IOException {
    peer.close();
  }

  @Test
  void whoIsGreetedByThatNodeConnectsAtOnce() throws IOException {
    Socket greeting = peer.connect(address(0));
    FakePeer.write(
        greeting,
        new LinkFrame.Hello(
            LinkFrame.VERSION,
            1,
            0,
            99,
            LinkFrame.CAN_INFLATE,
            "main",
            new NodesList(nodesList(3)).text()));
    assertThat(peer.accept().getInetAddress()).isEqualTo(address(0).getAddress());
    greeting.close();
  }

  @Test
  void whoReachesAnotherNodeConnectsAtOnce() throws IOException {
    start(TestNode.config(2, 3, nodesList(3)));
    node.awaitUp(2);
    assertThat(List.of(peer.accept().getInetAddress(), peer.accept().getInetAddress()))
        .containsExactlyInAnyOrder(address(0).getAddress(), address(2).getAddress());
  }
}
