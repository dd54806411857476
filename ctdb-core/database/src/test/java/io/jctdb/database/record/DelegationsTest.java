package io.jctdb.database.record;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.database.Epoch;
import io.jctdb.database.message.RecordMessage;
import io.jctdb.protocol.Key;
import io.jctdb.protocol.RecordHeader;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Read-only copies among three nodes. Node 1 is lmaster, node 2 owns the record, at rsn 2 with the
 * value "open".
 */
class DelegationsTest {
  private static final long SECOND = 1_000_000_000L;
  private static final RecordHeader COPY = new RecordHeader(3, 2, RecordHeader.RO_HAVE_READONLY);
  private static final RecordHeader REVOKED_COPY = new RecordHeader(3, 2, 0);
  private static final RecordHeader DELEGATED =
      new RecordHeader(5, 2, RecordHeader.RO_HAVE_DELEGATIONS);

  private final Key key = LittleCluster.key("a file");
  private final LittleCluster cluster = new LittleCluster(3);
  private final LittleCluster.Node zero = cluster.nodes.get(0);
  private final LittleCluster.Node one = cluster.nodes.get(1);
  private final LittleCluster.Node two = cluster.nodes.get(2);

  @BeforeEach
  void twoOwnsTheRecord() {
    cluster.begin(2, 1);
    two.call(key);
    cluster.settle();
    two.write(key, "open");
    cluster.pass(SECOND);
    two.answers.clear();
    cluster.said();
  }

  private void readByZero() {
    zero.read(key);
    cluster.pass(SECOND);
    cluster.said();
  }

  private RecordHeader header(LittleCluster.Node node) {
    return node.present(key).header();
  }

  @Test
  void aReaderGetsACopyAndTheOwnerStays() {
    zero.read(key);
    cluster.settle();
    assertThat(zero.answers).containsExactly("open");
    assertThat(cluster.said())
        .containsExactly("0>1 LOCATE", "1>2 YIELD", "2>0 GRANT", "0>1 COPIED");
    assertThat(header(zero)).isEqualTo(COPY);
    assertThat(header(two)).isEqualTo(DELEGATED);
    assertThat(two.engine.statistics().delegations()).isEqualTo(1);
  }

  @Test
  void whoHasACopyAsksNobody() {
    readByZero();
    zero.read(key);
    assertThat(zero.answers).containsExactly("open", "open");
    assertThat(cluster.said()).isEmpty();
  }

  @Test
  void theOwnerReadsWhileOthersDo() {
    readByZero();
    two.read(key);
    assertThat(two.answers).containsExactly("open");
    assertThat(cluster.said()).isEmpty();
  }

  @Test
  void theSecondReaderIsOneRoundTripAway() {
    readByZero();
    one.read(key);
    cluster.settle();
    assertThat(one.answers).containsExactly("open");
    assertThat(cluster.said()).containsExactly("1>2 YIELD", "2>1 GRANT");
    assertThat(header(two)).isEqualTo(DELEGATED);
  }

  @Test
  void theOwnerWritesWhenAllCopiesAreTakenBack() {
    readByZero();
    one.read(key);
    cluster.pass(SECOND);
    cluster.said();
    two.call(key);
    cluster.settle();
    assertThat(two.answers).containsExactly("open");
    assertThat(cluster.said())
        .containsExactly("2>0 REVOKE", "2>1 REVOKE", "0>2 REVOKED", "1>2 REVOKED");
    assertThat(header(zero)).isEqualTo(REVOKED_COPY);
    assertThat(header(one)).isEqualTo(REVOKED_COPY);
    assertThat(header(two)).isEqualTo(new RecordHeader(6, 2, 0));
    assertThat(two.engine.statistics().revokes()).isEqualTo(1);
    two.write(key, "changed");
    cluster.pass(SECOND);
    zero.read(key);
    cluster.settle();
    assertThat(zero.answers).endsWith("changed");
  }

  @Test
  void aRecordMovesWhenAllCopiesAreTakenBack() {
    readByZero();
    one.call(key);
    cluster.settle();
    assertThat(cluster.said())
        .containsExactly("1>2 YIELD", "2>0 REVOKE", "0>2 REVOKED", "2>1 GRANT");
    assertThat(header(zero)).isEqualTo(REVOKED_COPY);
    assertThat(header(one)).isEqualTo(new RecordHeader(8, 1, RecordHeader.MIGRATED_WITH_DATA));
    assertThat(header(two).flags() & RecordHeader.RO_MASK).isZero();
  }

  @Test
  void aWriterWaitsForWhoeverReadsUnderTheChainLock() {
    readByZero();
    zero.store.hold(key);
    two.call(key);
    cluster.settle();
    assertThat(two.answers).isEmpty();
    zero.store.letGo(key);
    cluster.settle();
    assertThat(two.answers).containsExactly("open");
  }

  @Test
  void aCopyThatWaitsForTheChainLockIsRevokedBehindIt() {
    zero.read(key);
    zero.store.hold(key); // what comes waits
    cluster.settle();
    two.call(key);
    cluster.settle();
    assertThat(two.answers).isEmpty();
    zero.store.letGo(key);
    cluster.pass(SECOND);
    assertThat(two.answers).containsExactly("open");
    assertThat(zero.answers).containsExactly("open");
    assertThat(header(zero)).isEqualTo(REVOKED_COPY);
  }

  /** It is the reader's first, and was repeated by the network behind the REVOKE. */
  @Test
  void aCopyThatComesAfterItsRevocationIsNotTaken() {
    cluster.lose(RecordMessage.Grant.class::isInstance);
    zero.read(key);
    cluster.settle();
    two.call(key);
    cluster.settle();
    assertThat(two.answers).containsExactly("open");
    two.write(key, "changed");
    cluster.lose(message -> false);
    zero.engine.receive(
        2,
        new RecordMessage.Grant(
            2, LittleCluster.DB, key, 1, 3, RecordHeader.RO_HAVE_READONLY, 0, new byte[1]));
    cluster.pass(10 * SECOND);
    assertThat(zero.answers).containsExactly("changed");
  }

  @Test
  void aLostRevokeIsRepeated() {
    readByZero();
    cluster.lose(RecordMessage.Revoke.class::isInstance);
    two.call(key);
    cluster.settle();
    cluster.lose(RecordMessage.Revoked.class::isInstance);
    cluster.pass(2 * SECOND);
    assertThat(two.answers).isEmpty();
    cluster.lose(message -> false);
    cluster.pass(4 * SECOND);
    assertThat(two.answers).containsExactly("open");
  }

  @Test
  void whomAWriterHasWaitedForIsTold() {
    List<String> waits = new ArrayList<>();
    two.engine.onSetAside(
        new AsideListener() {
          @Override
          public void setAside(long epoch, int pnn, long silentNanos) {}

          @Override
          public void backAgain(long epoch, int pnn, long afterNanos) {}

          @Override
          public void mended(long epoch) {}

          @Override
          public void waited(int dbId, Key of, int forPnn, long nanos, WaitReason reason) {
            waits.add(reason + " " + forPnn);
          }
        });
    readByZero();
    two.call(key);
    cluster.settle();
    assertThat(waits).isEmpty();

    readByZero();
    cluster.lose(RecordMessage.Revoke.class::isInstance);
    two.call(key);
    cluster.pass(2 * SECOND);
    cluster.lose(message -> false);
    cluster.pass(4 * SECOND);
    assertThat(two.answers).hasSize(2);
    assertThat(waits).containsExactly("READER 0");
  }

  @Test
  void aLinkThatIsBackIsUsedAtOnce() {
    readByZero();
    cluster.isolate(0);
    two.call(key);
    cluster.settle();
    cluster.rejoin(0);
    two.engine.linkRestored(0);
    cluster.settle();
    assertThat(two.answers).containsExactly("open");
  }

  @Test
  void whoHasLeftTheEpochNeedNotAnswer() {
    readByZero();
    cluster.isolate(0);
    two.call(key);
    cluster.pass(SECOND);
    assertThat(two.answers).isEmpty();
    cluster.begin(Epoch.of(3, Set.of(1, 2)));
    cluster.settle();
    assertThat(two.answers).containsExactly("open");
  }

  @Test
  void whoIsDeadNeedNotAnswer() {
    readByZero();
    cluster.isolate(0);
    two.call(key);
    cluster.pass(SECOND);
    assertThat(two.answers).isEmpty();
    two.engine.memberDied(2, 0);
    cluster.settle();
    assertThat(two.answers).containsExactly("open");
  }

  @Test
  void whoIsKnownToBeDeadBeforeTheEpochBeginsNeedNotAnswerInIt() {
    readByZero();
    cluster.isolate(0);
    two.call(key);
    cluster.pass(SECOND);
    two.engine.memberDied(3, 0);
    cluster.begin(3, 1);
    cluster.settle();
    assertThat(two.answers).containsExactly("open");
  }

  @Test
  void copiesAreTakenBackInALaterEpoch() {
    readByZero();
    cluster.begin(3, 1);
    cluster.settle();
    cluster.said();
    two.call(key);
    cluster.settle();
    assertThat(cluster.said()).containsExactly("2>0 REVOKE", "0>2 REVOKED");
    assertThat(two.answers).containsExactly("open");
  }

  @Test
  void nobodyReadsTheCopyOfALostOwnerWhenAnotherTakesItsPlace() {
    readByZero();
    cluster.begin(Epoch.of(3, Set.of(0, 1)));
    zero.read(key);
    assertThat(zero.answers).containsExactly("open", "open");
    one.call(key);
    cluster.settle();
    assertThat(one.answers).containsExactly("open");
    assertThat(header(one).dmaster()).isEqualTo(1);
    assertThat(header(zero).flags() & RecordHeader.RO_HAVE_READONLY).isZero();
  }

  @Test
  void aReaderOfARecordWithoutOwnerBecomesIt() {
    cluster.begin(Epoch.of(3, Set.of(0, 1)));
    zero.read(key);
    cluster.settle();
    assertThat(zero.owns(key)).isTrue();
  }

  @Test
  void aWriterThatJoinsAReaderGetsTheRecord() {
    zero.read(key);
    zero.call(key);
    cluster.pass(10 * SECOND);
    assertThat(zero.answers).containsExactly("open", "open");
    assertThat(zero.owns(key)).isTrue();
    assertThat(header(zero).flags() & RecordHeader.RO_MASK).isZero();
  }

  @Test
  void aReaderTurnedWriterTakesTheRecord() {
    readByZero();
    zero.call(key);
    cluster.settle();
    assertThat(zero.owns(key)).isTrue();
    assertThat(header(zero).flags() & RecordHeader.RO_MASK).isZero();
    assertThat(header(two).flags() & RecordHeader.RO_MASK).isZero();
  }

  /** More are out than this node remembers: then it asks all. */
  @Test
  void anOwnerThatHasNoNoteAsksAll() {
    LittleCluster forgetful =
        new LittleCluster(
            3,
            RecordTunables.DEFAULT
                .withAside(AsideTimes.OFF)
                .withLimits(RecordLimits.DEFAULT.withDelegated(0)));
    forgetful.begin(2, 1);
    forgetful.nodes.get(2).call(key);
    forgetful.settle();
    forgetful.nodes.get(2).write(key, "open");
    forgetful.pass(SECOND);
    forgetful.nodes.get(0).read(key);
    forgetful.pass(SECOND);
    forgetful.said();
    forgetful.nodes.get(2).call(key);
    forgetful.settle();
    assertThat(forgetful.said())
        .containsExactly("2>0 REVOKE", "2>1 REVOKE", "0>2 REVOKED", "1>2 REVOKED");
  }

  @Test
  void anEmptyRecordIsBuriedWhenAllCopiesAreTakenBack() {
    two.write(key, "");
    zero.read(key);
    cluster.settle();
    assertThat(header(two).flags()).isEqualTo(RecordHeader.RO_HAVE_DELEGATIONS);
    two.engine.scheduleDeletion(LittleCluster.DB, key);
    cluster.pass(10 * SECOND);
    assertThat(zero.copy(key)).isNull();
    assertThat(two.copy(key)).isNull();
  }

  @Test
  void aWipedDatabaseHasNoDelegations() {
    readByZero();
    for (LittleCluster.Node node : cluster.nodes) {
      node.store.wipe();
      node.engine.forget(LittleCluster.DB);
    }
    assertThat(two.engine.statistics().delegated()).isZero();
    two.call(key);
    cluster.settle();
    assertThat(two.answers).containsExactly("");
  }

  /** The owner is in the next epoch already; the reader, for which nobody waits, is not. */
  @Test
  void aRemoteReaderIsToldWhenItHasBegunTheEpoch() {
    TreeSet<Integer> members = new TreeSet<>(List.of(0, 1, 2));
    Epoch third = new Epoch(3, members, new TreeSet<>(List.of(1)), new TreeSet<>(List.of(0)));
    Epoch fourth = new Epoch(4, members, new TreeSet<>(List.of(1)), new TreeSet<>(List.of(0)));
    cluster.begin(third);
    zero.read(key);
    cluster.pass(SECOND);
    assertThat(header(zero)).isEqualTo(COPY);
    for (LittleCluster.Node main : List.of(one, two)) {
      main.engine.epochPromised(4);
      main.engine.epochStarted(fourth);
    }
    two.call(key);
    cluster.pass(10 * SECOND);
    assertThat(two.answers).isEmpty();
    assertThat(header(zero)).isEqualTo(COPY);
    zero.engine.epochPromised(4);
    zero.engine.epochStarted(fourth);
    cluster.settle();
    assertThat(two.answers).containsExactly("open");
    assertThat(header(zero)).isEqualTo(REVOKED_COPY);
  }
}
