package io.jctdb.store.tdb;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.protocol.Key;
import io.jctdb.protocol.RecordHeader;
import io.jctdb.store.LockedRecord;
import io.jctdb.store.OwnerThread;
import io.jctdb.store.RecordStore;
import io.jctdb.store.StoredRecord;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The daemon's store and other processes on one file, with mutexes and with fcntl locks
 * (databases.md 13: 1, 2, 6, 7, 8).
 */
@NullUnmarked
class SharedFileTest {
  @TempDir Path directory;
  private final OwnerThread owner = new OwnerThread();
  private final LockWaiters waiters = new LockWaiters(3);
  private Path file;
  private TdbRecordStore store;

  private void open(TdbOpenMode mode) {
    file = directory.resolve("shared.tdb.0");
    store = TdbRecordStore.open(file, mode, new TdbGeometry(1009, 5), owner, waiters);
  }

  private SmbdProcess smbd() {
    return SmbdProcess.opening(file, store.openFlags());
  }

  @AfterEach
  void close() {
    if (store != null) {
      owner.run(store::close);
    }
    owner.close();
    waiters.close();
    assertThat(owner.failures()).isEmpty();
  }

  private static Key key(String text) {
    return new Key(text.getBytes(UTF_8));
  }

  private void store(String key) {
    owner.run(
        () -> store.locked(key(key), r -> r.store(new RecordHeader(1, 0, 0), new byte[] {1})));
  }

  @ParameterizedTest
  @EnumSource(names = {"VOLATILE_MUTEX", "VOLATILE_FCNTL"})
  void theFlagsForSmbdAreTheDaemonsOwn(TdbOpenMode mode) {
    open(mode);
    assertThat(store.openFlags()).isEqualTo(mode == TdbOpenMode.VOLATILE_MUTEX ? 0x1C41 : 0x0C41);
    owner.run(store::enableSequenceNumber);
    assertThat(store.openFlags()).isEqualTo(mode == TdbOpenMode.VOLATILE_MUTEX ? 0x1CC1 : 0x0CC1);
    owner.run(store::incrementChangeCount);
    assertThat(owner.call(store::changeCount)).isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource(names = {"VOLATILE_MUTEX", "VOLATILE_FCNTL"})
  void aChainHeldByAnotherProcessDelaysNobodyElse(TdbOpenMode mode) {
    open(mode);
    for (int i = 0; i < 100; i++) {
      store("key" + i);
    }
    try (SmbdProcess smbd = smbd()) {
      smbd.does("lock key7");
      List<Integer> order = new ArrayList<>();
      owner.run(
          () -> {
            for (int i = 0; i < 3; i++) {
              int n = i;
              store.locked(key("key7"), record -> order.add(n));
            }
            AtomicBoolean other = new AtomicBoolean();
            store.locked(key("key8"), record -> other.set(record.fetch() != null));
            assertThat(other).as("another key is served at once").isTrue();
          });

      List<String> seen = new ArrayList<>();
      RecordStore.Scan scan = owner.call(store::scan);
      for (int i = 0; i < 1000; i++) {
        owner.run(() -> scan.next(10, (k, record) -> seen.add(new String(k.bytes(), UTF_8))));
      }
      assertThat(seen).contains("key8").doesNotContain("key7");
      assertThat(owner.call(() -> List.copyOf(order))).isEmpty();

      smbd.does("unlock key7");
      owner.await("the line of key7 was served", () -> order.size() == 3);
      assertThat(order).containsExactly(0, 1, 2);
      while (owner.call(
          () -> scan.next(10, (k, record) -> seen.add(new String(k.bytes(), UTF_8))))) {}
      assertThat(seen).hasSize(100).doesNotHaveDuplicates();
      smbd.does("lock key7");
      smbd.does("unlock key7");
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"VOLATILE_MUTEX", "VOLATILE_FCNTL"})
  void moreTakenChainsThanThreadsAreAllServed(TdbOpenMode mode) {
    open(mode);
    AtomicInteger served = new AtomicInteger();
    try (SmbdProcess smbd = smbd()) {
      for (int i = 0; i < 12; i++) {
        smbd.does("lock key" + i);
      }
      owner.run(
          () -> {
            for (int i = 0; i < 12; i++) {
              store.locked(key("key" + i), record -> served.incrementAndGet());
            }
          });
      for (int i = 11; i >= 0; i--) {
        smbd.does("unlock key" + i);
        int expected = 12 - i;
        owner.await("key" + i + " was served", () -> served.get() == expected);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"VOLATILE_MUTEX", "VOLATILE_FCNTL"})
  void aProcessThatDiesLeavesNoLockBehind(TdbOpenMode mode) {
    open(mode);
    AtomicInteger served = new AtomicInteger();
    try (SmbdProcess smbd = smbd()) {
      smbd.does("lock waited-for");
      smbd.does("lock found-later");
      owner.run(() -> store.locked(key("waited-for"), record -> served.incrementAndGet()));
      smbd.kill();
    }
    owner.await("the dead process's lock was taken over", () -> served.get() == 1);
    owner.run(() -> store.locked(key("found-later"), record -> served.incrementAndGet()));
    owner.await("the other one, too", () -> served.get() == 2);
    try (SmbdProcess next = smbd()) {
      next.does("increment waited-for 1");
      next.does("lockall");
      next.does("unlockall");
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"VOLATILE_MUTEX", "VOLATILE_FCNTL"})
  void whileAnotherProcessHasEverythingSectionsWait(TdbOpenMode mode) {
    open(mode);
    AtomicInteger served = new AtomicInteger();
    try (SmbdProcess smbd = smbd()) {
      smbd.does("lockall");
      owner.run(() -> store.locked(key("a"), record -> served.incrementAndGet()));
      assertThat(owner.call(served::get)).isZero();
      smbd.does("unlockall");
      owner.await("served after unlockall", () -> served.get() == 1);

      smbd.does("lockall");
      owner.run(() -> store.locked(key("a"), record -> served.incrementAndGet()));
      smbd.kill();
      owner.await("served after the death of the owner", () -> served.get() == 2);
      owner.run(() -> store.locked(key("b"), record -> served.incrementAndGet()));
      owner.await("others, too", () -> served.get() == 3);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"VOLATILE_MUTEX", "VOLATILE_FCNTL"})
  void aFreezeWaitsForHoldersAndThenExcludesEverybody(TdbOpenMode mode) {
    open(mode);
    store("a");
    AtomicBoolean frozen = new AtomicBoolean();
    AtomicInteger served = new AtomicInteger();
    try (SmbdProcess smbd = smbd();
        SmbdProcess other = smbd()) {
      smbd.does("lock a");
      owner.run(() -> store.locked(key("a"), record -> served.incrementAndGet()));
      owner.run(() -> store.freeze(() -> frozen.set(true)));
      owner.run(() -> store.locked(key("b"), record -> served.incrementAndGet()));
      assertThat(owner.call(() -> frozen.get() || served.get() != 0)).isFalse();
      owner.await("the holder is known", () -> store.freezeWaitsFor().isPresent());
      int holder = owner.call(store::freezeWaitsFor).getAsInt();
      assertThat(Path.of("/proc/" + smbd.pid() + "/task/" + holder)).exists();

      smbd.does("unlock a");
      owner.await("frozen", frozen::get);
      assertThat(owner.call(store::freezeWaitsFor)).isEmpty();
      assertThat(other.ask("trylock a")).isEqualTo("busy");
      assertThat(other.ask("trylock z")).isEqualTo("busy");
      other.begins("increment z 1");
      owner.run(
          () -> {
            store.wipe();
            store.storeFrozen(
                key("pushed"), new StoredRecord(new RecordHeader(5, 0, 0), new byte[9]));
          });

      owner.run(store::thaw);
      assertThat(other.reply()).isEqualTo("ok");
      owner.await("both sections have run", () -> served.get() == 2);
      assertThat(other.ask("count")).isEqualTo("2");
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"VOLATILE_MUTEX", "VOLATILE_FCNTL"})
  void aFreezeThatIsCalledOffLetsEverybodyGoOn(TdbOpenMode mode) {
    open(mode);
    AtomicBoolean frozen = new AtomicBoolean();
    AtomicInteger served = new AtomicInteger();
    try (SmbdProcess smbd = smbd()) {
      smbd.does("lock a");
      owner.run(() -> store.freeze(() -> frozen.set(true)));
      owner.run(() -> store.locked(key("b"), record -> served.incrementAndGet()));
      owner.run(store::thaw);
      owner.await("b is served", () -> served.get() == 1);
      assertThat(frozen).isFalse();
      owner.run(() -> store.freeze(() -> frozen.set(true)));
      owner.run(store::thaw);
      owner.run(() -> store.freeze(() -> frozen.set(true)));
      smbd.does("unlock a");
      owner.await("frozen at last", frozen::get);
      owner.run(store::thaw);
      smbd.does("increment a 1");
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"VOLATILE_MUTEX", "VOLATILE_FCNTL"})
  void noIncrementIsLostBetweenDaemonAndProcesses(TdbOpenMode mode) {
    open(mode);
    int each = 2000;
    List<String> counters = List.of("apples", "pears");
    try (SmbdProcess first = smbd();
        SmbdProcess second = smbd();
        SmbdProcess third = smbd()) {
      List<SmbdProcess> all = List.of(first, second, third);
      for (String counter : counters) {
        all.forEach(smbd -> smbd.begins("increment " + counter + " " + each));
      }
      AtomicLong done = new AtomicLong();
      for (int i = 0; i < each; i++) {
        owner.execute(
            () ->
                counters.forEach(
                    counter ->
                        store.locked(
                            key(counter),
                            record -> {
                              increment(record);
                              done.incrementAndGet();
                            })));
      }
      all.forEach(smbd -> counters.forEach(counter -> assertThat(smbd.reply()).isEqualTo("ok")));
      owner.await("all sections have run", () -> done.get() == 2L * each);
    }
    for (String counter : counters) {
      AtomicLong value = new AtomicLong();
      owner.run(() -> store.locked(key(counter), record -> value.set(read(record.fetch()))));
      assertThat(value).hasValue(4L * each);
    }
    assertThat(owner.call(() -> store.context().check())).isTrue();
  }

  private static void increment(LockedRecord record) {
    long value = read(record.fetch()) + 1;
    byte[] data = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array();
    record.store(new RecordHeader(0, 0, 0), data);
  }

  private static long read(StoredRecord record) {
    return record == null
        ? 0
        : ByteBuffer.wrap(record.data()).order(ByteOrder.LITTLE_ENDIAN).getLong();
  }

  @ParameterizedTest
  @EnumSource(names = {"VOLATILE_MUTEX", "VOLATILE_FCNTL"})
  void clientsThatComeAndGoNeverEmptyTheFile(TdbOpenMode mode) throws IOException {
    open(mode);
    for (int i = 0; i < 50; i++) {
      store("key" + i);
    }
    try (SmbdProcess smbd = start()) {
      for (int i = 0; i < 5; i++) {
        smbd.does("open " + file + " " + store.openFlags());
        assertThat(smbd.ask("count")).isEqualTo("50");
        smbd.does("close");
      }
      smbd.does("open " + file + " " + store.openFlags());
      smbd.does("lock key1");
      owner.run(() -> store.locked(key("key1"), record -> {}));
      owner.run(() -> store.freeze(() -> {}));
      owner.run(store::thaw);
      assertThat(descriptors()).isEqualTo(1);
      smbd.kill();
    }
    try (SmbdProcess next = smbd()) {
      assertThat(next.ask("count")).isEqualTo("50");
    }
    owner.run(store::close);
    assertThat(descriptors()).isZero();
  }

  private static SmbdProcess start() {
    return SmbdProcess.start();
  }

  /** How many descriptors of this process refer to the file. */
  private long descriptors() throws IOException {
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      return open.filter(
              descriptor -> {
                try {
                  return Files.readSymbolicLink(descriptor).equals(file);
                } catch (IOException e) {
                  return false; // closed meanwhile
                }
              })
          .count();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"VOLATILE_MUTEX", "VOLATILE_FCNTL"})
  void aFileThatALeftoverProcessUsesIsMovedAside(TdbOpenMode mode) throws IOException {
    open(mode);
    store("of the old time");
    try (SmbdProcess leftover = smbd()) {
      owner.run(store::close);
      open(mode);
      AtomicBoolean gone = new AtomicBoolean();
      owner.run(
          () -> store.locked(key("of the old time"), record -> gone.set(record.fetch() == null)));
      assertThat(gone).isTrue();
      assertThat(leftover.ask("count")).isEqualTo("1");
    }
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files.map(path -> path.getFileName().toString()))
          .hasSize(2)
          .anyMatch(name -> name.startsWith("shared.tdb.0.stale."));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"VOLATILE_MUTEX", "VOLATILE_FCNTL"})
  void closingDoesNotWaitForAnotherProcess(TdbOpenMode mode) {
    open(mode);
    AtomicInteger served = new AtomicInteger();
    try (SmbdProcess smbd = smbd()) {
      for (int i = 0; i < 5; i++) {
        smbd.does("lock key" + i);
      }
      owner.run(
          () -> {
            for (int i = 0; i < 5; i++) {
              store.locked(key("key" + i), record -> served.incrementAndGet());
            }
          });
      owner.run(store::close);
      for (int i = 0; i < 5; i++) {
        smbd.does("unlock key" + i);
      }
      open(mode);
      owner.run(() -> store.locked(key("key0"), record -> served.addAndGet(100)));
      assertThat(owner.call(served::get)).isEqualTo(100);
    }
  }
}
