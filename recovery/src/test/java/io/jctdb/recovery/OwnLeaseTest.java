package io.jctdb.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.database.Epoch;
import io.jctdb.database.message.LeaseMessage;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Node 0 of three, whose servers are the ensemble; time is in milliseconds. ZooKeeper's lease lasts
 * 5000, that of peers 1500, letting go takes 250 of it.
 */
class OwnLeaseTest {
  private static final long MS = 1_000_000;
  private static final MembershipTiming TIMING = MembershipTiming.DEFAULT;
  private static final long ZOOKEEPER = TIMING.lease().toMillis();
  private static final long PEERS = TIMING.peer().lease().toMillis();
  private static final long FENCING = TIMING.peer().fencing().toMillis();
  private static final long LONG_AGO = ClusterMembership.NO_LEASE;

  private final OwnLease lease = new OwnLease(0, TIMING);
  private boolean quorum = true;
  private boolean othersAnswer = true;
  private long now = 100_000;

  OwnLeaseTest() {
    lease.beginIncarnation(100, now * MS);
  }

  @Test
  void thereIsNoneBeforeZooKeeperAnswered() {
    quorum = false;
    pass(200);
    assertThat(lease.untilNanos()).isEqualTo(LONG_AGO);
    assertThat(lease.overdue(now * MS)).isEmpty();
  }

  @Test
  void ofAMemberOfNothingItRunsFromTheSendingOfWhatZooKeeperAnswered() {
    lease.zooKeeperAnswered((now - 40) * MS, now * MS);
    assertThat(left()).isEqualTo(ZOOKEEPER - 40);
  }

  @Test
  void ofAMemberOfThreeItIsTheEarlierOfTheTwo() {
    member();
    pass(500);
    assertThat(left()).isBetween(PEERS - 200, PEERS);
    assertThat(lease.failsafe(now * MS)).isFalse();
  }

  @Test
  void onceOverItIsNotRenewed() {
    member();
    pass(500);
    othersAnswer = false;
    pass(PEERS - FENCING - 200);
    assertThat(lease.overdue(now * MS)).isEmpty();
    pass(200);
    assertThat(lease.overdue(now * MS))
        .hasValueSatisfying(why -> assertThat(why).contains("other members"));
    pass(FENCING);
    othersAnswer = true;
    pass(1_000);
    assertThat(left()).isNegative();
    assertThat(lease.overdue(now * MS)).isPresent();
  }

  @Test
  void theConfirmationOfEveryMemberStandsInForZooKeeper() {
    member();
    pass(500);
    quorum = false;
    pass(ZOOKEEPER + 2_000);
    assertThat(left()).isPositive();
    assertThat(lease.failsafe(now * MS)).isTrue();
    quorum = true;
    pass(500);
    assertThat(lease.failsafe(now * MS)).isFalse();
  }

  @Test
  void theNextLifeHasNone() {
    member();
    pass(500);
    lease.endLife(101, now * MS);
    assertThat(lease.untilNanos()).isEqualTo(LONG_AGO);
    assertThat(lease.overdue(now * MS)).isEmpty();
  }

  @Test
  void whatTheLeaderProposesIsSaidAgainUntilItIsCommitted() {
    EpochLives next = lives(8);
    assertThat(lease.propose(next, now * MS)).extracting(PeerHeartbeat.Send::pnn).contains(0, 1, 2);
    assertThat(saysLives(1)).isFalse();
    assertThat(saysLives(TIMING.peer().ping().toMillis())).isTrue();
    lease.committed(next, now * MS);
    assertThat(saysLives(TIMING.peer().ping().toMillis())).isFalse();
  }

  private boolean saysLives(long afterMillis) {
    now += afterMillis;
    return lease.tick(QuorumWitness.NONE, now * MS).stream()
        .anyMatch(send -> send.message() instanceof LeaseMessage.Lives);
  }

  private static EpochLives lives(long number) {
    return new EpochLives(number, new TreeMap<>(Map.of(0, 100L, 1, 101L, 2, 102L)));
  }

  private void member() {
    lease.zooKeeperAnswered(now * MS, now * MS);
    EpochLives next = lives(7);
    lease.propose(next, now * MS).stream()
        .filter(send -> send.pnn() == 0)
        .forEach(send -> lease.receive(0, send.message(), now * MS));
    TreeSet<Integer> members = new TreeSet<>(next.incarnations().keySet());
    lease.promised(0, new Epoch(7, members, members), now * MS, now * MS);
    pass(500);
    lease.committed(next, now * MS);
  }

  private long left() {
    return lease.untilNanos() / MS - now;
  }

  /** The others acknowledge at once, and have a quorum or none as this node has. */
  private void pass(long millis) {
    for (long end = now + millis; now < end; ) {
      now += 25;
      if (quorum) {
        lease.zooKeeperAnswered(now * MS, now * MS);
      }
      for (PeerHeartbeat.Send send : lease.tick(witness(), now * MS)) {
        if (othersAnswer
            && send.pnn() != 0
            && send.message() instanceof LeaseMessage.Ping(long incarnation, long sent)) {
          long held = quorum ? 0 : 7;
          LeaseMessage ack = new LeaseMessage.Ack(100L + send.pnn(), incarnation, sent, held, 7);
          assertThat(lease.receive(send.pnn(), ack, now * MS)).isEqualTo(List.of());
        }
      }
    }
  }

  private QuorumWitness witness() {
    return new QuorumWitness() {
      @Override
      public Set<Integer> ensemble() {
        return Set.of(0, 1, 2);
      }

      @Override
      public boolean mayBeInQuorum() {
        return quorum;
      }
    };
  }
}
