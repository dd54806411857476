package io.jctdb.recovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jctdb.database.Epoch;
import io.jctdb.protocol.Capability;
import io.jctdb.protocol.NodeFlags;
import io.jctdb.protocol.RunState;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is written in ZooKeeper can be read again, by us and by people. */
class RecordsTest {
  private static final MemberInfo MEMBER =
      new MemberInfo(
          3,
          1_234_567_890_123L,
          NodeFlags.UNHEALTHY | NodeFlags.STOPPED,
          Capability.DEFAULT,
          RunState.STARTUP,
          true,
          "fd00::3",
          17,
          2,
          1600,
          0,
          "0123abcd");

  @Test
  void aMemberRecordComesBack() {
    assertThat(MemberRecord.decode(3, MemberRecord.encode(MEMBER))).isEqualTo(MEMBER);
  }

  @Test
  void aMemberRecordIsTextForPeople() {
    assertThat(new String(MemberRecord.encode(MEMBER), StandardCharsets.UTF_8))
        .startsWith("pnn=3\nincarnation=1234567890123\nflags=34\n")
        .contains("runstate=STARTUP\nready=true\naddress=fd00::3\n");
  }

  @Test
  void aRecordWithoutALastWillIsReadAsSuch() {
    String text = new String(MemberRecord.encode(MEMBER), StandardCharsets.UTF_8);
    assertThat(
            MemberRecord.decode(
                    3, text.replaceAll("will=.*\n", "").getBytes(StandardCharsets.UTF_8))
                .will())
        .isEmpty();
  }

  @Test
  void onlyTheSecretItselfFitsItsHash() {
    byte[] secret = LastWill.newSecret();
    String published = LastWill.hashOf(secret);
    assertThat(LastWill.same(published, LastWill.hashOf(secret.clone()))).isTrue();
    secret[31] ^= 1;
    assertThat(LastWill.same(published, LastWill.hashOf(secret))).isFalse();
    assertThat(LastWill.same(LastWill.NONE, LastWill.NONE)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "pnn=3", "pnn=3\nflags=x", "no equals sign", "pnn=99999999999", "pnn=4\n"})
  void aMemberRecordThatIsNoneIsRefused(String text) {
    assertThatThrownBy(() -> MemberRecord.decode(3, text.getBytes(StandardCharsets.UTF_8)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void flagsThatANodeMayNotClaimAreRefused() {
    byte[] record =
        new String(MemberRecord.encode(MEMBER), StandardCharsets.UTF_8)
            .replace("flags=34", "flags=1")
            .getBytes(StandardCharsets.UTF_8);
    assertThatThrownBy(() -> MemberRecord.decode(3, record))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void anEpochComesBack() {
    CommittedEpoch epoch =
        new CommittedEpoch(
            new Epoch(5, new TreeSet<>(Set.of(0, 2)), new TreeSet<>(Set.of(2))),
            new TreeMap<>(Map.of(0, 7L, 2, 9L)),
            4);
    assertThat(CommittedEpoch.decode(epoch.encode())).isEqualTo(epoch);
    assertThat(epoch.has(2, 9)).isTrue();
    assertThat(epoch.has(2, 8)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "number=1\nterm=1\nmembers=\nlmasters=",
        "number=1\nterm=1\nmembers=0:1\nlmasters=1",
        "number=1\nterm=1\nmembers=0\nlmasters=0",
        "members=0:1\nlmasters=0"
      })
  void anEpochThatIsNoneIsRefused(String text) {
    assertThatThrownBy(() -> CommittedEpoch.decode(text.getBytes(StandardCharsets.UTF_8)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void theListOfTheExpelledComesBackInOrder() {
    Set<Life> lives = new LinkedHashSet<>(List.of(new Life(2, 5), new Life(0, 9)));
    assertThat(LeaderOffice.decodeLives(LeaderOffice.encodeLives(lives)))
        .containsExactlyElementsOf(lives);
    assertThat(LeaderOffice.decodeLives(new byte[0])).isEmpty();
  }
}
