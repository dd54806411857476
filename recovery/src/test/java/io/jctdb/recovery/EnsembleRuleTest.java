package io.jctdb.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.protocol.EnsembleNotice;
import io.jctdb.recovery.EnsembleRule.Absent;
import io.jctdb.recovery.EnsembleRule.Adopt;
import io.jctdb.recovery.EnsembleRule.Asked;
import io.jctdb.recovery.EnsembleRule.Await;
import io.jctdb.recovery.EnsembleRule.Fit;
import io.jctdb.recovery.EnsembleRule.Listens;
import io.jctdb.recovery.EnsembleRule.Older;
import io.jctdb.recovery.EnsembleRule.Peer;
import io.jctdb.recovery.EnsembleRule.Says;
import io.jctdb.recovery.EnsembleRule.StandBack;
import io.jctdb.recovery.EnsembleRule.Unheard;
import io.jctdb.recovery.EnsembleRule.Verdict;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class EnsembleRuleTest {
  private static final String ONE = "0@127.0.0.1 ports 4380,4381,4382";
  private static final String THREE = "0@127.0.0.1,1@127.0.0.2,2@127.0.0.3 ports 4380,4381,4382";
  private static final String OTHER_THREE =
      "0@127.0.0.1,2@127.0.0.3,3@127.0.0.4 ports 4380,4381,4382";

  @Test
  void aNodeThatIsAloneInItsFileBegins() {
    assertThat(EnsembleRule.judge(newcomer(ONE), new TreeMap<>())).isEqualTo(new Fit());
  }

  @Test
  void whenAllAreNewTheyBeginOnceEverybodyWhoIsThereHasSaidTheSame() {
    assertThat(judge(newcomer(THREE), Map.of(1, new Asked(), 2, new Absent())))
        .isEqualTo(new Await(only(1)));
    assertThat(judge(newcomer(THREE), Map.of(1, says(newcomer(THREE)), 2, new Absent())))
        .isEqualTo(new Fit());
  }

  @Test
  void aNewNodeDoesNotBeginWhileSomebodyIsThereWhoDoesNotTalkToIt() {
    // Node 0 runs a cluster of its own, with a nodes file of one line, and refuses the links.
    assertThat(judge(newcomer(THREE), Map.of(0, new Listens(), 2, says(newcomer(THREE)))))
        .isEqualTo(new Await(only(0)));
    assertThat(judge(newcomer(THREE), Map.of(0, new Unheard(), 2, says(newcomer(THREE)))))
        .as("nor while he may be about to come back")
        .isEqualTo(new Await(only(0)));
    assertThat(judge(newcomer(THREE), Map.of(0, says(member(THREE)), 2, new Listens())))
        .as("but it believes a node that has taken part")
        .isEqualTo(new Fit());
  }

  @Test
  void aNewNodeTakesOverWhatTheClusterWorksWith() {
    assertThat(judge(newcomer(THREE), Map.of(0, says(member(ONE)), 1, says(newcomer(THREE)))))
        .isEqualTo(new Adopt(0, ONE));
  }

  @Test
  void aNewNodeKeepsOutWhenTheOthersDoNotAgree() {
    assertThat(judge(newcomer(THREE), Map.of(0, says(member(ONE)), 1, says(former(THREE)))))
        .isEqualTo(new StandBack(0, ONE));
    assertThat(judge(newcomer(THREE), Map.of(1, says(newcomer(ONE)))))
        .isEqualTo(new StandBack(1, ONE));
  }

  @Test
  void aNodeOfAnOlderVersionSaysNothingAndIsAccepted() {
    assertThat(judge(newcomer(THREE), Map.of(0, new Older(), 1, new Older()))).isEqualTo(new Fit());
  }

  @Test
  void aServerThatIsAloneInItsSetTalksToThoseWhoAreThereFirst() {
    assertThat(judge(former(ONE), Map.of(1, new Listens()))).isEqualTo(new Await(only(1)));
    assertThat(judge(former(ONE), Map.of(1, new Unheard()))).isEqualTo(new Fit());
  }

  @Test
  void whoHasTakenPartComesBackWithoutAsking() {
    assertThat(judge(former(THREE), Map.of(0, new Listens(), 1, new Absent())))
        .isEqualTo(new Fit());
    assertThat(judge(former(THREE), Map.of(0, says(newcomer(ONE)))))
        .as("a new node will adopt")
        .isEqualTo(new Fit());
  }

  @Test
  void whoHasMissedAChangeKeepsOut() {
    assertThat(judge(former(THREE), Map.of(0, says(member(OTHER_THREE)))))
        .isEqualTo(new StandBack(0, OTHER_THREE));
  }

  @Test
  void aClusterThatRunsDoesNotMindANodeThatKeepsOut() {
    assertThat(judge(member(OTHER_THREE), Map.of(1, says(former(THREE))))).isEqualTo(new Fit());
    assertThat(
            judge(
                former(OTHER_THREE), Map.of(0, says(member(OTHER_THREE)), 1, says(former(THREE)))))
        .as("nor do those that come back to it")
        .isEqualTo(new Fit());
  }

  @Test
  void nobodyBeginsWhenTwoThatHaveTakenPartDisagree() {
    assertThat(judge(former(THREE), Map.of(0, says(former(ONE))))).isEqualTo(new StandBack(0, ONE));
    assertThat(judge(former(ONE), Map.of(1, says(former(THREE)))))
        .isEqualTo(new StandBack(1, THREE));
  }

  @Test
  void oneOfTwoClustersThatMeetEndsAndBothAgreeWhich() {
    assertThat(judge(member(ONE), Map.of(1, says(member(THREE)))))
        .isEqualTo(new StandBack(1, THREE));
    assertThat(judge(member(THREE), Map.of(0, says(member(ONE))))).isEqualTo(new Fit());
    Verdict one = judge(member(THREE), Map.of(3, says(member(OTHER_THREE))));
    Verdict other = judge(member(OTHER_THREE), Map.of(1, says(member(THREE))));
    assertThat(one).isEqualTo(new Fit());
    assertThat(other).isEqualTo(new StandBack(1, THREE));
  }

  @Test
  void whoWasSeenActingMayStillAct() {
    assertThat(judge(former(THREE), Map.of(0, new Says(member(ONE), false))))
        .isEqualTo(new StandBack(0, ONE));
  }

  private static Verdict judge(EnsembleNotice own, Map<Integer, Peer> peers) {
    return EnsembleRule.judge(own, new TreeMap<>(peers));
  }

  private static Peer says(EnsembleNotice notice) {
    return new Says(notice, true);
  }

  private static EnsembleNotice newcomer(String ensemble) {
    return new EnsembleNotice(ensemble, false, false);
  }

  private static EnsembleNotice former(String ensemble) {
    return new EnsembleNotice(ensemble, true, false);
  }

  private static EnsembleNotice member(String ensemble) {
    return new EnsembleNotice(ensemble, true, true);
  }

  private static SortedSet<Integer> only(int pnn) {
    return new TreeSet<>(java.util.List.of(pnn));
  }
}
