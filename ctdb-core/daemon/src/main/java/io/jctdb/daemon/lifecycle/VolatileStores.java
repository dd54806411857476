package io.jctdb.daemon.lifecycle;

import io.jctdb.database.message.NodePort;
import io.jctdb.linux.ProcessName;
import io.jctdb.store.RecordStore;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes every record of the volatile databases out of use and back into use. Frozen, local
 * processes wait at the chain locks; emptied, they find nothing when they are let in again and ask
 * for each record anew, as on a node that has just joined. Owner thread only.
 *
 * <p>A local process may hold a chain of one database and want one of the next (smbd does, in an
 * order of its own). If that next one is frozen already, the process waits for the freeze and the
 * freeze waits for the process. So what is not frozen altogether after a while is let go of
 * altogether, for long enough that such a process gets on, and tried again.
 */
public final class VolatileStores {
  /** What keeps records from being taken out of use. */
  interface Obstacle {
    /**
     * Another process has held a chain all this time.
     *
     * @param nanos since the databases were to be frozen
     * @param who databases and processes, for a message
     */
    void holds(long nanos, String who);
  }

  private static final Logger log = LoggerFactory.getLogger(VolatileStores.class);

  /** How long all of them may take to be frozen: several times what they need on a busy machine. */
  private static final long PATIENCE = TimeUnit.MILLISECONDS.toNanos(500);

  /** Longer, in case that a chain is not held by one process but by many in turn. */
  private static final long PATIENCE_MAX = TimeUnit.SECONDS.toNanos(4);

  private static final long PAUSE = TimeUnit.MILLISECONDS.toNanos(50);

  private final NodePort port;
  private final Supplier<? extends Map<String, RecordStore>> attached;
  private final Map<String, RecordStore> frozen = new LinkedHashMap<>();
  private final List<Runnable> waiting = new ArrayList<>();
  private Obstacle obstacle = (nanos, who) -> {};

  /** Databases that other processes still hold a chain of, in the attempt under way. */
  private final Collection<String> missing = new TreeSet<>();

  private long attempt;
  private long patience = PATIENCE;
  private NodePort.@Nullable Timer timer;
  private long since;

  public VolatileStores(NodePort port, Supplier<? extends Map<String, RecordStore>> attached) {
    this.port = port;
    this.attached = attached;
  }

  /** Told after each attempt that has failed. */
  void onObstacle(Obstacle listener) {
    obstacle = listener;
  }

  public boolean areFrozen() {
    return !frozen.isEmpty();
  }

  /**
   * Freezes and empties them all, then runs {@code done}. They stay frozen until {@link #open}.
   *
   * <p>Who asks while others wait for that waits with them: a node that is fenced while it
   * withdraws has let go of nothing yet.
   */
  public void freezeAndEmpty(Runnable done) {
    if (waiting.isEmpty()) {
      since = port.nowNanos();
      patience = PATIENCE;
    }
    waiting.add(done);
    freeze();
  }

  private void freeze() {
    cancelTimer();
    long number = ++attempt;
    frozen.clear();
    frozen.putAll(attached.get());
    missing.clear();
    missing.addAll(frozen.keySet());
    Map.copyOf(frozen).forEach((name, store) -> store.freeze(() -> isFrozen(number, name, store)));
    if (number == attempt && !doneIfAllAreEmpty()) {
      timer = port.after(patience, this::retreat);
    }
  }

  /** Emptied at once: should it be let go of again, nobody must find what is over. */
  private void isFrozen(long number, String name, RecordStore store) {
    if (number == attempt) {
      store.wipe();
      missing.remove(name);
      doneIfAllAreEmpty();
    }
  }

  private boolean doneIfAllAreEmpty() {
    if (missing.isEmpty() && !waiting.isEmpty()) {
      cancelTimer();
      log.info(
          "{} volatile databases are frozen and empty after {} ms",
          frozen.size(),
          TimeUnit.NANOSECONDS.toMillis(port.nowNanos() - since));
      List<Runnable> ready = List.copyOf(waiting);
      waiting.clear();
      ready.forEach(Runnable::run);
    }
    return missing.isEmpty();
  }

  private void retreat() {
    List<String> holders = new ArrayList<>();
    frozen.forEach(
        (name, store) -> {
          if (missing.contains(name)) {
            OptionalInt holder = store.freezeWaitsFor();
            holders.add(
                name
                    + ": "
                    + (holder.isPresent() ? ProcessName.of(holder.getAsInt()) : "unknown process"));
          }
        });
    attempt++; // what is frozen from now on counts no more
    frozen.values().forEach(RecordStore::thaw);
    patience = Math.min(2 * patience, PATIENCE_MAX);
    timer = port.after(PAUSE, this::freeze);
    obstacle.holds(port.nowNanos() - since, String.join(", ", holders));
  }

  private void cancelTimer() {
    if (timer != null) {
      timer.cancel();
      timer = null;
    }
  }

  /** Lets local processes in again. */
  public void open() {
    cancelTimer();
    attempt++;
    frozen.values().forEach(RecordStore::thaw);
    frozen.clear();
    missing.clear();
  }
}
