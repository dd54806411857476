package io.jctdb.daemon.catalog;

import io.jctdb.daemon.config.CtdbConf;
import io.jctdb.daemon.config.Tunable;
import io.jctdb.daemon.config.Tunables;
import io.jctdb.database.DatabaseType;
import io.jctdb.database.Databases;
import io.jctdb.database.DurableLane;
import io.jctdb.protocol.DatabaseId;
import io.jctdb.store.RecordStore;
import io.jctdb.store.StoreException;
import io.jctdb.store.tdb.TdbGeometry;
import io.jctdb.store.tdb.TdbTransactionStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The databases attached on this node: names, ids, files (databases.md 2). Owner thread only.
 *
 * <p>A name is used as the first part of a file name, so it may not lead out of its directory.
 */
public final class DatabaseCatalog implements Databases {
  private static final Logger log = LoggerFactory.getLogger(DatabaseCatalog.class);
  private static final int NAME_LENGTH_MAX = 200;

  private final int self;
  private final Path volatileDirectory;
  private final Path persistentDirectory;
  private final StoreOpener opener;
  private final Map<Integer, AttachedDatabase> byId = new LinkedHashMap<>();

  DatabaseCatalog(int self, Path volatileDirectory, Path persistentDirectory, StoreOpener opener) {
    this.self = self;
    this.volatileDirectory = volatileDirectory;
    this.persistentDirectory = persistentDirectory;
    this.opener = opener;
  }

  /**
   * The catalogue of a real daemon: TDB files in the configured directories.
   *
   * @param others whether the cluster has nodes other than this one
   */
  public static DatabaseCatalog onTdb(
      int self, CtdbConf.Database conf, Tunables tunables, Executor owner, boolean others) {
    return new DatabaseCatalog(
        self,
        conf.volatileDirectory(),
        conf.persistentDirectory(),
        new TdbStores(
            owner,
            conf.tdbMutexes(),
            () ->
                new TdbGeometry(
                    (int) tunables.get(Tunable.DATABASE_HASH_SIZE),
                    (int) tunables.get(Tunable.DATABASE_MAX_DEAD)),
            others));
  }

  public @Nullable AttachedDatabase find(int dbId) {
    return byId.get(dbId);
  }

  public @Nullable AttachedDatabase findByName(String name) {
    AttachedDatabase database = byId.get(DatabaseId.of(name));
    return database != null && database.name().equals(name) ? database : null;
  }

  public List<AttachedDatabase> newestFirst() {
    List<AttachedDatabase> list = new ArrayList<>(byId.values());
    java.util.Collections.reverse(list);
    return list;
  }

  /**
   * The database with that name, opened if it was not.
   *
   * @throws StoreException if it exists with another type that does not include this one, its id is
   *     taken by another name, or its file cannot be used
   */
  public AttachedDatabase attach(String name, DatabaseType type) {
    int id = DatabaseId.of(name);
    AttachedDatabase known = byId.get(id);
    if (known == null) {
      checkName(name);
      Path path = directory(type).resolve(name + "." + self);
      AttachedDatabase opened =
          new AttachedDatabase(id, name, type, path, opener.open(name, type, path));
      byId.put(id, opened);
      log.debug("attached {} database {} ({})", type, name, DatabaseId.toString(id));
      return opened;
    }
    if (!known.name().equals(name)) {
      throw new StoreException(
          name + ": its id " + DatabaseId.toString(id) + " belongs to " + known.name());
    }
    if (type != DatabaseType.VOLATILE && known.type() != type) {
      throw new StoreException(
          name + ": is attached as " + known.type() + ", cannot be attached as " + type);
    }
    return known;
  }

  private static void checkName(String name) {
    if (name.isEmpty()
        || name.length() > NAME_LENGTH_MAX
        || name.indexOf('/') >= 0
        || name.indexOf('\0') >= 0
        || name.startsWith(".")) {
      throw new StoreException("'" + name + "' cannot be the name of a database");
    }
  }

  private Path directory(DatabaseType type) {
    return type == DatabaseType.PERSISTENT ? persistentDirectory : volatileDirectory;
  }

  /**
   * Removes the harmless traces of a kill -9 from persistent files, and sets damaged ones aside if
   * other nodes may have the content, before init checks them.
   */
  public void cleanAfterCrash() {
    for (String name : persistentNames()) {
      Path file = persistentDirectory.resolve(name + "." + self);
      TdbTransactionStore.cleanAfterCrash(file);
      try {
        opener.setAsideIfDamaged(file);
      } catch (StoreException e) {
        log.debug("{}", e.getMessage()); // attaching it will fail, and say so
      }
    }
  }

  /** Who is told of persistent and replicated copies that turn out to be damaged while in use. */
  public void onDamage(DamageListener listener) {
    opener.onDamage(listener);
  }

  /** What is wrong with copies here, one line for each database of which that is known. */
  public List<String> healthProblems() {
    return byId.values().stream()
        .filter(database -> !database.healthProblem().isEmpty())
        .map(database -> database.name() + ": " + database.healthProblem())
        .toList();
  }

  /** Attaches every persistent database that this node has on disk. */
  public void attachPersistent() {
    for (String name : persistentNames()) {
      attach(name, DatabaseType.PERSISTENT);
    }
  }

  private List<String> persistentNames() {
    String suffix = "." + self;
    try (Stream<Path> files = Files.list(persistentDirectory)) {
      return files
          .map(f -> Objects.requireNonNull(f.getFileName()).toString())
          .filter(f -> f.endsWith(".tdb" + suffix))
          .map(f -> f.substring(0, f.length() - suffix.length()))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Forgets a database and closes its file, which stays. */
  public void detach(AttachedDatabase database) {
    byId.remove(database.id());
    database.store().close();
  }

  public void closeAll() {
    byId.values().forEach(d -> d.store().close());
    byId.clear();
  }

  public void report(String name, StoreException problem) {
    log.error("{}: {}", name, problem.getMessage());
  }

  // --- what the engine sees --------------------------------------------------------------------

  @Override
  public @Nullable RecordStore volatileStore(int dbId) {
    AttachedDatabase database = byId.get(dbId);
    return database == null ? null : database.volatileStore();
  }

  @Override
  public Collection<Integer> volatileIds() {
    return byId.values().stream()
        .filter(database -> database.volatileStore() != null)
        .map(AttachedDatabase::id)
        .toList();
  }

  @Override
  public @Nullable DurableLane durableLane(int dbId) {
    AttachedDatabase database = byId.get(dbId);
    return database == null ? null : database.lane();
  }

  @Override
  public Collection<DurableDatabase> durable() {
    return byId.values().stream()
        .filter(d -> d.type().isTransactional())
        .filter(d -> !d.isAwaited()) // or others would make an empty copy of nothing
        .map(d -> new DurableDatabase(d.id(), d.name(), d.type()))
        .toList();
  }

  @Override
  public @Nullable DurableLane attach(DurableDatabase database) {
    try {
      return attach(database.name(), database.type()).lane();
    } catch (StoreException e) {
      report(database.name(), e);
      return null;
    }
  }

  /** The stores of all volatile databases, by the databases' names. */
  public Map<String, RecordStore> volatileStores() {
    Map<String, RecordStore> stores = new LinkedHashMap<>();
    for (AttachedDatabase database : byId.values()) {
      RecordStore store = database.volatileStore();
      if (store != null) {
        stores.put(database.name(), store);
      }
    }
    return stores;
  }
}
