package io.jctdb.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;

class QuorumAbsenceTest {
  private static final long MS = 1_000_000;
  private final QuorumAbsence absence = new QuorumAbsence();

  private void lookFrom(long fromMillis, long toMillis, boolean mayBeInQuorum) {
    for (long now = fromMillis; now <= toMillis; now += 25) {
      absence.look(mayBeInQuorum, now * MS);
    }
  }

  @Test
  void itLastsWhenNobodyAnsweredAndTheOwnServerHasNoQuorum() {
    lookFrom(1_000, 3_975, false);
    assertThat(absence.lasting(3_975 * MS)).isFalse();
    lookFrom(4_000, 4_000, false);
    assertThat(absence.lasting(4_000 * MS)).isTrue();
    absence.answered(4_001 * MS);
    assertThat(absence.lasting(4_025 * MS)).isFalse();
  }

  @Test
  void anOwnServerThatMayBeInAQuorumEndsItAtOnce() {
    lookFrom(1_000, 4_500, false);
    lookFrom(4_525, 4_525, true);
    assertThat(absence.lasting(4_525 * MS)).isFalse();
  }

  @Test
  void whoDidNotLookMayHaveMissedAQuorum() {
    lookFrom(1_000, 4_500, false);
    absence.look(false, 5_000 * MS);
    assertThat(absence.lasting(5_000 * MS)).isFalse();
  }

  @Test
  void nodesThatMayBeOutvotedDoNotHoldOn() {
    assertThat(QuorumAbsence.covers(Set.of(0, 1), Set.of(0, 1, 2))).isTrue();
    assertThat(QuorumAbsence.covers(Set.of(0, 3), Set.of(0, 1, 2))).isFalse();
    assertThat(QuorumAbsence.covers(Set.of(0, 1), Set.of(0))).isTrue();
    assertThat(QuorumAbsence.covers(Set.of(0, 1), Set.of(0, 1, 2, 3, 4))).isFalse();
    assertThat(QuorumAbsence.covers(Set.of(0, 1, 2), Set.of())).isFalse();
  }
}
