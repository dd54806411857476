package io.jctdb.store.tdb;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jctdb.linux.Tdb;
import io.jctdb.protocol.Key;
import io.jctdb.protocol.RecordHeader;
import io.jctdb.store.StoreException;
import io.jctdb.store.StoredRecord;
import io.jctdb.store.TransactionStore;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Persistent files that are not as they should be. */
@NullUnmarked
class DamagedFileTest {
  @TempDir Path directory;

  private Path file;

  private TdbTransactionStore open() {
    return TdbTransactionStore.open(file, TdbOpenMode.PERSISTENT, new TdbGeometry(101, 5));
  }

  /** A file as a kill -9 of a committing process left it. */
  private void unpack(String resource) throws IOException {
    file = directory.resolve(resource);
    try (InputStream packed = getClass().getResourceAsStream(resource + ".gz");
        InputStream content = new GZIPInputStream(packed)) {
      Files.copy(content, file);
    }
  }

  private static Key key(String text) {
    return new Key(text.getBytes(UTF_8));
  }

  @Test
  void whatACutOffCommitLeftBehindTheEndIsCleanedUp() throws IOException {
    unpack("aborted-growth.tdb");
    try (Tdb tdb = Tdb.open(file, 101, 0x400, Tdb.O_RDWR, 0)) {
      assertThat(tdb.check()).as("libtdb complains about it").isFalse();
    }
    try (TdbTransactionStore store = open()) {
      for (int i = 0; i < 5; i++) {
        StoredRecord record = store.fetch(key("same" + i));
        assertThat(record.header().rsn()).isEqualTo(15);
      }
      List<Key> keys = new ArrayList<>();
      store.forEach((key, record) -> keys.add(key));
      assertThat(keys).hasSize(20);
      assertThat(store.isHealthy()).isTrue();
    }
  }

  @Test
  void theCleaningBeforeTheInitEventIsEnoughForTdbtool() throws IOException {
    unpack("aborted-growth.tdb");
    TdbTransactionStore.cleanAfterCrash(file);
    try (Tdb tdb = Tdb.open(file, 101, 0x400, Tdb.O_RDWR, 0)) {
      assertThat(tdb.check()).isTrue();
      assertThat(tdb.traverseRead((key, value) -> true)).isEqualTo(20);
    }
    Path noise = Files.writeString(directory.resolve("noise.tdb"), "not a database");
    TdbTransactionStore.cleanAfterCrash(noise);
    assertThat(noise).hasContent("not a database");
    TdbTransactionStore.cleanAfterCrash(directory.resolve("missing.tdb"));
  }

  @Test
  void theSameForTheVeryFirstCommitOfAFile() throws IOException {
    unpack("aborted-first-growth.tdb");
    try (TdbTransactionStore store = open()) {
      assertThat(store.isHealthy()).isTrue();
      assertThat(store.fetch(key("same0"))).isNull();
    }
  }

  @Test
  void aFileWithAHoleIsRefusedAndLeftAsItIs() throws IOException {
    file = directory.resolve("hole.tdb");
    List<TransactionStore.Update> updates = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      updates.add(
          new TransactionStore.Update(
              key("key" + i), new StoredRecord(new RecordHeader(i, 0, 0), new byte[100])));
    }
    try (TdbTransactionStore store = open()) {
      store.apply(updates);
    }
    byte[] content = Files.readAllBytes(file);
    int end = lastUsed(content);
    for (int i = end - 8192; i < end - 4096; i++) {
      content[i] = 0;
    }
    Files.write(file, content);
    assertThatThrownBy(this::open)
        .isInstanceOf(StoreException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining("damaged")
        .hasMessageContaining("tdbtool");
    assertThat(Files.readAllBytes(file)).isEqualTo(content);
  }

  private static int lastUsed(byte[] content) {
    int end = content.length;
    while (content[end - 1] == 0) {
      end--;
    }
    return end;
  }

  @Test
  void aFileOfSomethingElseIsRefusedAndLeftAsItIs() throws IOException {
    file = directory.resolve("noise.tdb");
    byte[] content = "this is somebody's only copy of something".repeat(200).getBytes(UTF_8);
    Files.write(file, content);
    assertThatThrownBy(this::open)
        .isInstanceOf(StoreException.class)
        .hasMessageContaining("Nothing was changed");
    assertThat(Files.readAllBytes(file)).isEqualTo(content);
  }

  @Test
  void anEmptyFileIsAsGoodAsNone() throws IOException {
    file = Files.createFile(directory.resolve("empty.tdb"));
    try (TdbTransactionStore store = open()) {
      assertThat(store.isHealthy()).isTrue();
      assertThat(store.openFlags()).isEqualTo(0x400);
    }
  }

  @Test
  void aMissingDirectoryIsNamed() {
    file = directory.resolve("missing/registry.tdb.0");
    assertThatThrownBy(this::open)
        .hasMessageContaining(file.toString())
        .hasMessageContaining("directory");
  }

  @Test
  void aFileThatIsOpenAlreadyIsSaidToBe() {
    file = directory.resolve("twice.tdb");
    try (TdbTransactionStore store = open()) {
      assertThatThrownBy(this::open).hasMessageContaining("open already");
      assertThat(store.sequenceNumber()).isZero();
    }
  }
}
