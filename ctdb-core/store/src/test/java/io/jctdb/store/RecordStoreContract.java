package io.jctdb.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jctdb.protocol.Key;
import io.jctdb.protocol.RecordHeader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What every {@link RecordStore} must do, whatever is behind it. */
@NullUnmarked
public abstract class RecordStoreContract {
  @TempDir protected Path directory;
  protected final OwnerThread owner = new OwnerThread();
  private RecordStore store;

  protected abstract RecordStore open(Path directory, Executor ownerThread);

  @BeforeEach
  void openStore() {
    store = open(directory, owner);
  }

  @AfterEach
  void closeStore() {
    owner.run(store::close);
    owner.close();
  }

  protected static Key key(String text) {
    return new Key(text.getBytes(UTF_8));
  }

  protected static byte[] data(String text) {
    return text.getBytes(UTF_8);
  }

  private static final RecordHeader HEADER =
      new RecordHeader(0x1122334455667788L, 3, RecordHeader.MIGRATED_WITH_DATA);

  private void store(String key, String data) {
    owner.run(() -> store.locked(key(key), record -> record.store(HEADER, data(data))));
  }

  private StoredRecord fetch(String key) {
    AtomicReference<StoredRecord> fetched = new AtomicReference<>();
    owner.run(() -> store.locked(key(key), record -> fetched.set(record.fetch())));
    return fetched.get();
  }

  private Map<String, String> scanAll(int limit) {
    Map<String, String> seen = new HashMap<>();
    RecordStore.Scan scan = owner.call(store::scan);
    while (owner.call(
        () ->
            scan.next(
                limit,
                (key, record) ->
                    assertThat(
                            seen.put(
                                new String(key.bytes(), UTF_8), new String(record.data(), UTF_8)))
                        .isNull()))) {}
    return seen;
  }

  @Test
  void aRecordComesBackByteForByte() {
    assertThat(fetch("fish")).isNull();
    store("fish", "haddock");
    assertThat(fetch("fish").header()).isEqualTo(HEADER);
    assertThat(fetch("fish").data()).isEqualTo(data("haddock"));
    store("fish", "");
    assertThat(fetch("fish").isEmpty()).isTrue();
    store("", "the empty key is a key");
    assertThat(fetch("").data()).isEqualTo(data("the empty key is a key"));
    byte[] large = new byte[3_000_000];
    large[2_999_999] = 42;
    owner.run(() -> store.locked(key("large"), record -> record.store(HEADER, large)));
    assertThat(fetch("large").data()).isEqualTo(large);
  }

  @Test
  void aDeletedRecordIsGoneAndMayBeDeletedAgain() {
    store("fish", "cod");
    owner.run(
        () ->
            store.locked(
                key("fish"),
                record -> {
                  record.delete();
                  assertThat(record.fetch()).isNull();
                  record.delete();
                }));
    assertThat(fetch("fish")).isNull();
  }

  @Test
  void aSectionSeesItsOwnChanges() {
    owner.run(
        () ->
            store.locked(
                key("fish"),
                record -> {
                  record.store(HEADER, data("one"));
                  assertThat(record.fetch().data()).isEqualTo(data("one"));
                  record.store(HEADER.withRsn(2), data("twenty-two"));
                  assertThat(record.fetch().header().rsn()).isEqualTo(2);
                  assertThat(record.key()).isEqualTo(key("fish"));
                }));
  }

  @Test
  void anUncontendedSectionRunsBeforeTheCallReturns() {
    AtomicBoolean ran = new AtomicBoolean();
    owner.run(
        () -> {
          store.locked(key("a"), record -> ran.set(true));
          assertThat(ran).isTrue();
        });
  }

  @Test
  void aRecordKeptBeyondItsSectionIsRefused() {
    AtomicReference<LockedRecord> kept = new AtomicReference<>();
    owner.run(() -> store.locked(key("a"), kept::set));
    owner.run(
        () -> {
          assertThatThrownBy(kept.get()::fetch).isInstanceOf(IllegalStateException.class);
          assertThatThrownBy(() -> kept.get().store(HEADER, data("")))
              .isInstanceOf(IllegalStateException.class);
          assertThatThrownBy(kept.get()::delete).isInstanceOf(IllegalStateException.class);
        });
  }

  @Test
  void aSectionThatThrowsLeavesNoLockBehind() {
    assertThatThrownBy(
            () ->
                owner.run(
                    () ->
                        store.locked(
                            key("a"),
                            record -> {
                              throw new IllegalArgumentException("section");
                            })))
        .hasMessage("section");
    store("a", "still usable");
    assertThat(fetch("a").data()).isEqualTo(data("still usable"));
  }

  @Test
  void sectionsAskedForWithinASectionRunAfterItInOrder() {
    List<String> order = new ArrayList<>();
    owner.run(
        () ->
            store.locked(
                key("outer"),
                record -> {
                  store.locked(key("outer"), inner -> order.add("first inner"));
                  store.locked(key("outer"), inner -> order.add("second inner"));
                  order.add("outer");
                }));
    owner.await("both inner sections have run", () -> order.size() == 3);
    assertThat(order).containsExactly("outer", "first inner", "second inner");
  }

  @Test
  void aScanInSlicesSeesEveryRecordOnce() {
    Map<String, String> expected = new HashMap<>();
    for (int i = 0; i < 500; i++) {
      store("key" + i, "value" + i);
      expected.put("key" + i, "value" + i);
    }
    assertThat(scanAll(7)).isEqualTo(expected);
    assertThat(scanAll(10_000)).isEqualTo(expected);
  }

  @Test
  void aScanOfNothingEnds() {
    assertThat(scanAll(1)).isEmpty();
  }

  @Test
  void recordsMayComeAndGoDuringAScan() {
    for (int i = 0; i < 200; i++) {
      store("stays" + i, "");
      store("goes" + i, "");
    }
    List<String> seen = new ArrayList<>();
    RecordStore.Scan scan = owner.call(store::scan);
    int step = 0;
    boolean more = true;
    while (more) {
      more =
          owner.call(() -> scan.next(5, (key, record) -> seen.add(new String(key.bytes(), UTF_8))));
      if (step < 200) {
        int i = step++;
        owner.run(() -> store.locked(key("goes" + i), LockedRecord::delete));
        store("comes" + i, "");
      }
    }
    assertThat(seen).doesNotHaveDuplicates();
    assertThat(seen.stream().filter(name -> name.startsWith("stays"))).hasSize(200);
  }

  @Test
  void aVisitorMayAskForASectionWhichRunsLater() {
    store("a", "1");
    AtomicBoolean deleted = new AtomicBoolean();
    RecordStore.Scan scan = owner.call(store::scan);
    owner.run(
        () ->
            scan.next(
                10,
                (key, record) ->
                    store.locked(
                        key,
                        locked -> {
                          locked.delete();
                          deleted.set(true);
                        })));
    owner.await("the section has run", deleted::get);
    assertThat(fetch("a")).isNull();
  }

  @Test
  void aFrozenStoreQueuesSectionsUntilThaw() {
    store("old", "gone after the wipe");
    AtomicBoolean frozen = new AtomicBoolean();
    owner.run(() -> store.freeze(() -> frozen.set(true)));
    owner.await("frozen", frozen::get);

    List<String> ran = new ArrayList<>();
    owner.run(() -> store.locked(key("a"), record -> ran.add("1")));
    owner.run(() -> store.locked(key("a"), record -> ran.add("2")));
    owner.run(
        () -> {
          store.wipe();
          store.storeFrozen(key("a"), new StoredRecord(HEADER, data("pushed")));
          store.storeFrozen(key("b"), new StoredRecord(HEADER, data("pushed, too")));
        });
    assertThat(owner.call(() -> List.copyOf(ran))).isEmpty();

    owner.run(store::thaw);
    owner.await("both queued sections have run", () -> ran.size() == 2);
    assertThat(ran).containsExactly("1", "2");
    assertThat(scanAll(10)).isEqualTo(Map.of("a", "pushed", "b", "pushed, too"));
    owner.run(store::thaw);
  }

  @Test
  void wipeAndFillNeedAFreeze() {
    owner.run(
        () -> {
          assertThatThrownBy(store::wipe).hasMessageContaining("frozen");
          assertThatThrownBy(() -> store.storeFrozen(key("a"), new StoredRecord(HEADER, data(""))))
              .hasMessageContaining("frozen");
        });
  }

  @Test
  void freezingTwiceAndThawingOnceIsThawed() {
    AtomicBoolean second = new AtomicBoolean();
    owner.run(() -> store.freeze(() -> {}));
    owner.run(() -> store.freeze(() -> second.set(true)));
    owner.await("frozen for both", second::get);
    owner.run(store::thaw);
    AtomicBoolean ran = new AtomicBoolean();
    owner.run(() -> store.locked(key("a"), record -> ran.set(true)));
    owner.await("thawed", ran::get);

    owner.run(() -> store.freeze(() -> {}));
    owner.run(store::thaw);
    ran.set(false);
    owner.run(() -> store.locked(key("a"), record -> ran.set(true)));
    owner.await("thawed again", ran::get);
  }

  @Test
  void aClosedStoreDropsWhatStillWaits() {
    AtomicBoolean ran = new AtomicBoolean();
    AtomicBoolean frozen = new AtomicBoolean();
    owner.run(() -> store.freeze(() -> frozen.set(true)));
    owner.await("frozen", frozen::get);
    owner.run(() -> store.locked(key("a"), record -> ran.set(true)));
    owner.run(store::close);
    owner.run(store::close);
    owner.run(
        () ->
            assertThatThrownBy(() -> store.locked(key("a"), record -> {}))
                .hasMessageContaining("closed"));
    assertThat(ran).isFalse();
    assertThat(owner.failures()).isEmpty();
  }

  @Test
  void aStoreIsEmptyWhenOpenedAgain() {
    store("a", "1");
    owner.run(store::close);
    store = open(directory, owner);
    assertThat(scanAll(10)).isEmpty();
  }
}
