package io.jctdb.daemon.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.database.Epoch;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class EpochNewsTest {
  private static final Map<Integer, Long> BOTH = Map.of(0, 100L, 1, 101L);

  private final EpochNews news = new EpochNews();

  private void begin(long number, Map<Integer, Long> lives, Set<Integer> lmasters) {
    Epoch epoch = new Epoch(number, new TreeSet<>(lives.keySet()), new TreeSet<>(lmasters));
    news.livesPromised(epoch, new TreeMap<>(lives));
    news.epochPromised(number);
    news.epochStarted(epoch);
  }

  @Test
  void thatAMemberGetsItsShareOfTheKeysIsNoNews() {
    begin(1, BOTH, Set.of(0));
    assertThat(news.tell()).isTrue();
    begin(2, BOTH, Set.of(0, 1));
    assertThat(news.tell()).isFalse();
  }

  @Test
  void whoJoinsIsRestartedOrIsLostIsNews() {
    begin(1, BOTH, Set.of(0));
    news.tell();
    begin(2, Map.of(0, 100L, 1, 102L), Set.of(0, 1));
    assertThat(news.tell()).as("restarted").isTrue();
    begin(3, Map.of(0, 100L), Set.of(0));
    assertThat(news.tell()).as("lost").isTrue();
    begin(4, BOTH, Set.of(0, 1));
    assertThat(news.tell()).as("joins").isTrue();
  }

  @Test
  void whatAnAdministratorAskedForIsNews() {
    begin(1, BOTH, Set.of(0, 1));
    news.tell();
    begin(2, BOTH, Set.of(0, 1));
    assertThat(news.tell()).isTrue();
  }

  @Test
  void anEpochThatNobodyHadTimeToTellOfIsToldWithTheNext() {
    begin(1, BOTH, Set.of(0));
    begin(2, BOTH, Set.of(0, 1));
    assertThat(news.tell()).isTrue();
  }

  @Test
  void whoHasLeftHearsOfItsFirstEpoch() {
    begin(1, BOTH, Set.of(0));
    news.tell();
    news.leftCluster();
    begin(2, BOTH, Set.of(0, 1));
    assertThat(news.tell()).isTrue();
  }
}
