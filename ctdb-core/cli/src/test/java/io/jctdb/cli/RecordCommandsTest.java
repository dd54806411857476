package io.jctdb.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.protocol.Control;
import io.jctdb.protocol.DatabaseId;
import io.jctdb.protocol.RecordHeader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an administrator does to single records, and what becomes of it. */
final class RecordCommandsTest {
  private static final byte[] KEY = bytes("key");
  private final OneNode node = new OneNode();

  @Test
  void whatIsWrittenIsReadAgain() {
    assertThat(node.run("writekey", "vol.tdb", "key", "value")).isZero();
    assertThat(node.printed()).isEmpty();
    assertThat(node.run("readkey", "vol.tdb", "key")).isZero();
    assertThat(node.printed()).isEqualTo("Data: size:5 ptr:[value]\n");
  }

  @Test
  void aRecordOfAnotherNodeIsBroughtHereBeforeItIsWritten() {
    node.put("vol.tdb", KEY, new RecordHeader(7, 2, 0), bytes("theirs"));
    assertThat(node.run("readkey", "vol.tdb", "key")).isZero();
    assertThat(node.printed()).isEqualTo("Data: size:6 ptr:[theirs]\n");
  }

  @Test
  void aRecordWithReadOnlyCopiesElsewhereIsNotWrittenUntilTheyAreRevoked() {
    RecordHeader delegated = new RecordHeader(7, 0, RecordHeader.RO_HAVE_DELEGATIONS);
    node.put("vol.tdb", KEY, delegated, bytes("old"));
    assertThat(node.run("writekey", "vol.tdb", "key", "new")).isZero();
    assertThat(node.value("vol.tdb", KEY)).isEqualTo(bytes("new"));
  }

  @Test
  void aDeletedRecordIsEmptyAndScheduledForRemoval() {
    node.run("writekey", "vol.tdb", "0x6b6579", "0x00ff");
    assertThat(node.run("deletekey", "vol.tdb", "key")).isZero();
    assertThat(node.value("vol.tdb", KEY)).isEmpty();
    assertThat(node.asked).endsWith(Control.SCHEDULE_FOR_DELETION);
  }

  @Test
  void persistentRecordsAreNotForTheseCommands() {
    assertThat(node.run("writekey", "pers.tdb", "key", "value")).isEqualTo(1);
    assertThat(node.complained()).isEqualTo("DB pers.tdb is not a volatile database\n");
    assertThat(node.run("pstore", "vol.tdb", "key", "value")).isEqualTo(1);
    assertThat(node.complained()).isEqualTo("Transactions not supported on DB vol.tdb\n");
  }

  @Test
  void aStoredPersistentRecordIsCommittedWithTheNextSequenceNumber() {
    assertThat(node.run("pstore", "pers.tdb", "key", "one")).isZero();
    assertThat(node.run("pstore", "pers.tdb", "key", "two")).isZero();
    assertThat(node.run("pfetch", "pers.tdb", "key")).isZero();
    assertThat(node.printed()).isEqualTo("two\n");
    assertThat(sequenceNumber()).isEqualTo(2);
  }

  @Test
  void storingTheSameValueCommitsNothing() {
    node.run("pstore", "pers.tdb", "key", "one");
    node.asked.clear();
    assertThat(node.run("pstore", "pers.tdb", "key", "one")).isZero();
    assertThat(node.asked).doesNotContain(Control.TRANS3_COMMIT);
  }

  @Test
  void goodLinesAreOneTransactionAndBadOnesAreReported() {
    node.type("\"a\" \"1\"\n# comment\n\t\"0x62\" \"0x32\" trailing\n\"c\" \"\"\n");
    assertThat(node.run("ptrans", "pers.tdb")).isZero();
    assertThat(node.complained()).isEqualTo("Unsupported input format in # comment\n\n");
    assertThat(node.value("pers.tdb", bytes("a"))).isEqualTo(bytes("1"));
    assertThat(node.value("pers.tdb", bytes("b"))).isEqualTo(bytes("2"));
    assertThat(sequenceNumber()).isEqualTo(1);
  }

  @Test
  void aRefusedCommitIsTriedAgainUntilItSucceeds() {
    node.commitStatus.add(-1);
    node.commitStatus.add(2);
    assertThat(node.run("pstore", "pers.tdb", "key", "one")).isZero();
    assertThat(node.asked.stream().filter(c -> c == Control.TRANS3_COMMIT)).hasSize(3);
    assertThat(sequenceNumber()).isEqualTo(1);
  }

  @Test
  void aCommitThatARecoveryCompletedIsNotRepeated() {
    node.commitStatus.add(2);
    node.recoveryCompletesCommits = true;
    assertThat(node.run("pstore", "pers.tdb", "key", "one")).isZero();
    assertThat(node.asked.stream().filter(c -> c == Control.TRANS3_COMMIT)).hasSize(1);
  }

  @Test
  void theLockOfALivingSmbdIsRespected() {
    node.put("g_lock.tdb", lockKey(), new RecordHeader(1, 0, 0), lock(0, 1234));
    node.holderLives = 3;
    assertThat(node.run("pstore", "pers.tdb", "key", "one")).isZero();
    assertThat(node.asked.stream().filter(c -> c == Control.CHECK_PID_SRVID)).hasSize(4);
    assertThat(node.asked.indexOf(Control.TRANS3_COMMIT))
        .isGreaterThan(node.asked.lastIndexOf(Control.CHECK_PID_SRVID));
  }

  @Test
  void waitersStayInTheRecordWhenTheLockIsGivenBack() {
    node.put("g_lock.tdb", lockKey(), new RecordHeader(1, 0, 0), lock(1, 0));
    assertThat(node.run("pstore", "pers.tdb", "key", "one")).isZero();
    byte[] after = Objects.requireNonNull(node.value("g_lock.tdb", lockKey()));
    assertThat(after).isEqualTo(lock(1, 0));
  }

  @Test
  void aLockRecordThatIsNotUnderstoodKeepsUsOut() {
    node.put("g_lock.tdb", lockKey(), new RecordHeader(1, 0, 0), new byte[] {1, 2, 3, 4, 5});
    assertThat(node.run("pstore", "pers.tdb", "key", "one")).isNotZero();
    assertThat(node.complained()).contains("unknown layout");
    assertThat(node.value("pers.tdb", KEY)).isNull();
  }

  @Test
  void aBackupHoldsWhatTheDatabaseHeld(@TempDir Path folder) {
    String file = folder.resolve("pers.bak").toString();
    node.run("pstore", "pers.tdb", "key", "one");
    assertThat(node.run("backupdb", "pers.tdb", file)).isZero();
    assertThat(node.printed()).isEqualTo("Database backed up to " + file + "\n");
    assertThat(node.run("dumpdbbackup", file)).isZero();
    assertThat(node.printed())
        .startsWith("Dumping database pers.tdb from backup @ ")
        .contains("key(3) = \"key\"\ndmaster: 0\nrsn: 1\nflags: 0x00000000\ndata(3) = \"one\"\n")
        .endsWith("Dumped 2 record(s)\n");
  }

  @Test
  void aBackupThatIsCutShortIsRefused(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("pers.bak");
    node.run("pstore", "pers.tdb", "key", "one");
    node.run("backupdb", "pers.tdb", file.toString());
    byte[] whole = Files.readAllBytes(file);
    for (int length : new int[] {0, 7, 50, 103, 104, 119, whole.length - 1}) {
      Files.write(file, Arrays.copyOf(whole, length));
      assertThat(node.run("dumpdbbackup", file.toString())).as("%d bytes", length).isNotZero();
      assertThat(node.complained()).isNotEmpty();
    }
  }

  private long sequenceNumber() {
    byte[] value = Objects.requireNonNull(node.value("pers.tdb", Transaction.SEQUENCE_KEY));
    return ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN).getLong();
  }

  private static byte[] lockKey() {
    int id = DatabaseId.of("pers.tdb");
    return bytes("transaction_db_" + Text.id(id) + "\0");
  }

  /** smbd's layout: so many waiters, and an exclusive holder with this pid (0: none). */
  private static byte[] lock(int waiters, int pid) {
    ByteBuffer lock = ByteBuffer.allocate(4 + 32 * waiters + 44).order(ByteOrder.LITTLE_ENDIAN);
    lock.putInt(waiters);
    for (int i = 0; i < waiters; i++) {
      lock.putLong(99).putInt(0).putInt(0).putLong(5).putLong(1);
    }
    lock.putLong(pid).putInt(0).putInt(0).putLong(pid == 0 ? 0 : 77);
    return lock.putLong(0).putLong(0).putInt(0).array();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
