package io.jctdb.daemon.control;

import io.jctdb.daemon.catalog.AttachedDatabase;
import io.jctdb.daemon.catalog.DatabaseCatalog;
import io.jctdb.daemon.client.MessageRouter;
import io.jctdb.daemon.cluster.ClusterView;
import io.jctdb.database.CommitEngine;
import io.jctdb.database.RecordEngine;
import io.jctdb.protocol.Control;
import io.jctdb.protocol.MalformedPacketException;
import io.jctdb.protocol.MarshallBuffer;
import io.jctdb.protocol.Payload;
import io.jctdb.protocol.PullDb;
import io.jctdb.protocol.TransDb;
import io.jctdb.store.RecordStore;
import io.jctdb.store.TransactionStore;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The steps by which the tool wipes and restores a database on every node (sheet 3.11): freeze,
 * transaction, wipe, push, confirm, commit, thaw. What is wiped and pushed is gathered here and
 * done at the commit, in one go; a transaction that is cancelled or abandoned has changed nothing.
 */
public final class RestoreControls implements ControlTable.Group {
  private final DatabaseCatalog catalog;
  private final ClusterView cluster;
  private final MessageRouter router;
  private final RecordEngine records;
  private final CommitEngine commits;
  private final Map<Integer, Restore> restores = new HashMap<>();

  /** One database on its way through the steps. */
  private static final class Restore {
    private int frozen;
    private boolean open;
    private int transactionId;
    private boolean wiped;
    private final List<TransactionStore.Update> pushed = new ArrayList<>();
    private long pushSrvid;
    private MessageRouter.@Nullable MessageListener pushListener;
    private boolean malformed;
  }

  public RestoreControls(
      DatabaseCatalog catalog,
      ClusterView cluster,
      MessageRouter router,
      RecordEngine records,
      CommitEngine commits) {
    this.catalog = catalog;
    this.cluster = cluster;
    this.router = router;
    this.records = records;
    this.commits = commits;
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

  private void freeze(AttachedDatabase database, ControlRequest request) {
    Restore restore = restores.computeIfAbsent(database.id(), id -> new Restore());
    restore.frozen++;
    RecordStore store = database.volatileStore();
    if (store == null || restore.frozen > 1) {
      request.reply().ok();
    } else {
      store.freeze(request.reply()::ok);
    }
  }

  private void thaw(AttachedDatabase database, ControlRequest request) {
    Restore restore = restores.remove(database.id());
    if (restore != null) {
      stopPush(restore);
      RecordStore store = database.volatileStore();
      if (store != null) {
        store.thaw();
      }
    }
    request.reply().ok();
  }

  private void start(AttachedDatabase database, ControlRequest request) {
    Restore restore = restores.get(database.id());
    if (restore == null) {
      request.reply().fail();
      return;
    }
    reset(restore);
    restore.open = true;
    restore.transactionId = cluster.generation();
    request.reply().ok();
  }

  private void wipe(AttachedDatabase database, ControlRequest request) {
    Restore restore = open(database, request);
    if (restore != null) {
      restore.wiped = true;
      restore.pushed.clear();
      request.reply().ok();
    }
  }

  private void cancel(AttachedDatabase database, ControlRequest request) {
    Restore restore = open(database, request);
    if (restore != null) {
      reset(restore);
      request.reply().ok();
    }
  }

  private void pushStart(ControlRequest request) {
    PullDb push = PullDb.decode(request.data());
    find(
        push.dbId(),
        request,
        (database, r) -> {
          Restore restore = open(database, r);
          if (restore != null) {
            stopPush(restore);
            restore.pushed.clear();
            restore.pushSrvid = push.srvid();
            restore.pushListener = (srvid, data) -> pushed(restore, data);
            router.register(push.srvid(), restore.pushListener);
            r.reply().ok();
          }
        });
  }

  /**
   * The database id inside is garbage from stock tools: the srvid alone says where this belongs.
   */
  private static void pushed(Restore restore, byte[] data) {
    try {
      List<TransactionStore.Update> updates = DatabaseControls.updates(MarshallBuffer.decode(data));
      if (updates == null) {
        restore.malformed = true;
      } else {
        restore.pushed.addAll(updates);
      }
    } catch (MalformedPacketException e) {
      restore.malformed = true;
    }
  }

  private void pushConfirm(AttachedDatabase database, ControlRequest request) {
    Restore restore = open(database, request);
    if (restore == null) {
      return;
    }
    stopPush(restore);
    if (restore.malformed) {
      request.reply().fail("pushed records are malformed");
    } else {
      request.reply().ok(Payload.ofU32(restore.pushed.size()));
    }
  }

  private void commit(AttachedDatabase database, ControlRequest request) {
    Restore restore = open(database, request);
    if (restore == null) {
      return;
    }
    List<TransactionStore.Update> content = List.copyOf(restore.pushed);
    boolean wiped = restore.wiped;
    reset(restore);
    RecordStore store = database.volatileStore();
    if (store != null) {
      if (wiped) {
        store.wipe();
      }
      content.forEach(u -> store.storeFrozen(u.key(), u.record()));
      records.forget(database.id());
      request.reply().ok();
    } else {
      commits.forget(database.id());
      database
          .requireLane()
          .submit(
              s -> {
                if (wiped) {
                  s.replaceAll(content);
                } else {
                  s.apply(content);
                }
                return true;
              },
              done -> request.reply().ok(),
              e -> {
                catalog.report(database.name(), e);
                request.reply().fail();
              });
    }
  }

  private @Nullable Restore open(AttachedDatabase database, ControlRequest request) {
    Restore restore = restores.get(database.id());
    if (restore == null || !restore.open || restore.transactionId != cluster.generation()) {
      request.reply().fail();
      return null;
    }
    return restore;
  }

  private void reset(Restore restore) {
    stopPush(restore);
    restore.open = false;
    restore.wiped = false;
    restore.malformed = false;
    restore.pushed.clear();
  }

  private void stopPush(Restore restore) {
    if (restore.pushListener != null) {
      router.deregister(restore.pushSrvid, restore.pushListener);
      restore.pushListener = null;
    }
  }
}
