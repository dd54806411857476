package io.jctdb.store.tdb;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.linux.Tdb;
import io.jctdb.protocol.Key;
import io.jctdb.store.StoredRecord;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** kill -9 in the middle of the work (databases.md 13: 4, 25). */
@NullUnmarked
class KillTest {
  @TempDir Path directory;
  private final Random random = new Random(20261121);

  private static byte[] key(String text) {
    return text.getBytes(UTF_8);
  }

  /** Lets the process work for a random while and kills it; true once it has died. */
  private void killSoon(SmbdProcess process) {
    LockSupport.parkNanos(random.nextInt(2_000_000));
    process.kill();
  }

  @Test
  void aTransactionIsThereAsAWholeOrNotAtAllAndNoneIsLost() {
    Path file = directory.resolve("persistent.tdb.0");
    long acknowledged = 0;
    for (int round = 0; round < 12; round++) {
      try (SmbdProcess daemon = SmbdProcess.start()) {
        daemon.begins("commit-forever " + file);
        for (int i = 1 + random.nextInt(30); i > 0; i--) {
          acknowledged = Long.parseLong(daemon.reply());
        }
        killSoon(daemon);
        for (String line = daemon.reply(); line != null; line = daemon.reply()) {
          acknowledged = Long.parseLong(line);
        }
      }
      try (TdbTransactionStore store =
          TdbTransactionStore.open(file, TdbOpenMode.PERSISTENT, TdbGeometry.DEFAULT)) {
        Set<Long> numbers = new HashSet<>();
        for (int i = 0; i < 5; i++) {
          StoredRecord record = store.fetch(new Key(key("same" + i)));
          numbers.add(record.header().rsn());
        }
        assertThat(numbers).as("one transaction wrote all five").hasSize(1);
        long last = numbers.iterator().next();
        assertThat(last).isBetween(acknowledged, acknowledged + 1);
        StoredRecord ring = store.fetch(new Key(key("ring" + last % 200)));
        assertThat(ring.header().rsn()).isEqualTo(last);
        assertThat(store.isHealthy()).isTrue();
      }
    }
  }

  /**
   * A volatile file has no transactions: replacing a value may delete the old one before it links
   * the new one, so the record that is being stored at that moment may be lost (as with ctdbd; the
   * node's records are then found at the other nodes). No other may be.
   */
  @ParameterizedTest
  @EnumSource(names = {"VOLATILE_MUTEX", "VOLATILE_FCNTL"})
  void whatADaemonStoredBeforeItWasKilledIsSeenByItsSmbd(TdbOpenMode mode) {
    for (int round = 0; round < 4; round++) {
      Path file = directory.resolve("volatile" + round + ".tdb.0");
      Map<String, Long> acknowledged = new HashMap<>();
      try (Tdb smbd = Tdb.open(file, 101, mode.flags(), Tdb.O_RDWR | Tdb.O_CREAT, 0600);
          SmbdProcess daemon = SmbdProcess.start()) {
        daemon.begins("store-forever " + file + " " + mode + " seed" + round);
        for (int i = 1 + random.nextInt(600); i > 0; i--) {
          note(daemon.reply(), acknowledged);
        }
        killSoon(daemon);
        for (String line = daemon.reply(); line != null; line = daemon.reply()) {
          note(line, acknowledged);
        }
        List<String> lost = new ArrayList<>();
        acknowledged.forEach(
            (name, number) -> {
              byte[] value = smbd.fetch(key(name));
              if (value == null || TdbValues.read(value).header().rsn() < number) {
                lost.add(name);
              }
            });
        assertThat(lost).hasSizeLessThanOrEqualTo(1);
        assertThat(smbd.tryLockAll()).as("no lock is left behind").isTrue();
        smbd.unlockAll();
        smbd.store(key("still"), key("usable"));
        assertThat(smbd.fetch(key("still"))).isEqualTo(key("usable"));
      }
    }
  }

  private static void note(String line, Map<String, Long> acknowledged) {
    String[] words = line.split(" ");
    if (words.length == 2) { // the last line may have been cut off
      acknowledged.put(words[0], Long.parseLong(words[1]));
    }
  }
}
