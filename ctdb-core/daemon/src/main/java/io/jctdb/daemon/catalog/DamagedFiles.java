package io.jctdb.daemon.catalog;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.jctdb.store.DamagedStoreException;
import io.jctdb.store.StoreException;
import io.jctdb.store.tdb.TdbGeometry;
import io.jctdb.store.tdb.TdbOpenMode;
import io.jctdb.store.tdb.TdbTransactionStore;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens persistent files, and sets damaged ones aside where other nodes may have the content.
 *
 * <p>The damaged file is kept as {@code FILE.damaged-YYYYMMDDThhmmssZ}. Before it is moved, a note
 * is written, {@code FILE.awaited}, which says that whatever empty file is found there is no
 * content; it goes when a content has been put in. So a kill or a loss of power in between never
 * turns a damaged database into an empty one. Where there are no other nodes, the file is refused
 * and left as it is.
 */
final class DamagedFiles {
  private static final Logger log = LoggerFactory.getLogger(DamagedFiles.class);

  /** Between the name of a file and the time at which it was set aside. */
  static final String MARK = ".damaged-";

  static final DateTimeFormatter TIMESTAMP =
      DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

  private final boolean others;
  private final Clock clock;

  /** A file, and what it waits for if it is there in place of a damaged one. */
  record Opened(TdbTransactionStore store, @Nullable AwaitedCopy awaited) {}

  /**
   * @param others whether the cluster has nodes other than this one
   */
  DamagedFiles(boolean others, Clock clock) {
    this.others = others;
    this.clock = clock;
  }

  /**
   * @throws StoreException if the file cannot be opened, or is damaged and there are no other nodes
   */
  Opened open(Path file, TdbGeometry geometry) {
    TdbTransactionStore store;
    try {
      store = openSound(file, geometry);
    } catch (DamagedStoreException e) {
      if (!others) {
        throw e;
      }
      setAside(file, e);
      store = openAs(file, geometry);
    }
    boolean done = false;
    try {
      Opened opened = new Opened(store, awaited(file, store));
      done = true;
      return opened;
    } finally {
      if (!done) {
        store.close();
      }
    }
  }

  private TdbTransactionStore openSound(Path file, TdbGeometry geometry) {
    if (others && isCutToNothing(file) && note(file) == null) {
      throw new DamagedStoreException(file + ": the file has been cut to nothing");
    }
    return openAs(file, geometry);
  }

  private static TdbTransactionStore openAs(Path file, TdbGeometry geometry) {
    return TdbTransactionStore.open(file, TdbOpenMode.PERSISTENT, geometry);
  }

  private static boolean isCutToNothing(Path file) {
    try {
      return Files.exists(file) && Files.size(file) == 0;
    } catch (IOException e) {
      throw new StoreException(file + ": cannot be looked at: " + e.getMessage(), e);
    }
  }

  // --- the note ----------------------------------------------------------------------------------

  private static Path noteOf(Path file) {
    return file.resolveSibling(file.getFileName() + ".awaited");
  }

  private static @Nullable String note(Path file) {
    Path note = noteOf(file);
    try {
      return Files.exists(note) ? Files.readString(note).strip() : null;
    } catch (IOException e) {
      throw new StoreException(note + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private static @Nullable AwaitedCopy awaited(Path file, TdbTransactionStore store) {
    String note = note(file);
    if (note == null) {
      return null;
    }
    if (hasRecords(store)) {
      removeNote(file); // the copy was there before the note could go, or somebody put a file back
      return null;
    }
    return new AwaitedCopy(
        store,
        note.isEmpty() ? file + ": the damaged copy was set aside" : note,
        () -> {
          removeNote(file);
          log.info("{}: the damaged copy has been replaced", file);
        });
  }

  private static boolean hasRecords(TdbTransactionStore store) {
    boolean[] any = {false};
    store.forEach((key, record) -> any[0] = true);
    return any[0];
  }

  private static void removeNote(Path file) {
    try {
      Files.deleteIfExists(noteOf(file));
    } catch (IOException e) {
      log.warn("{}: cannot be removed: {}", noteOf(file), e.getMessage());
    }
  }

  // --- setting aside -----------------------------------------------------------------------------

  private void setAside(Path file, StoreException damage) {
    Path aside = freeName(file);
    String reason =
        "damaged copy set aside as "
            + aside
            + "; waiting for the content from another node. If no other node has it: restore a"
            + " backup with ctdb restoredb, or stop ctdbd and put a sound file at "
            + file;
    try {
      writeNote(file, reason);
      Files.move(file, aside);
      sync(file.toAbsolutePath().resolveSibling(".").normalize());
    } catch (IOException e) {
      throw new StoreException(
          damage.getMessage() + "; it cannot be set aside as " + aside + ": " + e.getMessage(), e);
    }
    log.error("{}: {}", file, reason);
    log.info("{}: what was wrong with it: {}", file, damage.getMessage());
  }

  /** Nothing that was set aside before is overwritten. */
  private Path freeName(Path file) {
    String name = file.getFileName() + MARK + TIMESTAMP.format(clock.instant());
    Path aside = file.resolveSibling(name);
    for (int i = 2; Files.exists(aside); i++) {
      aside = file.resolveSibling(name + "-" + i + "Z");
    }
    return aside;
  }

  private static void writeNote(Path file, String reason) throws IOException {
    Path note = noteOf(file);
    Files.write(note, (reason + "\n").getBytes(UTF_8));
    sync(note);
  }

  private static void sync(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }
}
