package io.jctdb.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Machines of several nodes, a model of ZooKeeper, clocks that run up to 1 % wrong, and everything
 * that can happen to nodes and cables, at random. Whatever happens: a life that is not in the
 * committed epoch does not act as a member of an earlier one. When it has stopped happening, all
 * nodes are members again.
 */
class FencingScheduleTest {
  /** More with {@code -Djctdb.fencing.schedules}. */
  private static final int SCHEDULES = Integer.getInteger("jctdb.fencing.schedules", 15);

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 5})
  void nobodyActsForAnEpochThatHasGoneOnWithoutIt(int nodes) {
    int exclusions = 0;
    for (long seed = 1; seed <= SCHEDULES; seed++) {
      FencingWorld world = new FencingWorld(nodes, 1000L * nodes + seed);
      world.suffer(60_000);
      world.heal(40_000);
      exclusions += world.exclusions();
    }
    // The schedules are worth something: members were lost in most of them.
    assertThat(exclusions).isGreaterThan(SCHEDULES);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5})
  void norDoesOneAtARemoteSite(int mainSite) {
    int exclusions = 0;
    for (long seed = 1; seed <= SCHEDULES; seed++) {
      FencingWorld world =
          new FencingWorld(mainSite, 1 + (int) seed % 2, 77_000L * mainSite + seed);
      world.suffer(90_000);
      world.heal(60_000);
      exclusions += world.exclusions();
    }
    assertThat(exclusions).isGreaterThan(SCHEDULES);
  }
}
