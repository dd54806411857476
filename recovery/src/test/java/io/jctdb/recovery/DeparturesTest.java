package io.jctdb.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.protocol.Capability;
import io.jctdb.protocol.RunState;
import java.time.Duration;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** When what a lost node had may be handed on. */
class DeparturesTest {
  private static final MembershipTiming TIMING = MembershipTiming.DEFAULT;
  private static final long SECOND = Duration.ofSeconds(1).toNanos();

  private final Departures departures =
      new Departures(TIMING, Duration.ofSeconds(2), Duration.ofMillis(500));
  private final MemberInfo lost = member(2, 7);
  private final Map<Integer, MemberInfo> all = Map.of(1, member(1, 7), 2, lost);
  private final Map<Integer, MemberInfo> withoutIt = Map.of(1, member(1, 7));

  private static MemberInfo member(int pnn, long incarnation) {
    return member(pnn, incarnation, LastWill.NONE);
  }

  private static MemberInfo member(int pnn, long incarnation, String will) {
    int lease = Math.toIntExact(TIMING.lease().toMillis());
    return new MemberInfo(
        pnn, incarnation, 0, Capability.DEFAULT, RunState.RUNNING, true, "", 0, 0, lease, 0, will);
  }

  @Test
  void anExpelledNodeIsWaitedForEvenIfNewsFromBeforeTheExpulsionComesLate() {
    departures.nodesAre(all, 0);
    departures.expelled(Life.of(lost));
    departures.nodesAre(all, 0); // read before the record was deleted
    departures.nodesAre(withoutIt, 0);
    assertThat(departures.recordsSafe(Life.of(lost), SECOND)).isFalse();
    long leaseOver = TIMING.lease().plus(TIMING.drift()).toNanos();
    assertThat(departures.recordsSafe(Life.of(lost), leaseOver)).isTrue();
  }

  @Test
  void aNewLifeOfTheNodeHasNoPartInTheExpulsion() {
    departures.nodesAre(all, 0);
    departures.expelled(Life.of(lost));
    MemberInfo next = member(2, 8);
    departures.nodesAre(Map.of(1, member(1, 7), 2, next), SECOND);
    departures.nodesAre(withoutIt, 2 * SECOND); // its session has expired
    assertThat(departures.recordsSafe(Life.of(next), 2 * SECOND)).isTrue();
  }

  /** Found by the fencing simulator, seed 60002738. */
  @Test
  void anAddressThatWasRenewedUnderTheLongerLeaseOfTwoMembersIsWaitedFor() {
    departures.committed(epoch(1, 1, 3), 0);
    departures.committed(epoch(2, 1, 2, 3), 10 * SECOND);
    departures.nodesAre(all, 10 * SECOND);
    departures.expelled(Life.of(lost));
    departures.peerLeaseEnds(Life.of(lost), 11 * SECOND);
    departures.nodesAre(withoutIt, 11 * SECOND);

    assertThat(departures.recordsSafe(Life.of(lost), 11 * SECOND)).isTrue();
    assertThat(departures.addressesSafeAfter(2)).isEqualTo(12 * SECOND + SECOND / 2);
  }

  /** Found by the fencing simulator, seed 110046308. */
  @Test
  void anEpochOfTwoThatWasMissedHereCountsToo() {
    departures.committed(epoch(1, 1, 2, 3), 0);
    departures.committed(epoch(3, 1, 2, 3), 10 * SECOND);
    departures.nodesAre(all, 10 * SECOND);
    departures.expelled(Life.of(lost));
    departures.peerLeaseEnds(Life.of(lost), 11 * SECOND);
    departures.nodesAre(withoutIt, 11 * SECOND);

    assertThat(departures.addressesSafeAfter(2)).isEqualTo(12 * SECOND + SECOND / 2);
  }

  @Test
  void amongThreeThatWereThreeBeforeAddressesGoSoonAfterTheLease() {
    departures.committed(epoch(1, 1, 2, 3, 4), 0);
    departures.committed(epoch(2, 1, 2, 3), 10 * SECOND);
    departures.nodesAre(all, 10 * SECOND);
    departures.expelled(Life.of(lost));
    departures.peerLeaseEnds(Life.of(lost), 12 * SECOND);
    departures.nodesAre(withoutIt, 12 * SECOND);

    assertThat(departures.addressesSafeAfter(2)).isEqualTo(12 * SECOND + SECOND / 2);
  }

  @Test
  void aLastWillTellsThatAMemberOfTheEpochIsDead() {
    departures.committed(epoch(1, 1, 2, 3), 0);
    departures.nodesAre(Map.of(2, member(2, 7, "hash")), 0);
    assertThat(departures.willTold(2, "another hash")).isFalse();
    assertThat(departures.deaths()).isEqualTo(Departures.Deaths.NONE);
    assertThat(departures.willTold(2, "hash")).isTrue();
    assertThat(departures.deaths().epoch()).isEqualTo(1);
    assertThat(departures.deaths().lives()).containsExactly(Life.of(lost));
  }

  @Test
  void aLastWillIsGoodForAnEarlierLifeOfTheSameProcessAndNotForALaterProcess() {
    departures.nodesAre(Map.of(2, member(2, 9, "hash")), 0);
    departures.willTold(2, "hash");
    departures.committed(epoch(1, 1, 2, 3), 0);
    assertThat(departures.deaths().lives()).containsExactly(new Life(2, 7));

    SortedMap<Integer, Long> next = new TreeMap<>(Map.of(1, 7L, 2, 10L, 3, 7L));
    departures.committed(new EpochLives(2, next), SECOND);
    assertThat(departures.deaths()).isEqualTo(Departures.Deaths.NONE);
  }

  @Test
  void theDeathOfOneWhoseRecordHasGoneIsToldToo() {
    departures.committed(epoch(1, 1, 2, 3), 0);
    departures.nodesAre(Map.of(2, member(2, 7, "hash")), 0);
    departures.nodesAre(Map.of(), SECOND);
    departures.willTold(2, "hash");
    assertThat(departures.deaths().lives()).containsExactly(Life.of(lost));
  }

  private static EpochLives epoch(long number, int... pnns) {
    SortedMap<Integer, Long> incarnations = new TreeMap<>();
    for (int pnn : pnns) {
      incarnations.put(pnn, 7L);
    }
    return new EpochLives(number, incarnations);
  }
}
