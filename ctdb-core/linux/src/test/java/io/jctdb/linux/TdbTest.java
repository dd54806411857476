package io.jctdb.linux;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The binding against the installed library; the flag values are those that the daemon uses. */
class TdbTest {
  private static final int VOLATILE_MUTEX = 0x1C41;
  private static final int VOLATILE_FCNTL = 0x0C41;
  private static final int PERSISTENT = 0x0400;

  @TempDir Path directory;

  private Tdb open(int flags) {
    return Tdb.open(directory.resolve("test.tdb.0"), 1009, flags, Tdb.O_CREAT | Tdb.O_RDWR, 0600);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }

  @ParameterizedTest
  @ValueSource(ints = {VOLATILE_MUTEX, VOLATILE_FCNTL, PERSISTENT})
  void recordsAreStoredReplacedAndRemoved(int flags) {
    try (Tdb tdb = open(flags)) {
      assertThat(tdb.fetch(bytes("colour"))).isNull();

      tdb.store(bytes("colour"), bytes("blue"));
      assertThat(tdb.fetch(bytes("colour"))).isEqualTo(bytes("blue"));
      tdb.store(bytes("colour"), bytes("dark "), bytes("red"));
      assertThat(tdb.fetch(bytes("colour"))).isEqualTo(bytes("dark red"));
      tdb.store(bytes("nothing"), bytes(""));
      assertThat(tdb.fetch(bytes("nothing"))).isEmpty();
      tdb.store(bytes(""), bytes("an empty key"));
      assertThat(tdb.fetch(bytes(""))).isEqualTo(bytes("an empty key"));

      assertThat(tdb.delete(bytes("colour"))).isTrue();
      assertThat(tdb.delete(bytes("colour"))).isFalse();
      assertThat(tdb.check()).isTrue();
    }
  }

  @Test
  void storeModesRespectWhatIsThere() {
    try (Tdb tdb = open(PERSISTENT)) {
      assertThat(tdb.store(bytes("a"), bytes("1"), Tdb.StoreMode.MODIFY)).isFalse();
      assertThat(tdb.store(bytes("a"), bytes("2"), Tdb.StoreMode.INSERT)).isTrue();
      assertThat(tdb.store(bytes("a"), bytes("3"), Tdb.StoreMode.INSERT)).isFalse();
      assertThat(tdb.store(bytes("a"), bytes("4"), Tdb.StoreMode.MODIFY)).isTrue();
      assertThat(tdb.fetch(bytes("a"))).isEqualTo(bytes("4"));
    }
  }

  @Test
  void aValueOfSeveralMegabytesGoesInAndOut() {
    byte[] value = new byte[5 << 20];
    for (int i = 0; i < value.length; i++) {
      value[i] = (byte) (i * 31);
    }
    try (Tdb tdb = open(VOLATILE_MUTEX)) {
      tdb.store(bytes("big"), value);
      tdb.store(bytes("small"), bytes("x"));
      assertThat(tdb.fetch(bytes("big"))).isEqualTo(value);
      assertThat(tdb.fetch(bytes("small"))).isEqualTo(bytes("x"));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {VOLATILE_MUTEX, VOLATILE_FCNTL})
  void chainLocksNestAndMarksBalance(int flags) {
    try (Tdb tdb = open(flags)) {
      byte[] key = bytes("key");
      assertThat(tdb.tryChainLock(key)).isTrue();
      assertThat(tdb.tryChainLock(key)).isTrue();
      tdb.store(key, bytes("under lock"));
      tdb.chainUnlock(key);
      tdb.chainUnlock(key);
      tdb.markChainLock(key);
      assertThat(tdb.fetch(key)).isEqualTo(bytes("under lock"));
      tdb.unmarkChainLock(key);
      tdb.chainLock(key);
      tdb.chainUnlock(key);
      assertThat(tdb.tryLockAll()).isTrue();
      tdb.unlockAll();
    }
  }

  @Test
  void aCancelledTransactionLeavesNothingBehind() {
    try (Tdb tdb = open(PERSISTENT)) {
      tdb.transactionStart();
      tdb.store(bytes("kept"), bytes("1"));
      tdb.transactionPrepare();
      tdb.transactionCommit();
      tdb.transactionStart();
      tdb.store(bytes("lost"), bytes("1"));
      assertThat(tdb.transactionActive()).isTrue();
      tdb.transactionCancel();
      assertThat(tdb.transactionActive()).isFalse();
      assertThat(tdb.fetch(bytes("kept"))).isNotNull();
      assertThat(tdb.fetch(bytes("lost"))).isNull();
      tdb.repack();
      assertThat(tdb.fetch(bytes("kept"))).isNotNull();
    }
  }

  @Test
  void walksSeeEveryRecordAndCanBeEnded() {
    try (Tdb tdb = open(VOLATILE_MUTEX)) {
      for (int i = 0; i < 100; i++) {
        tdb.store(bytes("key" + i), bytes("" + i));
      }
      List<String> seen = new ArrayList<>();
      assertThat(tdb.traverseRead((key, value) -> seen.add(new String(key, UTF_8)))).isEqualTo(100);
      assertThat(seen).doesNotHaveDuplicates().hasSize(100);

      List<String> byChain = new ArrayList<>();
      for (int chain = 0; chain < tdb.hashSize(); chain++) {
        tdb.traverseChain(chain, (key, value) -> byChain.add(new String(key, UTF_8)));
      }
      assertThat(byChain).containsExactlyInAnyOrderElementsOf(seen);

      List<String> few = new ArrayList<>();
      tdb.traverseRead(
          (key, value) -> {
            few.add("");
            return few.size() < 3;
          });
      assertThat(few).hasSize(3);

      tdb.wipeAll();
      assertThat(tdb.traverseRead((key, value) -> true)).isZero();
    }
  }

  @Test
  void anExceptionInAVisitorReachesTheCallerAndNotTheLibrary() {
    try (Tdb tdb = open(PERSISTENT)) {
      tdb.store(bytes("a"), bytes("1"));
      assertThatThrownBy(
              () ->
                  tdb.traverseRead(
                      (key, value) -> {
                        throw new IllegalArgumentException("visitor");
                      }))
          .isInstanceOf(IllegalArgumentException.class);
      assertThat(tdb.traverseRead((key, value) -> true)).isEqualTo(1);
    }
  }

  @Test
  void theSequenceNumberCountsOnceEnabled() {
    try (Tdb tdb = open(VOLATILE_MUTEX)) {
      tdb.store(bytes("a"), bytes("1"));
      assertThat(tdb.sequenceNumber()).isZero();
      tdb.enableSequenceNumber();
      assertThat(tdb.flags() & Tdb.SEQNUM).isNotZero();
      tdb.store(bytes("a"), bytes("2"));
      tdb.incrementSequenceNumber();
      assertThat(tdb.sequenceNumber()).isEqualTo(2);
      tdb.setMaxDead(5);
      assertThat(tdb.hashSize()).isEqualTo(1009);
      assertThat(tdb.mapSize()).isPositive();
      assertThat(tdb.fd()).isPositive();
      assertThat(tdb.freeListSize()).isNotNegative();
    }
  }

  @Test
  void errorsNameTheFileTheOperationAndTheReason() {
    Path missing = directory.resolve("no/such/file.tdb");
    assertThatThrownBy(() -> Tdb.open(missing, 0, 0, Tdb.O_RDWR, 0))
        .isInstanceOf(TdbException.class)
        .hasMessageContaining(missing.toString())
        .hasMessageContaining("open failed")
        .hasMessageContaining("No such file or directory");
    Tdb tdb = open(VOLATILE_MUTEX);
    assertThatThrownBy(() -> open(VOLATILE_MUTEX))
        .isInstanceOfSatisfying(
            TdbException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EBUSY));
    tdb.close();
    tdb.close();
    assertThatThrownBy(() -> tdb.fetch(bytes("a")))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
  }
}
