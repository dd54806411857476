package io.jctdb.daemon.catalog;

import io.jctdb.database.DatabaseType;
import java.nio.file.Path;

/** Opens the file of a database. */
@FunctionalInterface
interface StoreOpener {
  /**
   * @throws io.jctdb.store.StoreException if the file cannot be opened or is damaged
   */
  OpenedStore open(String name, DatabaseType type, Path path);

  /**
   * Looks at a persistent file that is not open, and moves it out of the way if it is damaged and
   * other nodes may have the content.
   *
   * @throws io.jctdb.store.StoreException if it cannot be used and was left as it is
   */
  default void setAsideIfDamaged(Path path) {}

  /** Who is told of files that turn out to be damaged while they are in use. */
  default void onDamage(DamageListener listener) {}
}
