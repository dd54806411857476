package io.jctdb.daemon.catalog;

import io.jctdb.database.DatabaseType;
import io.jctdb.database.DurableLane;
import io.jctdb.protocol.Control;
import io.jctdb.protocol.DatabaseFlag;
import io.jctdb.protocol.Payload;
import io.jctdb.store.RecordStore;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One attached database: what it is, where its file is, and the store behind it. Owner thread. */
public final class AttachedDatabase {
  private final int id;
  private final String name;
  private final DatabaseType type;
  private final Path path;
  private final OpenedStore store;
  private boolean readOnly;
  private boolean sticky;

  AttachedDatabase(int id, String name, DatabaseType type, Path path, OpenedStore store) {
    this.id = id;
    this.name = name;
    this.type = type;
    this.path = path;
    this.store = store;
  }

  public int id() {
    return id;
  }

  public String name() {
    return name;
  }

  public DatabaseType type() {
    return type;
  }

  public Path path() {
    return path;
  }

  OpenedStore store() {
    return store;
  }

  /** Null unless volatile. */
  public @Nullable RecordStore volatileStore() {
    return store.volatileStore();
  }

  /** Null if volatile. */
  public @Nullable DurableLane lane() {
    return store.lane();
  }

  public DurableLane requireLane() {
    return Objects.requireNonNull(lane(), name);
  }

  /** The tdb flags of our handle, with which clients must open the file (databases.md 2.2). */
  public int openFlags() {
    return store.openFlags();
  }

  /** The answer to DB_GET_HEALTH: what is wrong with the copy here; empty if nothing is. */
  public String healthProblem() {
    return store.healthProblem();
  }

  /** Whether the copy here is empty, in place of a damaged one, and waits for its content. */
  public boolean isAwaited() {
    return store.isAwaited();
  }

  /** Whether its records may be delegated to nodes that only read them. */
  public boolean isReadOnly() {
    return readOnly;
  }

  public void setReadOnly() {
    readOnly = true;
  }

  public void setSticky() {
    sticky = true;
  }

  /** The control by which other nodes attach the same database. */
  public Control attachControl() {
    return switch (type) {
      case VOLATILE -> Control.DB_ATTACH;
      case PERSISTENT -> Control.DB_ATTACH_PERSISTENT;
      case REPLICATED -> Control.DB_ATTACH_REPLICATED;
    };
  }

  public byte[] attachPayload() {
    return Payload.ofCstr(name);
  }

  /** As GET_DBMAP shows them. */
  public int flags() {
    int flags =
        switch (type) {
          case VOLATILE -> 0;
          case PERSISTENT -> DatabaseFlag.PERSISTENT;
          case REPLICATED -> DatabaseFlag.REPLICATED;
        };
    return flags | (readOnly ? DatabaseFlag.READONLY : 0) | (sticky ? DatabaseFlag.STICKY : 0);
  }
}
