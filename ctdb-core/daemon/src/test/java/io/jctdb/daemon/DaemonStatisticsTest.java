package io.jctdb.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.protocol.Statistics;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What {@code ctdb statistics} and {@code ctdb stats} are told. */
class DaemonStatisticsTest {
  private static final DaemonStatistics.Present PRESENT =
      new DaemonStatistics.Present(1, false, false, 0);

  private final DaemonStatistics statistics = new DaemonStatistics();

  /** "stats" showed the same growing totals in every line. */
  @Test
  void eachEntryOfTheHistoryTellsOfItsOwnInterval() {
    statistics.clientCall();
    statistics.callAnswered(1_000);
    statistics.remember(PRESENT);
    statistics.clientCall();
    statistics.clientCall();
    statistics.remember(PRESENT);
    statistics.remember(PRESENT);

    List<Statistics> history = statistics.history();
    assertThat(history).hasSize(100);
    assertThat(history.subList(0, 4))
        .extracting(entry -> entry.client().reqCall())
        .containsExactly(0, 2, 1, 0);
    assertThat(history.get(2).callLatency().count()).isEqualTo(1);
    assertThat(history.get(1).callLatency().count()).isZero();
    assertThat(statistics.snapshot(PRESENT).client().reqCall()).isEqualTo(3);
  }

  @Test
  void aResetBeginsAtZero() {
    statistics.clientCall();
    statistics.reset();
    statistics.clientCall();
    statistics.remember(PRESENT);
    assertThat(statistics.snapshot(PRESENT).client().reqCall()).isEqualTo(1);
    assertThat(statistics.history().getFirst().client().reqCall()).isEqualTo(1);
  }

  @Test
  void delegationsAreCountedInAllAndOfEachDatabase() {
    statistics.delegated(7);
    statistics.delegated(8);
    statistics.delegated(8);
    statistics.revoked(8);
    assertThat(statistics.snapshot(PRESENT).totalRoDelegations()).isEqualTo(3);
    assertThat(statistics.snapshot(PRESENT).totalRoRevokes()).isEqualTo(1);
    assertThat(statistics.ofDatabase(8).delegations()).isEqualTo(2);
    assertThat(statistics.ofDatabase(8).revokes()).isEqualTo(1);
    assertThat(statistics.ofDatabase(9).delegations()).isZero();
  }
}
