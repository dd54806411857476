package io.jctdb.iptakeover;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.protocol.Connection;
import io.jctdb.protocol.HostableAddresses;
import io.jctdb.protocol.TickleList;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Node 3, far away, binds itself towards the nodes 0 and 1 of the main site. */
class PublishedListTest {
  private static final InetAddress A = Addresses.ip("10.0.0.1");
  private static final InetAddress B = Addresses.ip("10.0.0.2");

  private final FakeScheduler scheduler = new FakeScheduler();
  private final Set<InetAddress> own = new HashSet<>(Set.of(A));
  private final Map<Integer, List<NodeControls.Answer>> asked = new HashMap<>();
  private final List<HostableAddresses> sent = new ArrayList<>();
  private final List<String> wanted = new ArrayList<>();
  private final PublishedList list = new PublishedList(3, () -> own, scheduler, new Listener());

  @Test
  void whatIsInTheFirstListNeedsNobodysConfirmation() {
    begin(7, 0, 1);
    assertThat(sent).hasSize(2).allMatch(one -> one.addresses().equals(Set.of(A)));
    assertThat(list.mayTake(A)).as("who has not got the list yet asks").isTrue();
  }

  @Test
  void whatIsAddedWaitsUntilAllKnowIt() {
    begin(7, 0, 1);
    answer(0, 0);
    answer(1, 0);
    own.add(B);
    list.changed();
    assertThat(list.mayTake(B)).isFalse();
    answer(0, 0);
    assertThat(list.mayTake(B)).as("node 1 may go by the old list").isFalse();
    assertThat(list.mayTake(A)).isTrue();
    answer(1, 0);
    assertThat(list.mayTake(B)).isTrue();
    assertThat(wanted).isNotEmpty();
  }

  @Test
  void whoHasLeftTheEpochIsNotWaitedFor() {
    begin(7, 0, 1);
    answer(0, 0);
    answer(1, 0);
    own.add(B);
    list.changed();
    answer(0, 0);
    begin(7, 0);
    assertThat(list.mayTake(B)).isTrue();
  }

  @Test
  void whatWasGoneForAMomentMayBeMissingInAListUnderWay() {
    begin(7, 0);
    own.clear();
    list.changed();
    answer(0, 0);
    own.add(A);
    list.changed();
    assertThat(list.mayTake(A)).isFalse();
    answer(0, 0);
    assertThat(list.mayTake(A)).as("that was the empty list").isFalse();
    answer(0, 0);
    assertThat(list.mayTake(A)).isTrue();
  }

  @Test
  void aRefusalAndSilenceAreTriedAgain() {
    begin(7, 0);
    answer(0, -1);
    scheduler.advance(Duration.ofSeconds(1));
    assertThat(sent).hasSize(2);
    scheduler.advance(Duration.ofSeconds(12));
    assertThat(sent).hasSizeGreaterThan(2);
    assertThat(list.mayTake(A)).isTrue();
  }

  @Test
  void aNewLifeBindsItselfAfresh() {
    begin(7, 0);
    answer(0, 0);
    own.clear();
    own.add(B);
    begin(8, 0);
    assertThat(sent.getLast().life()).isEqualTo(8);
    assertThat(sent.getLast().addresses()).containsExactly(B);
    assertThat(list.mayTake(B)).isTrue();
  }

  @Test
  void aNodeOfTheMainSiteTellsNothing() {
    list.end();
    own.add(B);
    list.changed();
    assertThat(sent).isEmpty();
    assertThat(list.mayTake(B)).isTrue();
  }

  private void begin(long life, Integer... mainSite) {
    list.begin(
        (pnn, control, flags, data, answer) -> {
          sent.add(HostableAddresses.decode(data));
          asked.computeIfAbsent(pnn, p -> new ArrayList<>()).add(answer);
        },
        life,
        Set.of(mainSite));
  }

  private void answer(int pnn, int status) {
    asked.getOrDefault(pnn, List.of()).removeFirst().take(status, new byte[0]);
  }

  private final class Listener implements AddressListener {
    @Override
    public void taken(InetAddress address) {}

    @Override
    public void released(InetAddress address) {}

    @Override
    public void takeoverRunWanted(String reason) {
      wanted.add(reason);
    }

    @Override
    public void addressesGained() {}

    @Override
    public void reallocationBegins() {}

    @Override
    public void reallocated() {}

    @Override
    public void connectionAdded(Connection connection) {}

    @Override
    public void connectionRemoved(Connection connection) {}

    @Override
    public void connectionsChanged(TickleList list) {}
  }
}
