package io.jctdb.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What a node says of itself. */
class OwnNodeTest {
  private final OwnNode node =
      new OwnNode(MembershipConfig.of(1, "10.0.0.1", "zookeeper:2181"), 100);

  @Test
  void whoHasLetGoIsNotTheLifeThatWasAMember() {
    assertThat(node.setReady(true)).isTrue();
    long member = node.incarnation();
    assertThat(node.setReady(false)).isTrue();
    long stopped = node.incarnation();
    assertThat(stopped).isGreaterThan(member);
    assertThat(node.setReady(true)).isTrue();
    assertThat(node.incarnation()).isGreaterThan(stopped);
  }

  @Test
  void toSayItTwiceChangesNothing() {
    node.setReady(true);
    long member = node.incarnation();
    assertThat(node.setReady(true)).isFalse();
    assertThat(node.incarnation()).isEqualTo(member);
  }
}
