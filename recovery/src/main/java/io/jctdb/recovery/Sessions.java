package io.jctdb.recovery;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.ZooDefs;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node's sessions with ZooKeeper, one for each of its lives: opens them, prepares them (what
 * must stand in ZooKeeper is created, what others write is watched), and ends them. Owned by the
 * membership thread.
 */
final class Sessions {
  private static final Logger LOG = LoggerFactory.getLogger(ClusterMembership.class);

  private static final int EARLIER_MAX = 16;
  private static final byte[] NOTHING = new byte[0];

  /** Told of the present session only. */
  interface User {
    /** It can be used. Said again if the connection was lost while it was prepared. */
    void prepared(ZooKeeperSession session, ClusterView view);

    /** The connection of a prepared session is back. */
    void reconnected();

    /** ZooKeeper has ended it; to be answered with {@link #next}. */
    void expired();
  }

  private final MembershipConfig config;
  private final Paths paths;
  private final Executor owner;
  private final MembershipListener listener;
  private final LongSupplier leaseUntil;
  private final ClusterView.Reader reader;
  private final User user;

  private @Nullable ZooKeeperSession session;

  /** Of the present session, once that is prepared. */
  private @Nullable ClusterView view;

  private boolean connected;
  private boolean quorumMissed;
  private boolean closed;

  /** Of a life that has ended, whose record stands until this node has let go. */
  private @Nullable ZooKeeperSession lingering;

  /** Sessions of lives that are over, newest last. */
  private final Set<Long> earlier = new LinkedHashSet<>();

  /**
   * @param leaseUntil see {@link ClusterMembership#leaseUntilNanos}; for the log
   * @param reader gets what is read in all sessions
   */
  Sessions(
      MembershipConfig config,
      Executor owner,
      MembershipListener listener,
      LongSupplier leaseUntil,
      ClusterView.Reader reader,
      User user) {
    this.config = config;
    this.paths = new Paths(config.root());
    this.owner = owner;
    this.listener = listener;
    this.leaseUntil = leaseUntil;
    this.reader = reader;
    this.user = user;
  }

  /** Whether there is a connection in the present session. */
  boolean connected() {
    return connected;
  }

  /** What is read in the present session; nothing before that is prepared. */
  @Nullable ClusterView view() {
    return view;
  }

  /** Ids of the sessions of lives that are over. */
  Set<Long> earlier() {
    return earlier;
  }

  /** Begins the first session. */
  void open() {
    if (closed) {
      return;
    }
    LOG.debug("node {}: connecting to ZooKeeper at {}", config.self(), config.connectString());
    session = ZooKeeperSession.open(config, owner, new Connection());
  }

  private final class Connection implements ZooKeeperSession.Watch {
    @Override
    public void connected(ZooKeeperSession of) {
      if (of == session) {
        isConnected(true);
        prepare(of);
      }
    }

    @Override
    public void suspended(ZooKeeperSession of) {
      if (of == session) {
        isConnected(false);
      }
    }

    @Override
    public void reconnected(ZooKeeperSession of) {
      if (of != session) {
        return;
      }
      isConnected(true);
      ClusterView current = view;
      if (current == null) {
        prepare(of);
      } else {
        current.refresh();
        user.reconnected();
      }
    }

    @Override
    public void expired(ZooKeeperSession of) {
      if (of == session) {
        user.expired();
      }
    }
  }

  private void isConnected(boolean now) {
    connected = now;
    if (now && quorumMissed) {
      quorumMissed = false;
      LOG.info("node {}: ZooKeeper answers again", config.self());
      listener.quorumBack();
    } else if (!now && !quorumMissed) {
      quorumMissed = true;
      LOG.warn(
          "node {}: ZooKeeper does not answer; serving goes on for at most {} ms",
          config.self(),
          leaseLeftMillis());
      listener.quorumLost();
    }
  }

  private long leaseLeftMillis() {
    long until = leaseUntil.getAsLong();
    return until == ClusterMembership.NO_LEASE
        ? 0
        : Math.max(0, (until - config.bootNanos().getAsLong()) / 1_000_000);
  }

  private void prepare(ZooKeeperSession in) {
    List<CompletableFuture<?>> created = new ArrayList<>();
    for (String path : paths.permanent()) {
      Op create = Op.create(path, NOTHING, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
      created.add(in.write(List.of(create)).handle((done, failure) -> existsNow(path, failure)));
    }
    ClusterView candidate = new ClusterView(in, paths, reader);
    CompletableFuture.allOf(created.toArray(CompletableFuture[]::new))
        .thenCompose(done -> candidate.watch())
        .whenComplete(
            Guard.guarded(
                (done, failure) -> {
                  if (failure == null) {
                    prepared(in, candidate);
                  } else {
                    // Tried again on reconnection.
                    LOG.warn("node {}: preparing ZooKeeper: {}", config.self(), failure.toString());
                  }
                }));
  }

  private static boolean existsNow(String path, @Nullable Throwable failure) {
    if (failure != null
        && RefusedException.of(failure).filter(r -> r.code() == Code.NODEEXISTS).isEmpty()) {
      throw new IllegalStateException("cannot create " + path + ": " + failure, failure);
    }
    return true;
  }

  private void prepared(ZooKeeperSession in, ClusterView prepared) {
    if (in == session) {
      view = prepared;
      user.prepared(in, prepared);
    }
  }

  /**
   * Ends the session, because the life that it was of has ended, and begins the next.
   *
   * @param linger whether this node still has to let go. Its record must stand until then, because
   *     others take over at once when that goes: the session is ended by {@link #endLingering}
   */
  void next(boolean linger) {
    ZooKeeperSession ended = session;
    session = null;
    view = null;
    connected = false;
    if (ended != null) {
      if (ended.begun()) {
        earlier.add(ended.id());
        if (earlier.size() > EARLIER_MAX) {
          earlier.remove(earlier.iterator().next());
        }
      }
      if (linger) {
        lingering = ended;
      } else {
        var _ = ended.close();
      }
    }
    open();
  }

  /** This node has let go. */
  void endLingering() {
    ZooKeeperSession ended = lingering;
    lingering = null;
    if (ended != null) {
      var _ = ended.close();
    }
  }

  /**
   * Ends for good.
   *
   * @param abandon whether the session is left to expire, because others would take a closed one
   *     for a lease that has ended
   * @return completes when the connection is down
   */
  CompletableFuture<Void> close(boolean abandon) {
    closed = true;
    ZooKeeperSession last = session;
    session = null;
    view = null;
    if (lingering != null) {
      var _ = lingering.abandon();
    }
    if (last == null) {
      return CompletableFuture.completedFuture(null);
    }
    return abandon ? last.abandon() : last.close();
  }
}
