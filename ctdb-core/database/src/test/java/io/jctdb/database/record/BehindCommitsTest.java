package io.jctdb.database.record;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.database.Epoch;
import io.jctdb.database.message.CopyNumbers;
import io.jctdb.protocol.Key;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The lock of transactions and the commits under it, on their ways to node 2 at a branch. */
class BehindCommitsTest {
  private static final long LIMIT = 3_000_000_000L;
  private static final long MILLI = 1_000_000L;
  private static final int ACCOUNTS = 42;

  private final Key lock = LittleCluster.key("transaction_db_0x0000002a");
  private final LittleCluster cluster = new LittleCluster(3);
  private final LittleCluster.Node zero = cluster.nodes.get(0);
  private final LittleCluster.Node one = cluster.nodes.get(1);
  private final LittleCluster.Node branch = cluster.nodes.get(2);
  private final Copies[] copies = {new Copies(), new Copies(), new Copies()};

  /** A node's copies of persistent databases: what they have is what the test says. */
  private static final class Copies implements CommittedCopies {
    private final Map<Integer, Long> numbers = new TreeMap<>();
    private Runnable progress = () -> {};

    void reach(long number) {
      numbers.put(ACCOUNTS, number);
      progress.run();
    }

    @Override
    public CopyNumbers numbers() {
      return new CopyNumbers(new TreeMap<>(numbers));
    }

    @Override
    public boolean have(CopyNumbers needed) {
      return needed.byDatabase().entrySet().stream()
          .allMatch(one -> numbers.getOrDefault(one.getKey(), -1L) >= one.getValue());
    }

    @Override
    public void onProgress(Runnable listener) {
      progress = listener;
    }
  }

  @BeforeEach
  void stretch() {
    for (int pnn = 0; pnn < 3; pnn++) {
      cluster.nodes.get(pnn).engine.keepBehindCommits(LittleCluster.DB, copies[pnn], LIMIT);
      copies[pnn].reach(6);
    }
    begin(2);
  }

  private void begin(long number) {
    TreeSet<Integer> main = new TreeSet<>(Set.of(0, 1));
    TreeSet<Integer> all = new TreeSet<>(Set.of(0, 1, 2));
    cluster.begin(new Epoch(number, all, main, new TreeSet<>(Set.of(2))));
    cluster.pass(10 * MILLI);
  }

  private void commitAtTheMainSite(long number) {
    copies[0].reach(number);
    copies[1].reach(number);
  }

  @Test
  void theLockComesWhenTheCommitsBeforeItAreThere() {
    zero.call(lock);
    cluster.settle();
    commitAtTheMainSite(7);
    zero.write(lock, "released");
    branch.call(lock);
    cluster.pass(20 * MILLI);
    assertThat(branch.answers).as("its copy is at 6").isEmpty();
    assertThat(branch.owns(lock)).isFalse();
    copies[2].reach(7);
    cluster.settle();
    assertThat(branch.answers).containsExactly("released");
    assertThat(branch.engine.statistics().behind()).isEqualTo(1);
  }

  @Test
  void aLockThatNobodyHadComesBehindThemToo() {
    commitAtTheMainSite(7);
    branch.call(lock);
    cluster.pass(20 * MILLI);
    assertThat(branch.answers).isEmpty();
    copies[2].reach(7);
    cluster.settle();
    assertThat(branch.answers).hasSize(1);
  }

  @Test
  void whoeverHasItsLastCopyKnowsOfTheCommitsOfTheDead() {
    branch.call(lock);
    cluster.pass(20 * MILLI);
    branch.write(lock, "not empty, so it stays");
    zero.call(lock);
    cluster.pass(3_000 * MILLI);
    assertThat(zero.owns(lock)).isTrue();
    commitAtTheMainSite(7);
    branch.answers.clear();
    TreeSet<Integer> survivors = new TreeSet<>(Set.of(1, 2));
    cluster.isolate(0);
    cluster.begin(new Epoch(3, survivors, new TreeSet<>(Set.of(1)), new TreeSet<>(Set.of(2))));
    branch.call(lock);
    cluster.pass(20 * MILLI);
    assertThat(branch.answers).as("its own copy is the newest, what it guards is not").isEmpty();
    copies[2].reach(7);
    cluster.settle();
    assertThat(branch.answers).hasSize(1);
    assertThat(branch.owns(lock)).isTrue();
  }

  @Test
  void aCopyThatNeverComesIsNotWaitedForForEver() {
    commitAtTheMainSite(7);
    branch.call(lock);
    cluster.pass(LIMIT - 1000 * MILLI);
    assertThat(branch.answers).isEmpty();
    cluster.pass(1_100 * MILLI);
    assertThat(branch.answers).hasSize(1);
  }

  @Test
  void aLockThatWaitedIntoTheNextEpochIsFoundAgain() {
    zero.call(lock);
    cluster.settle();
    commitAtTheMainSite(7);
    zero.write(lock, "released");
    branch.call(lock);
    cluster.pass(20 * MILLI);
    begin(3);
    copies[2].reach(7);
    cluster.pass(20 * MILLI);
    assertThat(branch.answers).containsExactly("released");
  }

  @Test
  void theMainSiteAndOtherRecordsWaitForNothing() {
    commitAtTheMainSite(7);
    copies[1].numbers.clear();
    zero.call(lock);
    cluster.settle();
    one.call(lock);
    cluster.pass(MILLI); // others hold it for less
    assertThat(one.answers).hasSize(1);
    assertThat(one.engine.statistics().behind()).isZero();
  }
}
