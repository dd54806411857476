package io.jctdb.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Who has everything is alone, however it finds out that the chains are free. */
@Timeout(60)
class TdbMutexLocksTest {
  /** More than are looked at in one piece. */
  private static final int CHAINS = 1031;

  private static final int VOLATILE_MUTEX = 0x1C41;

  @TempDir private Path directory;
  private Tdb tdb;
  private TdbLocks locks;

  @BeforeEach
  void aFileWithMutexes() {
    tdb =
        Tdb.open(
            directory.resolve("test.tdb.0"),
            CHAINS,
            VOLATILE_MUTEX,
            Tdb.O_CREAT | Tdb.O_RDWR,
            0600);
    locks = TdbLocks.of(tdb);
    assertThat(locks).isInstanceOf(TdbMutexLocks.class);
  }

  @AfterEach
  void close() {
    locks.close();
    tdb.close();
  }

  @Test
  void nobodyIsInsideAChainWhileSomebodyHasEverything() throws InterruptedException {
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger together = new AtomicInteger();
    AtomicInteger visits = new AtomicInteger();
    CountDownLatch over = new CountDownLatch(1);
    List<Thread> visitors = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      visitors.add(
          Thread.ofPlatform()
              .daemon()
              .start(
                  () -> {
                    while (over.getCount() > 0) {
                      int chain = ThreadLocalRandom.current().nextInt(CHAINS);
                      locks.lockChain(chain, new LockWait());
                      inside.incrementAndGet();
                      Thread.onSpinWait();
                      inside.decrementAndGet();
                      visits.incrementAndGet();
                      locks.unlockChain(chain);
                    }
                  }));
    }

    int before = 0;
    for (int freezes = 0; freezes < 2_000; freezes++) {
      locks.lockAll(new LockWait());
      int seen = visits.get();
      for (int looks = 0; looks < 20; looks++) {
        together.addAndGet(inside.get());
      }
      assertThat(visits.get()).isEqualTo(seen);
      locks.unlockAll();
      before = seen;
    }
    over.countDown();
    for (Thread visitor : visitors) {
      visitor.join();
    }

    assertThat(together).hasValue(0);
    assertThat(before).as("visits in between").isGreaterThan(100);
  }

  @Test
  void aChainThatIsHeldIsWaitedFor() throws InterruptedException {
    CountDownLatch held = new CountDownLatch(1);
    CountDownLatch letGo = new CountDownLatch(1);
    Thread holder =
        Thread.ofPlatform()
            .daemon()
            .start(
                () -> {
                  locks.lockChain(CHAINS - 1, new LockWait());
                  held.countDown();
                  awaitQuietly(letGo);
                  locks.unlockChain(CHAINS - 1);
                });
    held.await();
    LockWait wait = new LockWait();
    CountDownLatch all = new CountDownLatch(1);
    Thread freezer =
        Thread.ofPlatform()
            .daemon()
            .start(
                () -> {
                  locks.lockAll(wait);
                  all.countDown();
                  locks.unlockAll();
                });

    assertThat(all.await(100, TimeUnit.MILLISECONDS)).isFalse();
    letGo.countDown();
    assertThat(all.await(30, TimeUnit.SECONDS)).isTrue();
    holder.join();
    freezer.join();
  }

  @Test
  void aChainWhoseHolderHasDiedStandsInNobodysWay() throws InterruptedException {
    Thread.ofPlatform().start(() -> locks.lockChain(7, new LockWait())).join();

    assertThat(locks.lockAll(new LockWait())).isTrue();
    locks.unlockAll();

    locks.lockChain(7, new LockWait());
    locks.unlockChain(7);
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
