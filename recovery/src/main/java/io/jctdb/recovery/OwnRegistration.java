package io.jctdb.recovery;

import io.jctdb.protocol.NodeFlags;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node in the eyes of the others: registers it in each session when it holds nothing of an
 * earlier life, makes it ready when the daemon says so, and keeps its record as {@link OwnNode} is.
 *
 * <p>Owned by the membership thread; {@link #flags} is asked by any.
 */
final class OwnRegistration {
  private static final Logger LOG = LoggerFactory.getLogger(ClusterMembership.class);

  private static final long ENROL_AGAIN_NANOS = Duration.ofMillis(200).toNanos();

  private final MembershipConfig config;
  private final MembershipListener listener;
  private final LeaseDriver lease;
  private final Sessions sessions;
  private final Consumer<String> lost;
  private final OwnNode own;

  /** In the present session, once that is prepared. */
  private @Nullable Enrolment enrolment;

  private boolean firstEnrolment = true;
  private long enrolAgainAt;
  private boolean readyWhenPossible;
  private boolean left;

  private volatile int flags;

  /**
   * @param lost called with the reason when a leader has expelled this node, or somebody else
   *     registered as it
   */
  OwnRegistration(
      MembershipConfig config,
      MembershipListener listener,
      LeaseDriver lease,
      Sessions sessions,
      Consumer<String> lost) {
    this.config = config;
    this.listener = listener;
    this.lease = lease;
    this.sessions = sessions;
    this.lost = lost;
    this.own = new OwnNode(config, System.currentTimeMillis() << 8);
    this.flags = own.flags();
  }

  private long now() {
    return config.bootNanos().getAsLong();
  }

  // Sessions come and go.

  /** A session is prepared. */
  void begin(ZooKeeperSession in) {
    enrolment =
        new Enrolment(
            in,
            new Paths(config.root()),
            config,
            sessions.earlier(),
            firstEnrolment,
            lease::zooKeeperAnswered,
            lost);
  }

  /** Registers, if this node is not registered and has let go of its earlier life. */
  void enrolIfFree() {
    Enrolment current = enrolment;
    if (current == null || !current.out() || own.ready() || !sessions.connected()) {
      return;
    }
    enrolAgainAt = now() + ENROL_AGAIN_NANOS;
    own.beginLife();
    lease.beginIncarnation(own.incarnation());
    current.register(ownInfo(current), this::enrolled);
  }

  private void enrolled() {
    firstEnrolment = false;
    Enrolment current = enrolment;
    LOG.info(
        "node {}: registered, lease {} ms, ZooKeeper session {} ms",
        config.self(),
        config.timing().lease().toMillis(),
        current == null ? 0 : current.sessionMillis());
    listener.sessionEstablished(own.incarnation());
    becomeReadyIfPossible();
  }

  /** The connection is back. */
  void reconnected() {
    Enrolment current = enrolment;
    if (current != null) {
      current.reconnected(now());
      current.tick(now());
    }
  }

  /** The connection stands; time has passed. */
  void tick(long now) {
    Enrolment current = enrolment;
    if (current != null) {
      current.tick(now);
      if (current.out() && now >= enrolAgainAt) {
        enrolIfFree();
      }
    }
  }

  /** The lease is lost; the next life begins in the next session. */
  void endLife() {
    endEnrolment();
    own.beginLife();
    lease.endLife(own.incarnation());
    if (own.ready()) {
      // What was asked of the life that ends now is to be asked again by the daemon.
      readyWhenPossible = false;
    }
  }

  /** Nothing is published any more. */
  void close() {
    endEnrolment();
  }

  private void endEnrolment() {
    Enrolment current = enrolment;
    enrolment = null;
    if (current != null) {
      current.end();
    }
  }

  // Ready or not.

  /** Whether this node may hold something: it was made ready and has not let go since. */
  boolean ready() {
    return own.ready();
  }

  /** See {@link ClusterMembership#setReady}. */
  void setReady(boolean ready) {
    readyWhenPossible = ready;
    if (ready) {
      becomeReadyIfPossible();
    } else {
      if (own.setReady(false)) {
        lease.beginIncarnation(own.incarnation());
      }
      sessions.endLingering();
      listener.readyChanged(false);
      publish();
      enrolIfFree();
    }
  }

  /** Not ready any more, for good. */
  void leave() {
    left = true;
    setReady(false);
  }

  /** Ready while stopped or banned would say that this node does not let go. */
  private void becomeReadyIfPossible() {
    Enrolment current = enrolment;
    boolean inactive = (own.flags() & NodeFlags.INACTIVE) != 0;
    if (readyWhenPossible && current != null && current.in() && !inactive && !left) {
      readyWhenPossible = false;
      own.setReady(true);
      lease.beginIncarnation(own.incarnation());
      listener.lifeBegins(own.incarnation());
      listener.readyChanged(true);
      publish();
    }
  }

  // What this node says of itself.

  /** This node's own flags, whether or not they are published yet. */
  int flags() {
    return flags;
  }

  void changeFlags(Consumer<OwnNode> change) {
    int before = own.flags();
    change.accept(own);
    int after = own.flags();
    flags = after;
    if (before != after) {
      LOG.info(
          "node {}: {} -> {}",
          config.self(),
          NodeFlags.toString(before),
          NodeFlags.toString(after));
      listener.ownFlagsChanged(before, after); // before others hear of it
      publish();
      becomeReadyIfPossible();
    }
  }

  void endBanInTime(long now) {
    if (own.banIsOver(now)) {
      LOG.info("node {}: the ban is over", config.self());
      changeFlags(OwnNode::unban);
    }
  }

  /** Of what is not a flag. */
  void change(Consumer<OwnNode> change) {
    change.accept(own);
    publish();
  }

  /** Published with the next change. */
  void sawEpoch(long number) {
    own.sawEpoch(number);
  }

  private void publish() {
    Enrolment current = enrolment;
    if (current != null && current.in()) {
      current.publish(ownInfo(current));
    }
  }

  private MemberInfo ownInfo(Enrolment in) {
    MembershipTiming timing = config.timing();
    Duration granted = Duration.ofMillis(in.sessionMillis());
    return own.info(
        Math.toIntExact(timing.lease().toMillis()),
        Math.toIntExact(timing.residue(granted).toMillis()));
  }

  // What the others can read.

  /** Nothing before this node was registered in the present session. */
  @Nullable MemberInfo published() {
    Enrolment current = enrolment;
    return current == null ? null : current.published();
  }

  /** Whether this node's record stands in the present session. */
  boolean registered() {
    Enrolment current = enrolment;
    return current != null && current.in();
  }

  /** Whether this node is able to lead, and has published that it is. */
  boolean mayLead() {
    Enrolment current = enrolment;
    MemberInfo published = published();
    return current != null
        && published != null
        && published.mayLead()
        && ownInfo(current).mayLead();
  }
}
