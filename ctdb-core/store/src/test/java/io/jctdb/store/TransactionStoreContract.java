package io.jctdb.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jctdb.protocol.Key;
import io.jctdb.protocol.RecordHeader;
import io.jctdb.store.TransactionStore.Update;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What every {@link TransactionStore} must do, whatever is behind it. */
@NullUnmarked
public abstract class TransactionStoreContract {
  @TempDir protected Path directory;
  private TransactionStore store;

  protected abstract TransactionStore open(Path directory);

  @BeforeEach
  void openStore() {
    store = open(directory);
  }

  @AfterEach
  void closeStore() {
    store.close();
  }

  private void reopen() {
    store.close();
    store = open(directory);
  }

  protected static Key key(String text) {
    return new Key(text.getBytes(UTF_8));
  }

  protected static Update update(String key, String data) {
    return new Update(key(key), new StoredRecord(new RecordHeader(7, 1, 0), data.getBytes(UTF_8)));
  }

  private static Update sequence(long number) {
    return new Update(
        TransactionStore.SEQUENCE_KEY,
        new StoredRecord(new RecordHeader(0, 0, 0), SequenceNumbers.data(number)));
  }

  private Map<String, String> content() {
    Map<String, String> content = new HashMap<>();
    store.forEach(
        (key, record) ->
            content.put(new String(key.bytes(), UTF_8), new String(record.data(), UTF_8)));
    return content;
  }

  @Test
  void allUpdatesOfATransactionAreThere() {
    store.apply(List.of(update("a", "1"), update("b", "2"), update("a", "3")));
    assertThat(content()).isEqualTo(Map.of("a", "3", "b", "2"));
    assertThat(store.fetch(key("a")).header()).isEqualTo(new RecordHeader(7, 1, 0));
    assertThat(store.fetch(key("absent"))).isNull();
  }

  @Test
  void theSequenceNumberIsTheValueOfItsRecord() {
    assertThat(store.sequenceNumber()).isZero();
    assertThat(content()).isEmpty();
    store.apply(List.of(update("a", "1"), sequence(0x0102030405060708L)));
    assertThat(store.sequenceNumber()).isEqualTo(0x0102030405060708L);
    store.apply(
        List.of(
            new Update(
                TransactionStore.SEQUENCE_KEY,
                new StoredRecord(new RecordHeader(0, 0, 0), new byte[] {1, 2}))));
    assertThat(store.sequenceNumber()).isZero();
  }

  @Test
  void replacingEverythingLeavesNothingElse() {
    store.apply(List.of(update("old", "1"), update("both", "1"), sequence(5)));
    store.replaceAll(List.of(update("new", "2"), update("both", "2"), sequence(9)));
    assertThat(store.fetch(key("old"))).isNull();
    assertThat(store.fetch(key("both")).data()).isEqualTo("2".getBytes(UTF_8));
    assertThat(store.sequenceNumber()).isEqualTo(9);
    assertThat(content()).hasSize(3);
  }

  @Test
  void contentThatFailsToArriveChangesNothing() {
    store.apply(List.of(update("a", "1")));
    Iterable<Update> broken =
        () -> {
          throw new IllegalStateException("the sender is gone");
        };
    assertThatThrownBy(() -> store.replaceAll(broken)).hasMessageContaining("the sender is gone");
    assertThat(content()).isEqualTo(Map.of("a", "1"));
    store.apply(List.of(update("a", "2")));
    assertThat(content()).isEqualTo(Map.of("a", "2"));
  }

  @Test
  void manyRecordsInOneTransaction() {
    List<Update> updates = new ArrayList<>();
    for (int i = 0; i < 5000; i++) {
      updates.add(update("key" + i, "value" + i));
    }
    store.apply(updates);
    reopen();
    store.apply(List.of());
    assertThat(content().size()).isIn(0, 5000); // 0: a replicated copy is refilled by others
  }
}
