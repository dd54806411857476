package io.jctdb.recovery;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.ZooDefs;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node's records in one session: registers them, keeps them up to date, and renews the lease
 * by heartbeats. Owned by the membership thread.
 *
 * <p>The heartbeat is a write, because only a write is confirmed by a quorum; and it is refused
 * once a leader has expelled this node, because that deletes the record it writes to.
 */
final class Enrolment {
  private static final Logger LOG = LoggerFactory.getLogger(Enrolment.class);
  private static final byte[] NOTHING = new byte[0];
  private static final long COMPLAIN_EVERY_NANOS = Duration.ofSeconds(5).toNanos();

  private enum State {
    OUT,
    REGISTERING,
    IN,
    ENDED
  }

  private final ZooKeeperSession session;
  private final Paths paths;
  private final MembershipConfig config;

  /** Called with the time at which a write that was answered had been sent. */
  private final LongConsumer answered;

  /** Called when a leader has expelled this node, or somebody else registered as this node. */
  private final Consumer<String> lost;

  private State state = State.OUT;
  private final Set<Long> replaceable;
  private boolean replaceAny;
  private @Nullable MemberInfo published;
  private @Nullable MemberInfo latest;
  private boolean publishing;
  private long lastBeat;

  /** When the server last answered, or was last given up. */
  private long lastAnswer;

  private long lastComplaint;

  /**
   * @param replaceable earlier sessions of this daemon, whose records may be removed
   * @param replaceAny whether any earlier record may be removed: once, when the daemon has just
   *     started, and so holds the node's sockets, no earlier daemon can be alive
   */
  Enrolment(
      ZooKeeperSession session,
      Paths paths,
      MembershipConfig config,
      Set<Long> replaceable,
      boolean replaceAny,
      LongConsumer answered,
      Consumer<String> lost) {
    this.session = session;
    this.paths = paths;
    this.config = config;
    this.replaceable = Set.copyOf(replaceable);
    this.replaceAny = replaceAny;
    this.answered = answered;
    this.lost = lost;
    this.lastComplaint = config.bootNanos().getAsLong();
  }

  boolean in() {
    return state == State.IN;
  }

  boolean out() {
    return state == State.OUT;
  }

  /** The time-out that the server granted the session. */
  int sessionMillis() {
    return session.timeoutMillis();
  }

  /** What the others can read about this node. */
  @Nullable MemberInfo published() {
    return published;
  }

  /** Registers; {@code done} is called once that has succeeded. Otherwise try again later. */
  void register(MemberInfo info, Runnable done) {
    state = State.REGISTERING;
    latest = info;
    long sentAt = config.bootNanos().getAsLong();
    write(
        List.of(
            create(paths.member(info.pnn()), MemberRecord.encode(info)),
            create(paths.beat(info.pnn()), NOTHING)),
        info,
        sentAt,
        done);
  }

  private static Op create(String path, byte[] data) {
    return Op.create(path, data, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL);
  }

  private void write(List<Op> operations, MemberInfo info, long sentAt, Runnable done) {
    session
        .write(operations)
        .whenComplete(
            Guard.guarded(
                (results, failure) -> {
                  if (state == State.ENDED) {
                    return;
                  }
                  if (failure == null) {
                    state = State.IN;
                    published = info;
                    lastBeat = sentAt;
                    lastAnswer = config.bootNanos().getAsLong();
                    answered.accept(sentAt);
                    done.run();
                    publishIfStale();
                  } else if (isRefused(failure, Code.NODEEXISTS)) {
                    existing(info, done);
                  } else {
                    state = State.OUT;
                    LOG.debug("registering: {}", failure.toString());
                  }
                }));
  }

  private void existing(MemberInfo info, Runnable done) {
    session
        .read(paths.member(info.pnn()))
        .whenComplete(
            Guard.guarded(
                (node, failure) -> {
                  if (state == State.ENDED) {
                    return;
                  }
                  if (failure != null) {
                    state = State.OUT;
                    return;
                  }
                  long holder = node.stat().getEphemeralOwner();
                  if (holder != session.id() && !replaceable.contains(holder) && !replaceAny) {
                    state = State.OUT;
                    complain(info.pnn());
                    return;
                  }
                  replaceAny = false;
                  long sentAt = config.bootNanos().getAsLong();
                  LOG.info("node {}: replacing the record of an earlier life", info.pnn());
                  write(
                      List.of(
                          Op.delete(paths.member(info.pnn()), node.stat().getVersion()),
                          Op.delete(paths.beat(info.pnn()), -1),
                          create(paths.member(info.pnn()), MemberRecord.encode(info)),
                          create(paths.beat(info.pnn()), NOTHING)),
                      info,
                      sentAt,
                      done);
                }));
  }

  private void complain(int pnn) {
    long now = config.bootNanos().getAsLong();
    if (now - lastComplaint >= COMPLAIN_EVERY_NANOS) {
      lastComplaint = now;
      LOG.warn(
          "node {} is still registered by another session: waiting for that to expire. If this goes"
              + " on, a second daemon claims the same node",
          pnn);
    }
  }

  /** Makes the record say this, as soon as it can. */
  void publish(MemberInfo info) {
    latest = info;
    publishIfStale();
  }

  private void publishIfStale() {
    MemberInfo info = latest;
    if (state != State.IN || publishing || info == null || info.equals(published)) {
      return;
    }
    publishing = true;
    session
        .set(paths.member(info.pnn()), MemberRecord.encode(info))
        .whenComplete(
            Guard.guarded(
                (stat, failure) -> {
                  publishing = false;
                  if (failure == null) {
                    published = info;
                    publishIfStale();
                  } else {
                    failed(failure);
                  }
                }));
  }

  /** Time has passed, or the connection is back. */
  void tick(long now) {
    if (state != State.IN) {
      return;
    }
    publishIfStale();
    reconnectIfSilent(now);
    if (now - lastBeat >= config.timing().heartbeat().toNanos()) {
      lastBeat = now;
      session
          .set(paths.beat(config.self()), NOTHING)
          .whenComplete(
              Guard.guarded(
                  (stat, failure) -> {
                    if (failure != null) {
                      failed(failure);
                    } else if (state == State.IN) {
                      lastAnswer = config.bootNanos().getAsLong();
                      answered.accept(now);
                    }
                  }));
    }
  }

  /**
   * The life that it was for is over: what is still answered in this session, which may stay open
   * until the node has let go, says nothing of the next one.
   */
  void end() {
    state = State.ENDED;
  }

  /** The connection is back: the silence before it does not count. */
  void reconnected(long now) {
    lastAnswer = now;
  }

  private void reconnectIfSilent(long now) {
    if (now - lastAnswer >= config.timing().silence().toNanos()) {
      LOG.info("node {}: the ZooKeeper server is silent; trying another", config.self());
      lastAnswer = now;
      session.reconnect();
    }
  }

  private void failed(Throwable failure) {
    if (state == State.IN && isRefused(failure, Code.NONODE)) {
      state = State.OUT;
      lost.accept("this node was expelled by the leader, or replaced by another daemon");
    } else {
      LOG.debug("writing the membership record: {}", failure.toString());
    }
  }

  private static boolean isRefused(Throwable failure, Code code) {
    return RefusedException.of(failure).filter(refused -> refused.code() == code).isPresent();
  }
}
