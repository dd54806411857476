package io.jctdb.daemon.catalog;

import java.nio.file.Path;

/** Hears, on the owner thread, of files that turned out to be damaged while they were in use. */
@FunctionalInterface
public interface DamageListener {
  /**
   * Called again, not more often than every second, as long as the file is used and damaged.
   *
   * @param name of the database
   * @param problem what could not be done, and why
   */
  void damaged(String name, Path file, String problem);
}
