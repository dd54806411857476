package io.jctdb.iptakeover;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.protocol.HostableAddresses;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Node 3 is at a remote site, and lives its seventh life. */
class BoundListsTest {
  private static final long LIFE = 7;
  private static final String A = "10.0.0.1";
  private static final String B = "10.0.0.2";

  private final BoundLists lists = new BoundLists();
  private final List<Integer> answers = new ArrayList<>();

  @Test
  void aNodeIsBoundFromItsFirstListOn() {
    promise(LIFE);
    assertThat(lists.isBound(3)).isFalse();
    tell(LIFE, 1, A);
    assertThat(lists.settle(false, false)).isTrue();
    assertThat(answers).containsExactly(0);
    assertThat(lists.isBound(3)).isTrue();
    assertThat(lists.shared()).isEqualTo(ips(A));
    tell(LIFE, 1, A);
    assertThat(lists.settle(false, false)).as("told again").isFalse();
    assertThat(answers).containsExactly(0, 0);
  }

  @Test
  void aLongerListWaitsForTheRunThatMayPlaceItsAddresses() {
    promise(LIFE);
    heed(LIFE, 1, A);
    tell(LIFE, 2, A, B);
    lists.settle(true, false);
    assertThat(answers).as("the node may not take B yet").containsExactly(0);
    assertThat(lists.shared()).isEqualTo(ips(A));
    lists.settle(false, true);
    assertThat(answers).containsExactly(0, 0);
    assertThat(lists.shared()).isEqualTo(ips(A, B));
  }

  @Test
  void anAddressThatIsListedNoMoreIsLeftToTheFarRunThatMayPlaceIt() {
    promise(LIFE);
    heed(LIFE, 1, A, B);
    tell(LIFE, 2, A);
    lists.settle(false, true);
    assertThat(lists.shared()).isEqualTo(ips(A, B));
    lists.settle(false, false);
    assertThat(lists.shared()).isEqualTo(ips(A));
  }

  @Test
  void anotherLifeIsBoundToNothing() {
    promise(LIFE);
    heed(LIFE, 1, A);
    promise(LIFE + 1);
    assertThat(lists.isBound(3)).isFalse();
    tell(LIFE, 9, A);
    assertThat(answers).as("of the life that has ended").containsExactly(0, -1);
    heed(LIFE + 1, 1, B);
    assertThat(lists.shared()).isEqualTo(ips(B));
  }

  @Test
  void aLostNodeCanHaveNothingElseUntilItsNextLife() {
    promise(LIFE);
    heed(LIFE, 1, A);
    lists.livesPromised(Set.of(0, 1), Map.of(0, 1L, 1, 1L));
    lists.settle(false, false);
    assertThat(lists.isBound(3)).isTrue();
  }

  @Test
  void whoIsOutOfTheClusterForgets() {
    promise(LIFE);
    heed(LIFE, 1, A);
    tell(LIFE, 2, A, B);
    lists.forget();
    assertThat(answers).containsExactly(0, -1);
    assertThat(lists.isBound(3)).isFalse();
    lists.settle(false, true);
    assertThat(lists.shared()).as("a far run is under way").isEqualTo(ips(A));
    lists.settle(false, false);
    assertThat(lists.isEmpty()).isTrue();
    tell(LIFE, 2, A, B);
    assertThat(answers).as("in no epoch").containsExactly(0, -1, -1);
  }

  @Test
  void anOlderListThatComesLateIsRefused() {
    promise(LIFE);
    heed(LIFE, 2, A, B);
    heed(LIFE, 1, A);
    assertThat(answers).containsExactly(0, -1);
    assertThat(lists.shared()).isEqualTo(ips(A, B));
    tell(LIFE, 4, A);
    tell(LIFE, 3, B);
    assertThat(answers).containsExactly(0, -1, -1);
  }

  private void promise(long life) {
    lists.livesPromised(Set.of(0, 1, 3), Map.of(0, 1L, 1, 1L, 3, life));
  }

  private void tell(long life, long version, String... addresses) {
    lists.received(new HostableAddresses(3, life, version, ips(addresses)), answers::add);
  }

  private void heed(long life, long version, String... addresses) {
    tell(life, version, addresses);
    lists.settle(false, false);
  }

  private static Set<InetAddress> ips(String... addresses) {
    return List.of(addresses).stream().map(Addresses::ip).collect(Collectors.toSet());
  }
}
