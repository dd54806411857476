package io.jctdb.store.tdb;

import io.jctdb.linux.Errno;
import io.jctdb.linux.Tdb;
import io.jctdb.linux.TdbAbortedGrowth;
import io.jctdb.linux.TdbChainHeads;
import io.jctdb.linux.TdbError;
import io.jctdb.linux.TdbException;
import io.jctdb.store.DamagedStoreException;
import io.jctdb.store.StoreException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens database files the way the daemon must (databases.md 2.2 and 2.6). */
final class TdbFiles {
  private static final Logger LOG = LoggerFactory.getLogger(TdbFiles.class);
  private static final int OWNER_ONLY = 0600;
  private static final DateTimeFormatter TIMESTAMP =
      DateTimeFormatter.ofPattern("yyyyMMdd.HHmmss.SSS").withZone(ZoneOffset.UTC);

  private TdbFiles() {}

  static Tdb open(Path file, TdbOpenMode mode, TdbGeometry geometry) {
    try {
      Tdb tdb =
          mode.startsEmpty() ? openEmpty(file, mode, geometry) : openChecked(file, mode, geometry);
      tdb.setMaxDead(geometry.maxDead());
      return tdb;
    } catch (TdbException e) {
      throw isDamage(e)
          ? new DamagedStoreException(explain(file, e), e)
          : new StoreException(explain(file, e), e);
    }
  }

  private static boolean isDamage(TdbException e) {
    return e.error() == TdbError.CORRUPT
        || switch (e.errno()) {
          case Errno.EIO, Errno.EINVAL, Errno.ENOSYS -> true;
          case 0 ->
              e.operation().equals("open"); // no call failed: the content is not as it must be
          default -> false;
        };
  }

  /**
   * Opens a volatile or replicated file, which libtdb empties unless another process still holds
   * its active lock. Such a process lost its daemon long ago; its file is moved out of the way, so
   * that it can do no harm to the new one.
   */
  private static Tdb openEmpty(Path file, TdbOpenMode mode, TdbGeometry geometry) {
    for (int attempt = 0; attempt < 3; attempt++) {
      Tdb tdb = create(file, mode, geometry);
      if (isEmpty(tdb)) {
        return tdb;
      }
      tdb.close();
      Path aside = moveAside(file);
      LOG.warn(
          "{}: a process of the time before this start still has the file open; moved it to {} and"
              + " starting with an empty one (fuser {} names the process)",
          file,
          aside,
          aside);
    }
    throw new StoreException(
        file + ": other processes fill the file while it is being opened; stop smbd first");
  }

  private static Tdb create(Path file, TdbOpenMode mode, TdbGeometry geometry) {
    return Tdb.open(file, geometry.hashSize(), mode.flags(), Tdb.O_RDWR | Tdb.O_CREAT, OWNER_ONLY);
  }

  private static boolean isEmpty(Tdb tdb) {
    try (TdbChainHeads heads = TdbChainHeads.of(tdb)) {
      return heads.nextUsed(0) == heads.hashSize();
    }
  }

  private static Path moveAside(Path file) {
    Path aside =
        file.resolveSibling(
            file.getFileName() + ".stale." + TIMESTAMP.format(Clock.systemUTC().instant()));
    try {
      Files.move(file, aside);
      return aside;
    } catch (IOException e) {
      throw new StoreException(file + ": cannot be moved to " + aside + ": " + e.getMessage(), e);
    }
  }

  /**
   * Opens a file that must survive. {@code O_CREAT} only if there is nothing to lose: with it,
   * libtdb starts an unreadable file afresh.
   */
  private static Tdb openChecked(Path file, TdbOpenMode mode, TdbGeometry geometry) {
    boolean isNew = !hasContent(file);
    Tdb tdb =
        isNew
            ? create(file, mode, geometry)
            : Tdb.open(file, geometry.hashSize(), mode.flags(), Tdb.O_RDWR, OWNER_ONLY);
    if (isNew) {
      syncDirectoryOf(file);
    }
    boolean sound = false;
    try {
      removeCutOffGrowth(tdb);
      sound = tdb.check();
    } finally {
      if (!sound) {
        tdb.close();
      }
    }
    if (!sound) {
      throw new DamagedStoreException(file + ": the file is damaged. " + remedy(file));
    }
    return tdb;
  }

  /**
   * Cleans a persistent file after a kill -9 in the middle of a commit, so that {@code tdbtool
   * check} of the init event finds nothing to complain about. Says in the log what it could not do;
   * {@link #open} will then refuse the file.
   */
  static void cleanAfterCrash(Path file) {
    try {
      if (hasContent(file)) {
        int flags = TdbOpenMode.PERSISTENT.flags();
        try (Tdb tdb = Tdb.open(file, 0, flags, Tdb.O_RDWR, OWNER_ONLY)) {
          removeCutOffGrowth(tdb);
        }
      }
    } catch (RuntimeException e) {
      LOG.warn("{}: cannot be cleaned: {}", file, e.getMessage());
    }
  }

  private static void removeCutOffGrowth(Tdb tdb) {
    if (TdbAbortedGrowth.isIn(tdb)) {
      LOG.warn(
          "{}: a process died while it made the file larger; every record is there, rewriting the"
              + " file",
          tdb.path());
      tdb.repack();
    }
  }

  /** Makes the name of a new file survive a loss of power. */
  private static void syncDirectoryOf(Path file) {
    Path directory = file.toAbsolutePath().resolveSibling(".").normalize();
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException e) {
      throw new StoreException(directory + ": cannot be synced: " + e.getMessage(), e);
    }
  }

  /** Asks the directory, not the file: opening it in any way but libtdb's would drop its locks. */
  private static boolean hasContent(Path file) {
    try {
      return Files.exists(file) && Files.size(file) > 0;
    } catch (IOException e) {
      throw new StoreException(file + ": cannot be looked at: " + e.getMessage(), e);
    }
  }

  private static String explain(Path file, TdbException e) {
    if (isDamage(e)) {
      return e.getMessage() + ": not a TDB file, or damaged, or of other flags. " + remedy(file);
    }
    return switch (e.errno()) {
      case Errno.EBUSY -> file + ": this daemon has the file open already";
      case Errno.ENOENT -> e.getMessage() + "; does the directory exist?";
      default -> e.getMessage();
    };
  }

  private static String remedy(Path file) {
    return "Nothing was changed. Look at it with: tdbtool "
        + file
        + " check. Restore it from a backup, or move it away; then this node gets the content from"
        + " the other nodes when it joins";
  }
}
