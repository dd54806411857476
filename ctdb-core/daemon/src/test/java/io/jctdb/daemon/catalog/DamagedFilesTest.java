package io.jctdb.daemon.catalog;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jctdb.database.DatabaseType;
import io.jctdb.database.Databases.DurableDatabase;
import io.jctdb.database.DurableLane;
import io.jctdb.protocol.DatabaseId;
import io.jctdb.protocol.Key;
import io.jctdb.protocol.RecordHeader;
import io.jctdb.store.StoreException;
import io.jctdb.store.StoredRecord;
import io.jctdb.store.TransactionStore;
import io.jctdb.store.TransactionStore.Update;
import io.jctdb.store.tdb.TdbGeometry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.NullUnmarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A node of several, or the only one, starts with a persistent file that is damaged. */
@NullUnmarked
class DamagedFilesTest {
  private static final String NAME = "passdb.tdb";
  private static final Update USER =
      new Update(
          new Key("USER_a".getBytes(UTF_8)),
          new StoredRecord(new RecordHeader(7, 0, 0), new byte[100]));
  private static final DurableDatabase USERS =
      new DurableDatabase(DatabaseId.of(NAME), NAME, DatabaseType.PERSISTENT);

  @TempDir Path directory;

  private Path file;
  private DatabaseCatalog catalog;

  @BeforeEach
  void aSoundFile() throws Exception {
    file = directory.resolve(NAME + ".2");
    start(true);
    attach();
    List<Update> users = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      users.add(new Update(new Key(("USER_" + i).getBytes(UTF_8)), USER.record()));
    }
    users.add(USER);
    inLane(
        store -> {
          store.apply(users);
          return true;
        });
    catalog.closeAll();
  }

  @AfterEach
  void close() {
    catalog.closeAll();
  }

  private void start(boolean others) {
    if (catalog != null) {
      catalog.closeAll();
    }
    TdbStores stores = new TdbStores(Runnable::run, false, () -> new TdbGeometry(101, 5), others);
    catalog = new DatabaseCatalog(2, directory, directory, stores);
    catalog.cleanAfterCrash();
  }

  private AttachedDatabase attach() {
    return catalog.attach(NAME, DatabaseType.PERSISTENT);
  }

  private static boolean apply(TransactionStore store, Update update) {
    store.apply(List.of(update));
    return true;
  }

  private <T> T inLane(Function<TransactionStore, T> work) {
    CompletableFuture<T> outcome = new CompletableFuture<>();
    DurableLane lane = catalog.durableLane(USERS.dbId());
    lane.submit(work, outcome::complete, outcome::completeExceptionally);
    return outcome.join();
  }

  private byte[] garbage() throws IOException {
    byte[] content = "this is no database".repeat(1_000).getBytes(UTF_8);
    Files.write(file, content);
    return content;
  }

  private List<Path> setAside() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(f -> f.toString().contains(".tdb.2.damaged-")).sorted().toList();
    }
  }

  private void assertThatItWaitsForContent() throws IOException {
    assertThat(attach().healthProblem())
        .contains("restoredb")
        .containsAnyOf(setAside().stream().map(Path::toString).toArray(String[]::new));
    assertThatThrownBy(() -> inLane(TransactionStore::sequenceNumber))
        .isInstanceOf(CompletionException.class)
        .hasCauseInstanceOf(StoreException.class);
    assertThatThrownBy(() -> inLane(store -> apply(store, USER)))
        .hasCauseInstanceOf(StoreException.class);
    assertThat(catalog.durable()).as("what the others are offered").isEmpty();
  }

  @Test
  void garbageIsKeptBesideItAndTheDatabaseWaitsForContent() throws IOException {
    byte[] damaged = garbage();
    start(true);
    assertThat(setAside()).hasSize(1);
    assertThat(setAside().getFirst())
        .hasBinaryContent(damaged)
        .asString()
        .matches(".*/passdb\\.tdb\\.2\\.damaged-\\d{8}T\\d{6}Z");
    assertThatItWaitsForContent();
  }

  @Test
  void soDoesAFileThatWasCutShort() throws IOException {
    byte[] whole = Files.readAllBytes(file);
    for (int length : new int[] {0, 100, 600, 8192, 20_000}) {
      Files.deleteIfExists(directory.resolve(NAME + ".2.awaited"));
      Files.write(file, Arrays.copyOf(whole, length));
      int before = setAside().size();
      start(true);
      assertThat(setAside()).as("cut to " + length).hasSize(before + 1);
      assertThatItWaitsForContent();
    }
  }

  @Test
  void theContentOfTheOthersMakesItHealthyForGood() throws IOException {
    garbage();
    start(true);
    attach();
    inLane(
        store -> {
          store.replaceAll(List.of(USER));
          return true;
        });
    assertThat(attach().healthProblem()).isEmpty();
    assertThat(inLane(store -> store.fetch(USER.key())).header().rsn()).isEqualTo(7);
    assertThat(catalog.durable()).containsExactly(USERS);
    start(true);
    assertThat(attach().healthProblem()).isEmpty();
    assertThat(inLane(store -> store.fetch(USER.key())).header().rsn()).isEqualTo(7);
    assertThat(setAside()).hasSize(1);
  }

  @Test
  void aRestartBeforeThatDoesNotMakeTheEmptyFileAnEmptyDatabase() throws IOException {
    garbage();
    start(true);
    start(true);
    assertThatItWaitsForContent();
    start(false);
    assertThatItWaitsForContent();
    assertThat(setAside()).hasSize(1);
  }

  @Test
  void aSoundFileThatIsPutBackIsUsed() throws IOException {
    byte[] sound = Files.readAllBytes(file);
    garbage();
    start(true);
    catalog.closeAll();
    Files.write(file, sound);
    start(true);
    assertThat(attach().healthProblem()).isEmpty();
    assertThat(inLane(store -> store.fetch(USER.key())).header().rsn()).isEqualTo(7);
  }

  @Test
  void whatWasSetAsideBeforeIsNotOverwritten() throws IOException {
    garbage();
    start(true);
    catalog.closeAll();
    garbage();
    start(true);
    assertThat(setAside()).hasSize(2);
  }

  @Test
  void damageThatShowsWhileTheFileIsInUseIsReported() throws Exception {
    List<String> reports = Collections.synchronizedList(new ArrayList<>());
    catalog.onDamage((name, path, problem) -> reports.add(name + " " + path + " " + problem));
    attach();
    assertThatThrownBy(() -> inLane(store -> refuse("no room on the disk")));
    assertThat(reports).as("a failure that is no damage").isEmpty();
    assertThat(attach().healthProblem()).isEmpty();

    start(true);
    catalog.onDamage((name, path, problem) -> reports.add(name + " " + path + " " + problem));
    attach();
    overwriteTheMiddle();
    assertThatThrownBy(() -> inLane(DamagedFilesTest::readAll));

    assertThat(reports)
        .hasSize(1)
        .first()
        .asString()
        .startsWith("passdb.tdb " + file + " ")
        .contains("the file is damaged");
    assertThat(attach().healthProblem()).contains("the file is damaged");
    assertThat(catalog.healthProblems()).hasSize(1);
    assertThat(catalog.durable()).as("it may still be the best there is").containsExactly(USERS);

    start(true);
    assertThatItWaitsForContent();
  }

  private static boolean refuse(String why) {
    throw new StoreException(why);
  }

  private static int readAll(TransactionStore store) {
    int[] records = {0};
    store.forEach((key, record) -> records[0]++);
    return records[0];
  }

  /** By another process: closing a descriptor of this one would drop libtdb's locks. */
  private void overwriteTheMiddle() throws Exception {
    Process dd =
        new ProcessBuilder(
                "dd",
                "if=/dev/urandom",
                "of=" + file,
                "bs=4096",
                "seek=2",
                "count=4",
                "conv=notrunc",
                "status=none")
            .inheritIO()
            .start();
    assertThat(dd.waitFor()).isZero();
  }

  @Test
  void theOnlyNodeRefusesItAndLeavesItAsItIs() throws IOException {
    byte[] damaged = garbage();
    start(false);
    assertThatThrownBy(this::attach)
        .isInstanceOf(StoreException.class)
        .hasMessageContaining(file.toString());
    assertThat(file).hasBinaryContent(damaged);
    assertThat(setAside()).isEmpty();
  }
}
