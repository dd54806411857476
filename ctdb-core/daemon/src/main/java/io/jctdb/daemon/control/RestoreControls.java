package io.jctdb.daemon.control;

import io.jctdb.daemon.catalog.AttachedDatabase;
import io.jctdb.daemon.catalog.DatabaseCatalog;
import io.jctdb.daemon.client.MessageRouter;
import io.jctdb.daemon.cluster.ClusterView;
import io.jctdb.database.Epoch;
import io.jctdb.database.commit.CommitEngine;
import io.jctdb.database.epoch.EpochListener;
import io.jctdb.database.message.NodePort;
import io.jctdb.database.record.RecordEngine;
import io.jctdb.protocol.Control;
import io.jctdb.protocol.Key;
import io.jctdb.protocol.Payload;
import io.jctdb.protocol.PullDb;
import io.jctdb.protocol.RecordHeader;
import io.jctdb.protocol.TransDb;
import io.jctdb.store.RecordStore;
import io.jctdb.store.StoreException;
import io.jctdb.store.StoredRecord;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The steps by which the tool wipes and restores a database on every node (sheet 3.11): freeze,
 * transaction, wipe, push, confirm, commit, thaw. What is wiped and pushed is gathered and done at
 * the commit, in one go; a transaction that is cancelled or abandoned has changed nothing.
 *
 * <p>Nobody can keep a database frozen for ever: it is let go by the next epoch (which the tool
 * asks for when a step fails), or when no step has come for {@link #IDLE_NANOS}.
 */
public final class RestoreControls implements ControlTable.Group, EpochListener {
  private static final Logger log = LoggerFactory.getLogger(RestoreControls.class);

  /** As long as the tool's longest run: whoever froze it has gone. */
  static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(120);

  /** A share of the memory, because pushed records wait in memory for the commit. */
  private static final int MEMORY_SHARE = 4;

  /** What is committed goes to the other nodes in one message, of 32 MiB at most. */
  private static final long COMMIT_BYTES_MAX = 30 << 20;

  private final DatabaseCatalog catalog;
  private final ClusterView cluster;
  private final MessageRouter router;
  private final RecordEngine records;
  private final CommitEngine commits;
  private final NodePort port;
  private final Map<Integer, Restore> restores = new HashMap<>();
  private final Map<Integer, NodePort.Timer> idle = new HashMap<>();

  public RestoreControls(
      DatabaseCatalog catalog,
      ClusterView cluster,
      MessageRouter router,
      RecordEngine records,
      CommitEngine commits,
      NodePort port) {
    this.catalog = catalog;
    this.cluster = cluster;
    this.router = router;
    this.records = records;
    this.commits = commits;
    this.port = port;
  }

  @Override
  public void enter(ControlTable table) {
    table.on(Control.DB_FREEZE, byId(this::freeze));
    table.on(Control.DB_THAW, byId(this::thaw));
    table.on(Control.DB_TRANSACTION_START, byTransaction(this::start));
    table.on(Control.WIPE_DATABASE, byTransaction(this::wipe));
    table.on(Control.DB_TRANSACTION_COMMIT, byTransaction(this::commit));
    table.on(Control.DB_TRANSACTION_CANCEL, byId(this::cancel));
    table.on(Control.DB_PUSH_START, this::pushStart);
    table.on(Control.DB_PUSH_CONFIRM, byId(this::pushConfirm));
  }

  /** Runs {@code task} now, or as soon as the database is not being replaced any more. */
  void whenThawed(AttachedDatabase database, Runnable task) {
    Restore restore = restores.get(database.id());
    if (restore == null) {
      task.run();
    } else {
      restore.afterThaw(task);
    }
  }

  // --- epochs ------------------------------------------------------------------------------------

  @Override
  public void epochPromised(long next) {
    // Content does not depend on the epoch: only the transaction's id does, and it has not changed.
  }

  @Override
  public void epochStarted(Epoch epoch) {
    letAllGo("a new epoch has begun");
  }

  @Override
  public void leftCluster() {
    letAllGo("this node has left the cluster");
  }

  private void letAllGo(String reason) {
    List.copyOf(restores.values()).forEach(restore -> letGo(restore, reason));
  }

  private void letGo(Restore restore, String reason) {
    log.warn("{}: frozen for a wipe or restore, and let go: {}", restore.database().name(), reason);
    thaw(restore);
  }

  private void thaw(Restore restore) {
    AttachedDatabase database = restore.database();
    restores.remove(database.id());
    NodePort.Timer timer = idle.remove(database.id());
    if (timer != null) {
      timer.cancel();
    }
    RecordStore store = database.volatileStore();
    if (store != null) {
      store.thaw();
    }
    restore.letGo();
  }

  private void keepFor(Restore restore) {
    NodePort.Timer next = port.after(IDLE_NANOS, () -> letGo(restore, "nobody went on with it"));
    NodePort.Timer last = idle.put(restore.database().id(), next);
    if (last != null) {
      last.cancel();
    }
  }

  // --- dispatch ----------------------------------------------------------------------------------

  private ControlHandler byId(BiConsumer<AttachedDatabase, ControlRequest> handler) {
    return request -> find(Payload.u32(request.data()), request, handler);
  }

  private void find(
      int dbId, ControlRequest request, BiConsumer<AttachedDatabase, ControlRequest> handler) {
    AttachedDatabase database = catalog.find(dbId);
    if (database == null) {
      request.reply().fail();
    } else {
      handler.accept(database, request);
    }
  }

  /** A handler whose transaction id must be the present generation. */
  private ControlHandler byTransaction(BiConsumer<AttachedDatabase, ControlRequest> handler) {
    return request -> {
      TransDb transaction = TransDb.decode(request.data());
      if (transaction.tid() != cluster.generation() || cluster.epoch() == null) {
        request.reply().fail();
      } else {
        find(transaction.dbId(), request, handler);
      }
    };
  }

  /** The restore with an open transaction of the present generation, or a failing answer. */
  private @Nullable Restore open(AttachedDatabase database, ControlRequest request) {
    Restore restore = restores.get(database.id());
    if (restore == null || !restore.isOpen(cluster.generation())) {
      request.reply().fail();
      return null;
    }
    keepFor(restore);
    return restore;
  }

  // --- steps -------------------------------------------------------------------------------------

  private void freeze(AttachedDatabase database, ControlRequest request) {
    Restore known = restores.get(database.id());
    if (known != null) {
      known.answerWhenFrozen(request.reply());
      keepFor(known);
      return;
    }
    if (cluster.epoch() == null) {
      // Out of the cluster its databases are kept frozen already, and not for the tool to thaw.
      request.reply().fail();
      return;
    }
    long memoryShare = Runtime.getRuntime().maxMemory() / MEMORY_SHARE;
    boolean volatileDatabase = database.volatileStore() != null;
    long pushedBytesMax = volatileDatabase ? memoryShare : Math.min(memoryShare, COMMIT_BYTES_MAX);
    Restore restore = new Restore(database, router, pushedBytesMax);
    restores.put(database.id(), restore);
    restore.answerWhenFrozen(request.reply());
    keepFor(restore);
    RecordStore store = database.volatileStore();
    if (store != null) {
      store.freeze(restore::frozen);
    } else {
      // Behind whatever transaction is being written.
      database
          .requireLane()
          .submit(
              s -> true,
              done -> restore.frozen(),
              e -> letGo(restore, String.valueOf(e.getMessage())));
    }
  }

  private void thaw(AttachedDatabase database, ControlRequest request) {
    Restore restore = restores.get(database.id());
    if (restore != null) {
      thaw(restore);
    }
    request.reply().ok();
  }

  private void start(AttachedDatabase database, ControlRequest request) {
    Restore restore = restores.get(database.id());
    if (restore == null || !restore.isFrozen()) {
      request.reply().fail();
      return;
    }
    restore.begin(cluster.generation());
    keepFor(restore);
    request.reply().ok();
  }

  private void wipe(AttachedDatabase database, ControlRequest request) {
    Restore restore = open(database, request);
    if (restore != null) {
      restore.wipe();
      request.reply().ok();
    }
  }

  private void cancel(AttachedDatabase database, ControlRequest request) {
    Restore restore = restores.get(database.id());
    if (restore != null) {
      restore.abandon();
    }
    request.reply().ok();
  }

  private void pushStart(ControlRequest request) {
    PullDb push = PullDb.decode(request.data());
    find(
        push.dbId(),
        request,
        (database, r) -> {
          Restore restore = open(database, r);
          if (restore != null) {
            restore.startPush(push.srvid());
            r.reply().ok();
          }
        });
  }

  /** Behind the messages with the records, which a local sender's confirmation would overtake. */
  private void pushConfirm(AttachedDatabase database, ControlRequest request) {
    port.after(0, () -> pushConfirmed(database, request));
  }

  private void pushConfirmed(AttachedDatabase database, ControlRequest request) {
    Restore restore = open(database, request);
    if (restore == null) {
      return;
    }
    int count = restore.confirmPush();
    if (count < 0) {
      log.error("{}: {}", database.name(), restore.pushProblem());
      request.reply().fail(restore.pushProblem());
    } else {
      request.reply().ok(Payload.ofU32(count));
    }
  }

  private void commit(AttachedDatabase database, ControlRequest request) {
    Restore restore = open(database, request);
    if (restore == null) {
      return;
    }
    Restore.Content content = restore.take();
    RecordStore store = database.volatileStore();
    if (store != null) {
      fill(store, content);
      List<Key> keys = content.records().stream().map(update -> update.key()).toList();
      records.refilled(database.id(), keys);
      request.reply().ok();
    } else {
      replace(database, content, request);
      commits.contentReplaced(database.id());
    }
  }

  private static void fill(RecordStore store, Restore.Content content) {
    if (content.wiped()) {
      store.wipe();
    }
    content.records().forEach(u -> store.storeFrozen(u.key(), undelegated(u.record())));
  }

  /** Delegations of what was in the file before are over, and none of this has been made. */
  private static StoredRecord undelegated(StoredRecord record) {
    RecordHeader header = record.header();
    return new StoredRecord(
        header.withFlags(header.flags() & ~RecordHeader.RO_MASK), record.data());
  }

  private void replace(AttachedDatabase database, Restore.Content content, ControlRequest request) {
    database
        .requireLane()
        .submit(
            s -> {
              if (content.wiped()) {
                s.replaceAll(content.records());
              } else {
                s.apply(content.records());
              }
              return true;
            },
            done -> request.reply().ok(),
            (StoreException e) -> {
              catalog.report(database.name(), e);
              request.reply().fail();
            });
  }
}
