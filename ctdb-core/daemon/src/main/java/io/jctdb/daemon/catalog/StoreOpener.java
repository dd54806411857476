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
}
