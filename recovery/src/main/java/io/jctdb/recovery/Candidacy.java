package io.jctdb.recovery;

import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Whether this node is to run for leader, to succeed a dead one, or to resign: it must be able to
 * lead and hold the {@link LeadershipCondition}, which it gives back as soon as somebody else
 * leads. Owned by the membership thread.
 */
final class Candidacy {
  private final HeldCondition condition;
  private long contendAfter = Long.MIN_VALUE;

  /** The leader is silent, and this node tries to take its place. */
  private boolean usurping;

  Candidacy(HeldCondition condition) {
    this.condition = condition;
  }

  /**
   * To be called whenever something of this may have changed, and with every tick.
   *
   * @param known the leader that ZooKeeper names; null while that has not been read
   * @param may whether this node is able to lead, and has published that it is
   * @param dead whether the process of that leader is proven to have ended
   */
  void consider(
      LeaderOffice office,
      @Nullable Optional<ClusterView.Leader> known,
      boolean may,
      Predicate<ClusterView.Leader> dead,
      long now) {
    if (office.contending()) {
      return;
    }
    if (office.leading()) {
      stayOrResign(office, may);
      return;
    }
    if (known == null) {
      return;
    }
    if (known.isPresent() && office.isNamed(known.get())) {
      office.dropUnconfirmed();
    } else if (known.isEmpty() && may && now >= contendAfter) {
      if (condition.holdOrAsk(now)) {
        office.contend();
      }
    } else if (known.isPresent() && may && dead.test(known.get())) {
      if (condition.holdOrAsk(now)) {
        office.succeed(known.get().session());
      }
    } else if (!usurping) {
      // Somebody else leads, or this node had better not.
      condition.release();
    }
  }

  private void stayOrResign(LeaderOffice office, boolean may) {
    if (!may) {
      office.resign("it is stopped, banned, not ready or without the capability");
      condition.release();
    } else if (!condition.held()) {
      office.resign("it has lost the cluster lock");
    }
  }

  /** The leader is to be expelled: whether this node may try to take its place now. */
  boolean mayUsurp(LeaderOffice office, long now) {
    usurping = true;
    return !office.contending() && condition.holdOrAsk(now);
  }

  /** Lets others lead, and does not run again before then. */
  void yield(LeaderOffice office, String why, long notBefore) {
    contendAfter = notBefore;
    office.resign(why);
    condition.release();
  }

  /** Another node leads, or none. */
  void leaderChanged() {
    usurping = false;
  }

  /** Asked by any thread. */
  Optional<String> whyDenied() {
    return condition.whyDenied();
  }

  /** This node's life has ended. */
  void withdraw() {
    condition.release();
  }
}
