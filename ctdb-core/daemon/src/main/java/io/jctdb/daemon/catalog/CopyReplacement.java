package io.jctdb.daemon.catalog;

import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What becomes of a copy that turns out to be damaged while this node serves. Samba's processes
 * have the file mapped and read it without asking, so it cannot be exchanged under them: the node
 * goes out of service in good order and its daemon starts anew, which sets the file aside and gets
 * the content from the other members, as after any start.
 *
 * <p>Not where nobody else could give it the content, and not again and again: on a disk that
 * damages what is written to it the node would do nothing but leave and come back, and fill the
 * disk with damaged copies. Then the file stays in use, for what can still be read of it; a commit
 * that cannot be written has the node banned for a while, as on a full disk.
 *
 * <p>Owner thread.
 */
public final class CopyReplacement implements DamageListener {
  private static final Logger log = LoggerFactory.getLogger(CopyReplacement.class);

  static final Duration ONCE_IN = Duration.ofMinutes(10);

  private final BooleanSupplier othersServe;
  private final SetAsideCopies setAside;
  private final Clock clock;
  private final Consumer<String> startAnew;
  private final Set<String> borne = new HashSet<>();
  private boolean underWay;

  /**
   * @param othersServe whether other members of the cluster are there, who have the database
   * @param startAnew takes the node out of service in good order and starts the daemon anew, for
   *     the given reason
   */
  public CopyReplacement(
      BooleanSupplier othersServe,
      SetAsideCopies setAside,
      Clock clock,
      Consumer<String> startAnew) {
    this.othersServe = othersServe;
    this.setAside = setAside;
    this.clock = clock;
    this.startAnew = startAnew;
  }

  /** Whether the daemon is about to end and to start anew, which mends what is wrong. */
  public boolean isUnderWay() {
    return underWay;
  }

  @Override
  public void damaged(String name, Path file, String problem) {
    if (underWay) {
      return;
    }
    Optional<Instant> last = setAside.newestOf(file);
    Instant now = clock.instant();
    if (!othersServe.getAsBoolean()) {
      bear(
          name,
          problem
              + ": it stays in use, because no other node is there to get the content from. If no"
              + " other node has it, restore a backup with ctdb restoredb");
    } else if (last.isPresent() && now.isBefore(last.get().plus(ONCE_IN))) {
      bear(
          name,
          problem
              + ": it stays in use, because a damaged copy was replaced less than "
              + ONCE_IN.toMinutes()
              + " minutes ago. Look at the disk");
    } else {
      underWay = true;
      log.error("{}: leaving the cluster to get a new copy from the other nodes", problem);
      startAnew.accept("starting anew, so that the damaged copy of " + name + " is set aside");
    }
  }

  /** Said once, and again when the daemon has been started again. */
  private void bear(String name, String text) {
    if (borne.add(name)) {
      log.error("{}", text);
    }
  }
}
