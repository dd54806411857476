package io.jctdb.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.protocol.Capability;
import io.jctdb.protocol.RunState;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** When what a lost node had may be handed on. */
class DeparturesTest {
  private static final MembershipTiming TIMING = MembershipTiming.DEFAULT;
  private static final long SECOND = Duration.ofSeconds(1).toNanos();

  private final Departures departures = new Departures(TIMING, Duration.ofMillis(500));
  private final MemberInfo lost = member(2, 7);
  private final Map<Integer, MemberInfo> all = Map.of(1, member(1, 7), 2, lost);
  private final Map<Integer, MemberInfo> withoutIt = Map.of(1, member(1, 7));

  private static MemberInfo member(int pnn, long incarnation) {
    int lease = Math.toIntExact(TIMING.lease().toMillis());
    return new MemberInfo(
        pnn, incarnation, 0, Capability.DEFAULT, RunState.RUNNING, true, "", 0, 0, lease, 0);
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
}
