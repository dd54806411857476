package io.jctdb.daemon.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.protocol.NodeFlags;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ClusterViewTest {
  private final ClusterView view =
      new ClusterView(
          0,
          4379,
          List.of(
              new ClusterNode(0, InetAddress.ofLiteral("10.0.0.1"), false),
              new ClusterNode(1, InetAddress.ofLiteral("10.0.0.2"), false)),
          0);

  @Test
  void anExpelledNodeIsDisconnectedBeforeItsLinkNotices() {
    view.linkUp(1);
    assertThat(view.flagsOf(1)).isEqualTo(NodeFlags.UNHEALTHY);
    view.setPublishedFlags(Map.of(0, 0, 1, 0));
    assertThat(view.flagsOf(1)).isZero();
    view.setPublishedFlags(Map.of(0, 0));
    assertThat(view.flagsOf(1)).isEqualTo(NodeFlags.DISCONNECTED | NodeFlags.UNHEALTHY);
  }
}
