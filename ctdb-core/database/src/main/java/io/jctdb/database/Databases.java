package io.jctdb.database;

import io.jctdb.store.RecordStore;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/**
 * The databases attached on this node, as the engine sees them. The daemon's catalogue implements
 * it; attaching and detaching is the daemon's business.
 *
 * <p>Owner thread only.
 */
public interface Databases {
  /** Null if no volatile database with this id is attached here. */
  @Nullable RecordStore volatileStore(int dbId);

  /** The ids of all attached volatile databases. */
  Collection<Integer> volatileIds();

  /** Null if no persistent or replicated database with this id is attached here. */
  @Nullable DurableLane durableLane(int dbId);

  /** All attached persistent and replicated databases. */
  Collection<DurableDatabase> durable();

  /**
   * Attaches a persistent or replicated database that another member has and this node lacks.
   *
   * @return its lane, or null if it cannot be opened (already reported)
   */
  @Nullable DurableLane attach(DurableDatabase database);

  /** What members tell each other about a persistent or replicated database. */
  record DurableDatabase(int dbId, String name, DatabaseType type) {}
}
