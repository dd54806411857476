package io.jctdb.database.record;

import io.jctdb.database.Epoch;
import io.jctdb.database.message.KeeperMessage;
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
 *
 * <p>What there is to tell stands in the {@link CopyIndex}, so this takes milliseconds even for
 * many records; survivors wait for a node that falls silent before it has told. Only a database
 * whose content was replaced is read from its file, once.
 */
final class Census {
  /** Records or chains looked at before the time is looked at. */
  private static final int SLICE = 250;

  /** How long one turn may take, so that clients do not notice. */
  private static final long TURN_NANOS = 1_000_000L;

  /**
   * The first repetition comes so soon because the keeper may begin the epoch a moment later than
   * this node, and then has not heard the first part.
   */
  private static final long FIRST_REPEAT_NANOS = 20_000_000L;

  private final Member member;
  private final CopyIndex index;
  private final Queue<Integer> databases = new ArrayDeque<>();
  private long[] gathered = new long[0];
  private int next;
  private RecordStore.@Nullable Scan scan;
  private @Nullable RecordStore store;
  private int dbId;
  private long epoch = Epoch.NONE;
  private int keeper;
  private KeeperMessage.@Nullable Copies unanswered;
  private int part;
  private long beganNanos;
  private boolean told;
  private long lastNanos;

  Census(Member member, CopyIndex index) {
    this.member = member;
    this.index = index;
  }

  void epochStarted(Epoch started) {
    clear();
    boolean mayFallSilent = started.voters().contains(member.self()) && started.voters().size() > 1;
    if (mayFallSilent && member.tunables().aside().isOn()) {
      epoch = started.number();
      beganNanos = member.now();
      keeper = Ring.after(started.voters(), member.self());
      databases.addAll(member.volatileIds());
      later(member.tunables().aside().copiesPauseNanos(), this::step);
    }
  }

  void clear() {
    stop();
    told = false;
  }

  private void stop() {
    epoch = Epoch.NONE;
    databases.clear();
    gathered = new long[0];
    next = 0;
    part = 0;
    scan = null;
    store = null;
    unanswered = null;
  }

  /** Whether this node's keeper knows all in the present epoch. */
  boolean isTold() {
    return told;
  }

  /** How long it took the last time, from the beginning of the epoch. */
  long lastNanos() {
    return lastNanos;
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
    try {
      if (scan != null) {
        read(scan);
      }
      if (scan == null && !gather()) {
        stop(); // it never becomes complete, and this node is waited for when it is silent
        return;
      }
    } catch (StoreException e) {
      stop();
      return;
    }
    if (scan == null) {
      send();
    } else {
      later(member.tunables().aside().copiesPauseNanos(), this::step);
    }
  }

  /**
   * Goes on to databases with something to tell, until there is a part full of it, or one has to be
   * read first.
   *
   * @return false if there is more than can be told
   */
  private boolean gather() {
    while (gathered.length - next < KeeperMessage.COPIES_MAX && !databases.isEmpty()) {
      dbId = databases.peek();
      RecordStore present = member.volatileStore(dbId);
      if (present != null && !index.isKnown(dbId)) {
        store = present;
        scan = present.census();
        return true;
      }
      databases.remove();
      long[] all = present == null ? new long[0] : index.all(dbId);
      if (all == null) {
        return false;
      }
      int rest = gathered.length - next;
      long[] more = Arrays.copyOfRange(gathered, next, next + rest + all.length);
      System.arraycopy(all, 0, more, rest, all.length);
      gathered = more;
      next = 0;
    }
    return true;
  }

  /** Reads on in a database that is not known; what is found goes into the index. */
  private void read(RecordStore.Scan running) {
    long begun = member.now();
    if (member.volatileStore(dbId) != store || index.isKnown(dbId)) {
      scan = null;
      return;
    }
    do {
      if (!running.next(SLICE, (key, record) -> index.found(dbId, Fingerprints.of(dbId, key)))) {
        index.nowKnown(dbId);
        scan = null;
        return;
      }
    } while (member.now() - begun < TURN_NANOS);
  }

  /** The content of a database was replaced: what has been read of it is worthless. */
  void forget(int replaced) {
    if (scan != null && dbId == replaced) {
      scan = null;
      store = null;
    }
  }

  private void send() {
    int length = Math.min(gathered.length - next, KeeperMessage.COPIES_MAX);
    long[] fingerprints = Arrays.copyOfRange(gathered, next, next + length);
    next += length;
    part++;
    boolean last = next == gathered.length && databases.isEmpty();
    KeeperMessage.Copies copies = new KeeperMessage.Copies(epoch, part, last, fingerprints);
    unanswered = copies;
    repeat(copies, FIRST_REPEAT_NANOS);
  }

  private void repeat(KeeperMessage.Copies copies, long pauseNanos) {
    if (unanswered == copies) {
      member.send(keeper, copies);
      long longer = Math.min(2 * pauseNanos, member.tunables().retryNanos());
      later(pauseNanos, () -> repeat(copies, longer));
    }
  }

  void noted(int from, KeeperMessage.Noted m) {
    KeeperMessage.Copies answered = unanswered;
    if (answered != null && from == keeper && m.part() >= answered.part()) {
      unanswered = null;
      if (answered.last()) {
        lastNanos = member.now() - beganNanos;
        stop();
        told = true;
      } else {
        later(member.tunables().aside().copiesPauseNanos(), this::step);
      }
    }
  }
}
