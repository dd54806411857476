package io.jctdb.tests.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Leases, the kernel's timers and hand-over in simulated storms, and proof that double acting would
 * show.
 */
class FencingSimulatorTest {
  private static final int SCHEDULES = 700;
  private static final int SCHEDULES_UNTIL_CAUGHT = 6_000;

  @Test
  void nobodyActsInThePlaceOfSomebodyWhoStillDoes() {
    Simulation.Result sum = schedule(1);
    for (long seed = 2; seed <= SCHEDULES; seed++) {
      sum = sum.plus(schedule(seed));
    }
    assertThat(sum.totals())
        .as("the rare things happened, too")
        .allSatisfy((what, times) -> assertThat(times).as(what).isGreaterThan(SCHEDULES / 20));
  }

  /** The answer to a commit was lost; the next one has to be made on top of what stands. */
  @Test
  void aCommitWhoseAnswerWasLostIsNotForgotten() {
    assertThat(schedule(30_008_003L).totals()).containsKey("epochs");
  }

  /** Put out while it withdraws, a node has let go of nothing yet. */
  @ParameterizedTest
  @ValueSource(longs = {30_223_213, 30_358_399, 30_387_872, 30_427_262})
  void whoIsFencedWhileItWithdrawsIsWaitedFor(long seed) {
    assertThat(schedule(seed).totals()).containsKey("epochs");
  }

  /** A node that goes on after its lease, and speaks as its next life while it still lets go. */
  @ParameterizedTest
  @ValueSource(longs = {30_195_330, 30_605_321})
  void theLeaseOfALifeLastsWhenItsNodeSpeaksAsTheNext(long seed) {
    assertThat(schedule(seed).totals()).containsKey("epochs");
  }

  /**
   * Renewed for 5 s among two members; among three the lease ends after 1.5 s. The leader may have
   * missed that there were only two.
   */
  @ParameterizedTest
  @ValueSource(longs = {60_002_738, 110_046_308})
  void anAddressOutlivesTheLeaseThatBecameShorter(long seed) {
    assertThat(schedule(seed).totals()).containsKey("takeovers");
  }

  private static Simulation.Result schedule(long seed) {
    try {
      return new FencingSimulation(seed, FencingMutation.NONE, null).run();
    } catch (RuntimeException e) {
      throw new AssertionError(
          "seed " + seed + "; replay: " + SimulatorMain.replay(seed, FencingMutation.NONE), e);
    }
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
  void aProtectionThatIsMissingIsMissed(FencingMutation mutation) {
    for (long seed = 1; seed <= SCHEDULES_UNTIL_CAUGHT; seed++) {
      try {
        new FencingSimulation(seed, mutation, null).run();
      } catch (RuntimeException e) {
        return;
      }
    }
    fail(mutation + " went unnoticed in " + SCHEDULES_UNTIL_CAUGHT + " schedules");
  }

  @Test
  void aSeedAlwaysTellsTheSameStory() {
    assertThat(story(4711)).isEqualTo(story(4711)).isNotEqualTo(story(4712));
  }

  private static List<String> story(long seed) {
    List<String> lines = new ArrayList<>();
    new FencingSimulation(seed, FencingMutation.NONE, lines::add).run();
    return lines;
  }
}
