package io.jctdb.database.record;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.database.Epoch;
import io.jctdb.protocol.Key;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Each node tells of its part in what took long, and of nothing else. */
final class SlowOperationTest {
  private static final long MILLIS = 1_000_000L;
  private static final long LIMIT = 500 * MILLIS;

  private final LittleCluster cluster = new LittleCluster(3);
  private final LittleCluster.Node zero = cluster.nodes.get(0);
  private final LittleCluster.Node one = cluster.nodes.get(1);
  private final LittleCluster.Node two = cluster.nodes.get(2);
  private final List<List<SlowOperation>> told = new ArrayList<>();

  @BeforeEach
  void listen() {
    for (LittleCluster.Node node : cluster.nodes) {
      List<SlowOperation> here = new ArrayList<>();
      told.add(here);
      node.engine.onLatency(
          new LatencyListener() {
            @Override
            public long limitNanos() {
              return LIMIT;
            }

            @Override
            public void slow(SlowOperation operation) {
              assertThat(node.store.inSection).as("a chain lock is held").isFalse();
              here.add(operation);
            }
          });
    }
  }

  /** A key of which node 1 is lmaster. */
  private static Key key() {
    SlotLayout layout = new SlotLayout(Epoch.of(1, Set.of(0, 1, 2)));
    return Stream.iterate(0, i -> i + 1)
        .map(i -> LittleCluster.key("file " + i))
        .filter(key -> layout.lmaster(key) == 1)
        .findFirst()
        .orElseThrow();
  }

  private List<SlowOperation> told(int pnn) {
    return told.get(pnn);
  }

  private void nodeTwoWantsItWhileHeldAt(LittleCluster.Node holder, Key key, long nanos) {
    holder.store.hold(key);
    two.call(key);
    cluster.pass(nanos);
    holder.store.letGo(key);
    cluster.settle();
  }

  @Test
  void aChainThatIsHeldAtTheOwnerIsToldByAllThreeRoles() {
    Key key = key();
    zero.call(key);
    cluster.pass(10 * MILLIS);
    zero.store.hold(key);
    two.call(key);
    cluster.pass(700 * MILLIS);
    two.call(key);
    zero.store.letGo(key);
    cluster.settle();

    assertThat(two.owns(key)).isTrue();
    assertThat(told(0)).containsExactly(new SlowOperation.LockWait(7, key, 700 * MILLIS));
    assertThat(told(1)).containsExactly(new SlowOperation.Move(7, key, 700 * MILLIS, 2, false, 0));
    assertThat(told(2))
        .containsExactly(new SlowOperation.Call(7, key, 700 * MILLIS, 2, 700 * MILLIS, 1, 0));
  }

  @Test
  void whoAnsweredLastIsNamedWhenAllWereAsked() {
    Key key = key();
    nodeTwoWantsItWhileHeldAt(zero, key, 800 * MILLIS);

    assertThat(told(1)).containsExactly(new SlowOperation.Move(7, key, 800 * MILLIS, 2, true, 0));
  }

  @Test
  void theChainHereIsNotTakenForAnotherNodesFault() {
    Key key = key();
    nodeTwoWantsItWhileHeldAt(two, key, 600 * MILLIS);

    assertThat(told(2))
        .containsExactly(
            new SlowOperation.LockWait(7, key, 600 * MILLIS),
            new SlowOperation.Call(7, key, 600 * MILLIS, 1, 0, 1, 0));
    assertThat(told(1)).isEmpty();
  }

  @Test
  void whatWasLostIsAskedForAgainAndThatIsCounted() {
    Key key = key();
    cluster.isolate(2);
    two.call(key);
    cluster.pass(1_200 * MILLIS);
    cluster.rejoin(2);
    cluster.pass(2_000 * MILLIS);

    assertThat(two.answers).hasSize(1);
    assertThat(told(2))
        .singleElement()
        .isInstanceOfSatisfying(
            SlowOperation.Call.class, call -> assertThat(call.repeats()).isPositive());
  }

  @Test
  void aRemovalForWhichANodeIsWaitedForIsTold() {
    Key key = key();
    zero.call(key);
    cluster.pass(10 * MILLIS);
    zero.engine.scheduleDeletion(7, key);
    two.store.hold(key);
    cluster.pass(2_900 * MILLIS);
    two.store.letGo(key);
    cluster.settle();

    assertThat(told(1))
        .singleElement()
        .isInstanceOfSatisfying(
            SlowOperation.Removal.class, removal -> assertThat(removal.owner()).isZero());
    assertThat(zero.copy(key)).isNull();
  }

  @Test
  void whatGoesWellIsNotTold() {
    Key key = key();
    zero.call(key);
    one.call(key);
    two.call(key);
    cluster.pass(100 * MILLIS);

    assertThat(two.owns(key)).isTrue();
    assertThat(told).allMatch(List::isEmpty);
  }
}
