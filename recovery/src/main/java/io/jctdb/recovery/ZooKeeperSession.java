package io.jctdb.recovery;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.utils.ZookeeperFactory;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.Testable;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Exactly one session with ZooKeeper. Curator looks after the connection; when the session is over
 * it would quietly begin another and repeat operations there, but what we decided in this session
 * must not happen in the next: so it gets a single handle, and operations go to that handle
 * directly.
 *
 * <p>All results arrive on the owner's executor; after {@link #close} nothing arrives any more.
 */
final class ZooKeeperSession {
  private static final Logger LOG = LoggerFactory.getLogger(ZooKeeperSession.class);

  /** What happens to the connection; called on the owner's executor. */
  interface Watch {
    void connected(ZooKeeperSession session);

    void suspended(ZooKeeperSession session);

    void reconnected(ZooKeeperSession session);

    void expired(ZooKeeperSession session);
  }

  /** A value and its versions. */
  record Node(byte[] data, Stat stat) {}

  private final Executor owner;
  private final String localAddress;
  private final CuratorFramework curator;
  private volatile @Nullable Handle handle;
  private volatile boolean closed;

  private ZooKeeperSession(MembershipConfig config, Executor owner) {
    this.owner = owner;
    this.localAddress = config.address();
    int sessionMillis = Math.toIntExact(config.timing().session().toMillis());
    this.curator =
        CuratorFrameworkFactory.builder()
            .connectString(config.connectString())
            .sessionTimeoutMs(sessionMillis)
            .connectionTimeoutMs(sessionMillis)
            .retryPolicy((count, elapsed, sleeper) -> false)
            .zookeeperFactory(new OneHandle())
            .ensembleTracker(false)
            .build();
  }

  /** Begins to connect. */
  static ZooKeeperSession open(MembershipConfig config, Executor owner, Watch watch) {
    ZooKeeperSession session = new ZooKeeperSession(config, owner);
    session
        .curator
        .getConnectionStateListenable()
        .addListener((client, state) -> session.tell(watch, state), owner);
    session.curator.start();
    return session;
  }

  private void tell(Watch watch, ConnectionState state) {
    if (closed) {
      return;
    }
    switch (state) {
      case CONNECTED -> watch.connected(this);
      case SUSPENDED -> watch.suspended(this);
      case RECONNECTED -> watch.reconnected(this);
      case LOST -> watch.expired(this);
      case READ_ONLY -> {}
    }
  }

  /** Refuses to make a second handle, and with it a second session. */
  private final class OneHandle implements ZookeeperFactory {
    @Override
    public ZooKeeper newZooKeeper(
        String connectString, int sessionTimeout, Watcher watcher, boolean canBeReadOnly)
        throws Exception {
      if (handle != null) {
        throw new KeeperException.SessionExpiredException();
      }
      Handle created = new Handle(connectString, sessionTimeout, watcher, canBeReadOnly);
      handle = created;
      return created;
    }
  }

  /** A client that can be dropped without closing its session, whatever Curator does meanwhile. */
  private final class Handle extends ZooKeeper {
    private volatile boolean abandoned;

    Handle(String connectString, int sessionTimeout, Watcher watcher, boolean canBeReadOnly)
        throws IOException {
      super(
          connectString,
          sessionTimeout,
          watcher,
          canBeReadOnly,
          new LocalFirstHosts(connectString, localAddress));
    }

    void abandon() {
      abandoned = true;
      super.getTestable().injectSessionExpiration();
    }

    /**
     * Curator would end a session that has had no connection for its length. Only ZooKeeper knows
     * whether it has expired: without a quorum none does, and members may hold on to theirs.
     */
    @Override
    public Testable getTestable() {
      Testable handle = super.getTestable();
      return new Testable() {
        @Override
        public void injectSessionExpiration() {
          LOG.debug("the session goes on until ZooKeeper says otherwise");
        }

        @Override
        public void queueEvent(WatchedEvent event) {
          handle.queueEvent(event);
        }

        @Override
        public void closeSocket() throws IOException {
          handle.closeSocket();
        }
      };
    }

    @Override
    public synchronized void close() throws InterruptedException {
      if (!abandoned) {
        super.close();
      }
    }

    @Override
    public boolean close(int waitForShutdownTimeoutMs) throws InterruptedException {
      return abandoned || super.close(waitForShutdownTimeoutMs);
    }
  }

  private ZooKeeper handle() {
    ZooKeeper current = handle;
    if (current == null) {
      throw new IllegalStateException("no connection has been made yet");
    }
    return current;
  }

  boolean begun() {
    ZooKeeper current = handle;
    return current != null && current.getSessionId() != 0;
  }

  long id() {
    return handle().getSessionId();
  }

  /** The time-out that the server granted. */
  int timeoutMillis() {
    return handle().getSessionTimeout();
  }

  /**
   * Drops the connection, not the session: the server is silent, and the client library would wait
   * for two thirds of the session before it tries another.
   */
  void reconnect() {
    try {
      handle().getTestable().closeSocket();
    } catch (IOException e) {
      LOG.debug("dropping a connection", e);
    }
  }

  /** All or nothing; fails with the first operation that failed. */
  CompletableFuture<List<OpResult>> write(List<Op> operations) {
    CompletableFuture<List<OpResult>> result = new CompletableFuture<>();
    handle()
        .multi(
            operations,
            (code, path, context, results) ->
                complete(result, code, refusal(code, results), results),
            null);
    return result;
  }

  /** Which operation was refused, for {@link RefusedException}. */
  private static int refusal(int code, @Nullable List<OpResult> results) {
    if (code == Code.OK.intValue() || results == null) {
      return -1;
    }
    for (int i = 0; i < results.size(); i++) {
      if (results.get(i) instanceof OpResult.ErrorResult error && error.getErr() == code) {
        return i;
      }
    }
    return -1;
  }

  CompletableFuture<Stat> set(String path, byte[] data) {
    CompletableFuture<Stat> result = new CompletableFuture<>();
    handle()
        .setData(
            path, data, -1, (code, of, context, stat) -> complete(result, code, -1, stat), null);
    return result;
  }

  CompletableFuture<Node> read(String path) {
    CompletableFuture<Node> result = new CompletableFuture<>();
    handle()
        .getData(
            path,
            false,
            (code, of, context, data, stat) ->
                complete(result, code, -1, new Node(data == null ? new byte[0] : data, stat)),
            null);
    return result;
  }

  CompletableFuture<List<String>> children(String path) {
    CompletableFuture<List<String>> result = new CompletableFuture<>();
    handle()
        .getChildren(
            path,
            false,
            (int code, String of, Object context, List<String> names) ->
                complete(result, code, -1, names == null ? List.of() : new ArrayList<>(names)),
            null);
    return result;
  }

  /** Calls {@code changed} on the owner's executor for every change, until the session ends. */
  CompletableFuture<Void> watch(String path, AddWatchMode mode, Runnable changed) {
    CompletableFuture<Void> result = new CompletableFuture<>();
    handle()
        .addWatch(
            path,
            event -> {
              if (event.getType() != Watcher.Event.EventType.None) {
                onOwner(changed);
              }
            },
            mode,
            (code, of, context) -> complete(result, code, -1, null),
            null);
    return result;
  }

  private <T> void complete(CompletableFuture<T> result, int code, int refused, @Nullable T value) {
    onOwner(
        () -> {
          if (code == Code.OK.intValue()) {
            completeNullable(result, value);
          } else {
            result.completeExceptionally(new RefusedException(Code.get(code), refused));
          }
        });
  }

  @SuppressWarnings("NullAway") // A future of Void completes with null.
  private static <T> void completeNullable(CompletableFuture<T> result, @Nullable T value) {
    result.complete(value);
  }

  private void onOwner(Runnable task) {
    owner.execute(
        () -> {
          if (!closed) {
            task.run();
          }
        });
  }

  /**
   * Ends the session in ZooKeeper: only for a node whose lease is over or that holds nothing.
   * Returns at once.
   *
   * @return completes when the connection is down
   */
  CompletableFuture<Void> close() {
    closed = true;
    return shut();
  }

  /** Drops the connection and leaves the session to expire, as if the process had been killed. */
  CompletableFuture<Void> abandon() {
    closed = true;
    Handle current = handle;
    if (current != null) {
      current.abandon();
    }
    return shut();
  }

  private CompletableFuture<Void> shut() {
    CompletableFuture<Void> done = new CompletableFuture<>();
    Thread.ofVirtual()
        .name("zookeeper-close")
        .start(
            () -> {
              try {
                curator.close();
              } catch (RuntimeException e) {
                LOG.warn("closing a ZooKeeper connection", e);
              }
              done.complete(null);
            });
    return done;
  }
}
