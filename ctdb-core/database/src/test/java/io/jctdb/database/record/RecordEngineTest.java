package io.jctdb.database.record;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.database.message.RecordMessage;
import io.jctdb.protocol.Key;
import io.jctdb.protocol.RecordHeader;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The life of a record among three nodes, told message by message. Node 1 is lmaster. */
class RecordEngineTest {
  private static final long SECOND = 1_000_000_000L;
  private final Key key = LittleCluster.key("a file");
  private final LittleCluster cluster = new LittleCluster(3);
  private final LittleCluster.Node zero = cluster.nodes.get(0);
  private final LittleCluster.Node one = cluster.nodes.get(1);
  private final LittleCluster.Node two = cluster.nodes.get(2);

  @BeforeEach
  void nodeOneIsLmaster() {
    cluster.begin(2, 1);
  }

  private void ownedByTwoWith(String text) {
    two.call(key);
    cluster.settle();
    two.write(key, text);
    cluster.pass(SECOND);
    two.answers.clear();
    cluster.said();
  }

  @Test
  void aRecordThatNobodyHasIsMadeWhereItIsWanted() {
    zero.call(key);
    cluster.settle();
    assertThat(zero.answers).containsExactly("");
    assertThat(zero.present(key).header()).isEqualTo(new RecordHeader(2, 0, 0));
    assertThat(one.copy(key)).isNull();
    assertThat(cluster.said())
        .containsExactly(
            "0>1 LOCATE",
            "1>0 QUERY",
            "1>2 QUERY",
            "0>1 ANSWER",
            "2>1 ANSWER",
            "1>0 GRANT",
            "0>1 ACQUIRED");
  }

  @Test
  void aMoveTakesThreeMessagesOnTheWay() {
    ownedByTwoWith("open");
    zero.call(key);
    cluster.settle();
    assertThat(zero.answers).containsExactly("open");
    assertThat(cluster.said())
        .containsExactly("0>1 LOCATE", "1>2 YIELD", "2>0 GRANT", "0>1 ACQUIRED");
    assertThat(zero.present(key).header())
        .isEqualTo(new RecordHeader(4, 0, RecordHeader.MIGRATED_WITH_DATA));
    assertThat(two.present(key).header())
        .as("the giver keeps what it gave, naming the new owner")
        .isEqualTo(new RecordHeader(2, 0, RecordHeader.MIGRATED_WITH_DATA));
    assertThat(two.present(key).data()).asString().isEqualTo("open");
  }

  @Test
  void anLmasterThatWantsTheRecordItselfSavesTwoMessages() {
    ownedByTwoWith("open");
    one.call(key);
    cluster.settle();
    assertThat(one.answers).containsExactly("open");
    assertThat(cluster.said()).containsExactly("1>2 YIELD", "2>1 GRANT");
  }

  @Test
  void anLmasterThatOwnsTheRecordSavesOne() {
    one.call(key);
    cluster.settle();
    one.write(key, "open");
    cluster.pass(SECOND);
    cluster.said();
    zero.call(key);
    cluster.settle();
    assertThat(zero.answers).containsExactly("open");
    assertThat(cluster.said()).containsExactly("0>1 LOCATE", "1>0 GRANT", "0>1 ACQUIRED");
  }

  @Test
  void theOwnerAsksNobody() {
    ownedByTwoWith("open");
    two.call(key);
    assertThat(two.answers).containsExactly("open");
    assertThat(cluster.said()).isEmpty();
  }

  @Test
  void fiveLocalClientsShareOneVisit() {
    ownedByTwoWith("open");
    for (int i = 0; i < 5; i++) {
      zero.call(key);
    }
    cluster.settle();
    assertThat(zero.answers).hasSize(5).containsOnly("open");
    assertThat(cluster.said()).hasSize(4);
    assertThat(zero.engine.statistics().callsShared()).isEqualTo(4);
  }

  @Test
  void nodesAreServedInTheOrderInWhichTheyAsked() {
    ownedByTwoWith("open");
    zero.call(key);
    one.call(key);
    two.call(key); // the owner still: answered at once
    cluster.pass(SECOND);
    assertThat(zero.answers).containsExactly("open");
    assertThat(one.answers).containsExactly("open");
    assertThat(two.answers).containsExactly("open");
    assertThat(List.of(zero.owns(key), one.owns(key), two.owns(key)).stream().filter(b -> b))
        .hasSize(1);
  }

  @Test
  void aRecordStaysForAMomentAfterItsClientsWereAnswered() {
    ownedByTwoWith("open");
    zero.call(key);
    cluster.settle();
    one.call(key);
    cluster.settle();
    assertThat(one.answers).isEmpty();
    assertThat(zero.owns(key)).isTrue();
    cluster.pass(RecordTunables.DEFAULT.holdNanos());
    assertThat(one.answers).containsExactly("open");
    assertThat(zero.engine.statistics().holds()).isEqualTo(1);
  }

  @Test
  void aClientThatHoldsTheChainDelaysOnlyThatRecord() {
    ownedByTwoWith("open");
    Key other = LittleCluster.key("another file");
    two.store.hold(key);
    zero.call(key);
    zero.call(other);
    cluster.settle();
    assertThat(zero.answers).as("the other one").containsExactly("");
    two.write(key, "changed");
    two.store.letGo(key);
    cluster.settle();
    assertThat(zero.answers).containsExactly("", "changed");
  }

  @Test
  void aLostGrantIsFoundAtTheGiver() {
    ownedByTwoWith("open");
    cluster.lose(message -> message instanceof RecordMessage.Grant);
    zero.call(key);
    cluster.settle();
    assertThat(two.owns(key)).isFalse();
    cluster.lose(message -> false);
    cluster.pass(4 * SECOND);
    assertThat(zero.answers).containsExactly("open");
    assertThat(one.engine.statistics().adoptions()).isEqualTo(1);
  }

  @Test
  void whenTheLinkIsBackNobodyWaitsForTheClock() {
    ownedByTwoWith("open");
    cluster.lose(message -> message instanceof RecordMessage.Yield);
    zero.call(key);
    cluster.settle();
    cluster.lose(message -> false);
    one.engine.linkRestored(2);
    cluster.settle();
    assertThat(zero.answers).containsExactly("open");
  }

  @Test
  void aGrantOfAnEarlierEpochChangesNothing() {
    ownedByTwoWith("open");
    cluster.lose(message -> message instanceof RecordMessage.Grant);
    zero.call(key);
    cluster.settle();
    cluster.lose(message -> false);
    cluster.begin(3, 1);
    zero.engine.receive(
        2, new RecordMessage.Grant(2, LittleCluster.DB, key, 1, 2, 0, 1, new byte[] {1}));
    assertThat(zero.copy(key)).isNull();
    assertThat(zero.answers).isEmpty();
    cluster.settle();
    assertThat(zero.answers).as("found in the new epoch").containsExactly("open");
  }

  @Test
  void aGrantThatNobodyAskedForIsDeclinedAndStaysWhereItIs() {
    ownedByTwoWith("open");
    zero.engine.receive(
        2, new RecordMessage.Grant(2, LittleCluster.DB, key, 99, 2, 0, 1, new byte[] {1}));
    cluster.settle();
    assertThat(cluster.said()).containsExactly("0>1 DECLINED");
    assertThat(zero.copy(key)).isNull();
  }

  @Test
  void messagesFromNodesThatAreNotLmasterAreIgnored() {
    ownedByTwoWith("open");
    two.engine.receive(
        0, new RecordMessage.Yield(2, LittleCluster.DB, key, 1, 0, 1, RecordMessage.IF_OWNER, 0));
    two.engine.receive(0, new RecordMessage.Purge(2, LittleCluster.DB, key, 1, 99, 1));
    assertThat(two.owns(key)).isTrue();
    assertThat(two.engine.statistics().dropped()).isEqualTo(2);
  }

  @Test
  void aDeletedRecordDisappearsEverywhere() {
    ownedByTwoWith("open");
    zero.call(key);
    cluster.settle();
    zero.write(key, "");
    zero.engine.scheduleDeletion(LittleCluster.DB, key);
    cluster.pass(2 * RecordTunables.DEFAULT.burialDelayNanos());
    assertThat(cluster.nodes).allSatisfy(node -> assertThat(node.copy(key)).isNull());
    assertThat(zero.engine.statistics().burials()).isEqualTo(1);
    assertThat(zero.engine.statistics().pendingBurials()).isZero();
  }

  @Test
  void aRecordWrittenAgainIsNotRemoved() {
    ownedByTwoWith("");
    two.engine.scheduleDeletion(LittleCluster.DB, key);
    two.write(key, "again");
    cluster.pass(3 * RecordTunables.DEFAULT.burialDelayNanos());
    assertThat(two.present(key).data()).asString().isEqualTo("again");
    assertThat(two.engine.statistics().pendingBurials()).isZero();
  }

  @Test
  void aWipedOwnerIsFoundOut() {
    ownedByTwoWith("open");
    two.store.wipe();
    two.engine.forget(LittleCluster.DB);
    zero.call(key);
    cluster.settle();
    assertThat(zero.answers).containsExactly("");
    assertThat(cluster.said()).contains("2>1 NOTOWNER");
  }

  @Test
  void anUnknownDatabaseIsRefused() {
    zero.call(LittleCluster.DB + 1, key);
    assertThat(zero.answers).containsExactly("unknown database");
  }

  @Test
  void outsideTheClusterCallsWaitForTheNextEpoch() {
    ownedByTwoWith("open");
    zero.engine.leftCluster();
    zero.call(key);
    cluster.settle();
    assertThat(zero.answers).isEmpty();
    cluster.begin(5, 1);
    cluster.settle();
    assertThat(zero.answers).containsExactly("open");
  }
}
