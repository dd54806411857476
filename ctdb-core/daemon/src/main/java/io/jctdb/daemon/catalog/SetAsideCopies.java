package io.jctdb.daemon.catalog;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The damaged copies that were set aside and are still there: somebody may want to look at them,
 * and has to delete them. {@link #look} wherever one may wait for a disk, the rest from any thread.
 */
public final class SetAsideCopies {
  private static final Logger log = LoggerFactory.getLogger(SetAsideCopies.class);

  private final Path directory;
  private final String mark;
  private volatile List<Path> files = List.of();

  /**
   * @param directory of the persistent databases
   */
  public SetAsideCopies(Path directory, int self) {
    this.directory = directory;
    this.mark = "." + self + DamagedFiles.MARK;
  }

  /** Reads the directory. */
  public void look() {
    try (Stream<Path> all = Files.list(directory)) {
      files = all.filter(file -> nameOf(file).contains(mark)).sorted().toList();
    } catch (IOException e) {
      log.debug("{}: cannot be listed: {}", directory, e.getMessage());
    }
  }

  /** What was there at the last look. */
  public List<Path> files() {
    return files;
  }

  /** When a copy of that database file was set aside last. */
  public Optional<Instant> newestOf(Path file) {
    String prefix = nameOf(file) + DamagedFiles.MARK;
    return files.stream()
        .map(SetAsideCopies::nameOf)
        .filter(name -> name.startsWith(prefix))
        .flatMap(name -> time(name.substring(prefix.length())).stream())
        .max(Comparator.naturalOrder());
  }

  /** A second copy in one second has a number behind the time. */
  private static Optional<Instant> time(String suffix) {
    int end = suffix.indexOf('Z') + 1;
    try {
      return Optional.of(
          LocalDateTime.parse(suffix.substring(0, end), DamagedFiles.TIMESTAMP)
              .toInstant(ZoneOffset.UTC));
    } catch (DateTimeParseException e) {
      return Optional.empty();
    }
  }

  private static String nameOf(Path file) {
    return Objects.requireNonNull(file.getFileName()).toString();
  }
}
