package io.jctdb.database;

import io.jctdb.store.RecordStore;
import io.jctdb.store.StoreException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * Tells this node's {@linkplain Keeper keeper}, once in each epoch, which records this node had a
 * copy of when the epoch began: in the background, a part at a time, the next one when the keeper
 * has noted the last.
 *
 * <p>All copies, not only what this node owns: a copy whose new owner never got it, or has died, is
 * the newest one although nobody owns it.
 */
final class Census {
  /** Records or chains looked at before the time is looked at. */
  private static final int SLICE = 250;

  /** How long one turn may take, so that clients do not notice. */
  private static final long TURN_NANOS = 1_000_000L;

  private final Member member;
  private final Queue<Integer> databases = new ArrayDeque<>();
  private long[] gathered = new long[SLICE];
  private int count;
  private int dbId;
  private @Nullable RecordStore store;
  private RecordStore.@Nullable Scan scan;
  private long epoch = Epoch.NONE;
  private int keeper;
  private KeeperMessage.@Nullable Copies unanswered;
  private int part;

  Census(Member member) {
    this.member = member;
  }

  void epochStarted(Epoch started) {
    clear();
    if (started.members().size() > 1 && member.tunables().aside().isOn()) {
      epoch = started.number();
      keeper = Ring.after(started.members(), member.self());
      databases.addAll(member.volatileIds());
      later(member.tunables().aside().copiesPauseNanos(), this::step);
    }
  }

  void clear() {
    epoch = Epoch.NONE;
    databases.clear();
    endScan();
    gathered = new long[SLICE];
    count = 0;
    part = 0;
    unanswered = null;
  }

  /** In this epoch, unless it is over by then. */
  private void later(long delayNanos, Runnable task) {
    long begun = epoch;
    member.after(
        delayNanos,
        () -> {
          if (begun == epoch && member.isOpen(begun)) {
            task.run();
          }
        });
  }

  private void step() {
    boolean more = true;
    long begun = member.now();
    try {
      while (more && count < KeeperMessage.COPIES_MAX && member.now() - begun < TURN_NANOS) {
        more = look();
      }
    } catch (StoreException e) {
      clear(); // it never becomes complete, and this node is waited for when it is silent
      return;
    }
    if (!more || count >= KeeperMessage.COPIES_MAX) {
      send(!more && count <= KeeperMessage.COPIES_MAX);
    } else {
      later(member.tunables().aside().copiesPauseNanos(), this::step);
    }
  }

  /**
   * @return false if there is nothing left to look at
   */
  private boolean look() {
    RecordStore.Scan running = scan;
    if (running == null || store == null || member.volatileStore(dbId) != store) {
      endScan(); // a database that was detached meanwhile has no copies
      Integer next = databases.poll();
      if (next == null) {
        return false;
      }
      dbId = next;
      store = member.volatileStore(next);
      scan = store == null ? null : store.census();
      return true;
    }
    int database = dbId;
    if (!running.next(SLICE, (key, record) -> add(Fingerprints.of(database, key)))) {
      endScan();
    }
    return true;
  }

  private void endScan() {
    scan = null;
    store = null;
  }

  private void add(long fingerprint) {
    if (count == gathered.length) {
      gathered = Arrays.copyOf(gathered, 2 * count);
    }
    gathered[count++] = fingerprint;
  }

  private void send(boolean last) {
    int length = Math.min(count, KeeperMessage.COPIES_MAX);
    long[] fingerprints = Arrays.copyOf(gathered, length);
    System.arraycopy(gathered, length, gathered, 0, count - length);
    count -= length;
    part++;
    KeeperMessage.Copies copies = new KeeperMessage.Copies(epoch, part, last, fingerprints);
    unanswered = copies;
    repeat(copies);
  }

  private void repeat(KeeperMessage.Copies copies) {
    if (unanswered == copies) {
      member.send(keeper, copies);
      later(member.tunables().retryNanos(), () -> repeat(copies));
    }
  }

  void noted(int from, KeeperMessage.Noted m) {
    KeeperMessage.Copies answered = unanswered;
    if (answered != null && from == keeper && m.part() >= answered.part()) {
      unanswered = null;
      if (answered.last()) {
        clear();
      } else {
        later(member.tunables().aside().copiesPauseNanos(), this::step);
      }
    }
  }
}
