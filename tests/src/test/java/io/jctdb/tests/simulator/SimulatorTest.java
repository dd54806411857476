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
 * The record protocol in thousands of simulated storms, and proof that the simulator would notice.
 */
class SimulatorTest {
  private static final int SCHEDULES = 12_000;
  private static final int SCHEDULES_UNTIL_CAUGHT = 3_000;

  private static Simulation.Result schedule(long seed) {
    try {
      return new Simulation(seed, Mutation.NONE, null).run();
    } catch (RuntimeException e) {
      throw new AssertionError(
          "seed " + seed + "; replay: " + SimulatorMain.replay(seed, Mutation.NONE), e);
    }
  }

  @Test
  void noScheduleBreaksWhatMustHold() {
    Simulation.Result sum = schedule(1);
    for (long seed = 2; seed <= SCHEDULES; seed++) {
      sum = sum.plus(schedule(seed));
    }
    assertThat(sum.totals().remove("tries_most"))
        .as("nobody is sent from pillar to post")
        .isLessThan(50);
    assertThat(sum.totals())
        .as("the rare things happened, too")
        .allSatisfy((what, times) -> assertThat(times).as(what).isGreaterThan(SCHEDULES / 20));
  }

  /**
   * Two clients of one node proposed the same number, and both ran out of time. The shorter pause
   * after one had been told ended the longer one while the other was: it found its number in
   * another's transaction. In the third, a client at a remote site did: its copy took that number
   * between the refusal and the look. In the next two, a burial at a remote lmaster asked two
   * questions, one after the other, in the time of one, and so never came to an end. Then a PREPARE
   * that came again took the place of the next batch, so a copy was behind whose disk was well, and
   * its node did not know how far it was when it granted a lock. Then an answer to a traverse of an
   * earlier run of the node was taken for one to a traverse of this run. In the last one, the main
   * site died while number 3 was being written, which had passed 2 over; who came back alone had 1,
   * and answered another 2, which lost against that 3.
   */
  @ParameterizedTest
  @ValueSource(
      longs = {
        20_100_681L,
        20_139_232L,
        1_032_051L,
        900_413_510L,
        900_313_628L,
        910_841_766L,
        910_397_272L,
        720_134_436L, // a wipe while a remote member waits for a record
        720_224_392L, // a traverse while a database is wiped
        1_330_481_394L
      })
  void schedulesThatOnceFoundSomething(long seed) {
    assertThat(schedule(seed).totals()).containsKey("migrations");
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
  void aBrokenProtocolIsCaught(Mutation mutation) {
    for (long seed = 1; seed <= SCHEDULES_UNTIL_CAUGHT; seed++) {
      try {
        new Simulation(seed, mutation, null).run();
      } catch (RuntimeException e) {
        return; // mostly a Violation, sometimes the engine's own assertion is first
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
    new Simulation(seed, Mutation.NONE, line -> lines.add(line.replaceAll("@[0-9a-f]+", ""))).run();
    return lines;
  }
}
