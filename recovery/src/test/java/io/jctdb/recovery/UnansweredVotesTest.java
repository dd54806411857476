package io.jctdb.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class UnansweredVotesTest {
  private static final long SERVER = 2;

  private final UnansweredVotes votes = new UnansweredVotes();

  /** The times, in milliseconds, at which a vote is said over a new connection. */
  private List<Integer> renewedAt(int... said) {
    List<Integer> renewed = new ArrayList<>();
    for (int millis : said) {
      if (votes.said(SERVER, TimeUnit.MILLISECONDS.toNanos(millis))) {
        renewed.add(millis);
      }
    }
    return renewed;
  }

  @Test
  void aVoteThatIsSaidAgainGoesOverANewConnection() {
    // The times at which ZooKeeper votes while it hears nothing: pauses of 200, 400, 800, 800 ms.
    assertThat(renewedAt(0, 200, 600, 1400, 2200)).containsExactly(600, 1400, 2200);
  }

  @Test
  void anElectionThatMakesProgressKeepsItsConnections() {
    assertThat(renewedAt(0, 5, 12, 60, 200, 499)).isEmpty();
  }

  @Test
  void aConnectionThatIsBeingMadeIsNotMadeAgain() {
    assertThat(renewedAt(0, 600, 610, 700, 900, 1001)).containsExactly(600, 1001);
  }

  @Test
  void theNextElectionBeginsWithTheConnectionsThatThereAre() {
    assertThat(renewedAt(0, 600, 30_000, 30_200, 30_600)).containsExactly(600, 30_600);
  }

  @Test
  void eachServerIsTimedByItself() {
    assertThat(renewedAt(0)).isEmpty();

    assertThat(votes.said(SERVER + 1, TimeUnit.MILLISECONDS.toNanos(600))).isFalse();
    assertThat(renewedAt(600)).containsExactly(600);
  }
}
