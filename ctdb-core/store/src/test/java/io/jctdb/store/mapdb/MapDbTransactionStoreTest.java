package io.jctdb.store.mapdb;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.jctdb.store.TransactionStore;
import io.jctdb.store.TransactionStoreContract;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class MapDbTransactionStoreTest extends TransactionStoreContract {
  @Override
  protected TransactionStore open(Path directory) {
    return MapDbTransactionStore.open(directory.resolve("copy.mapdb"));
  }

  @Test
  void aProperlyClosedCopyIsUsedAgain() {
    Path file = directory.resolve("kept.mapdb");
    try (TransactionStore store = MapDbTransactionStore.open(file)) {
      store.apply(List.of(update("a", "1")));
    }
    try (TransactionStore store = MapDbTransactionStore.open(file)) {
      assertThat(store.fetch(key("a"))).isNotNull();
    }
  }

  @Test
  void aCopyThatWasNotClosedIsDiscarded() throws IOException {
    Path file = directory.resolve("crashed.mapdb");
    Path crashed = directory.resolve("crashed-copy.mapdb");
    try (TransactionStore store = MapDbTransactionStore.open(file)) {
      store.apply(List.of(update("a", "1")));
      Files.copy(file, crashed); // as a kill -9 would leave it
    }
    try (TransactionStore store = MapDbTransactionStore.open(crashed)) {
      assertThat(store.fetch(key("a"))).isNull();
      store.apply(List.of(update("b", "2")));
      assertThat(store.fetch(key("b"))).isNotNull();
    }
  }

  @Test
  void aFileOfSomethingElseIsDiscarded() throws IOException {
    Path file = directory.resolve("noise.mapdb");
    Files.write(file, "this is not a database".repeat(1000).getBytes(UTF_8));
    try (TransactionStore store = MapDbTransactionStore.open(file)) {
      assertThat(store.sequenceNumber()).isZero();
    }
  }
}
