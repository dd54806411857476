package io.jctdb.daemon.control;

import io.jctdb.daemon.catalog.AttachedDatabase;
import io.jctdb.daemon.catalog.ChangeCounters;
import io.jctdb.daemon.catalog.DatabaseCatalog;
import io.jctdb.daemon.client.ClientConnection;
import io.jctdb.database.DatabaseType;
import io.jctdb.database.commit.CommitEngine;
import io.jctdb.database.message.NodePort;
import io.jctdb.database.record.RecordEngine;
import io.jctdb.protocol.Control;
import io.jctdb.protocol.DatabaseMap;
import io.jctdb.protocol.KeyData;
import io.jctdb.protocol.MarshallBuffer;
import io.jctdb.protocol.Payload;
import io.jctdb.protocol.RecordData;
import io.jctdb.protocol.RecordHeader;
import io.jctdb.protocol.SeqnumRequest;
import io.jctdb.store.StoreException;
import io.jctdb.store.StoredRecord;
import io.jctdb.store.TransactionStore;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** What databases there are and what they are like; transactions and deletions (sheet 3.6, 3.7). */
public final class DatabaseControls implements ControlTable.Group {
  private final DatabaseCatalog catalog;
  private final AttachGate gate;
  private final ChangeCounters counters;
  private final RecordEngine records;
  private final CommitEngine commits;
  private final ControlBroadcast broadcast;
  private final RestoreControls restores;
  private final NodePort port;
  private final LongSupplier questionNanos;

  /**
   * @param questionNanos how long the question for a sequence number may wait for whoever has
   *     locked the file
   */
  public DatabaseControls(
      DatabaseCatalog catalog,
      AttachGate gate,
      ChangeCounters counters,
      RecordEngine records,
      CommitEngine commits,
      ControlBroadcast broadcast,
      RestoreControls restores,
      NodePort port,
      LongSupplier questionNanos) {
    this.catalog = catalog;
    this.gate = gate;
    this.counters = counters;
    this.records = records;
    this.commits = commits;
    this.broadcast = broadcast;
    this.restores = restores;
    this.port = port;
    this.questionNanos = questionNanos;
  }

  @Override
  public void enter(ControlTable table) {
    table.on(Control.DB_ATTACH, r -> attach(r, DatabaseType.VOLATILE));
    table.on(Control.DB_ATTACH_PERSISTENT, r -> attach(r, DatabaseType.PERSISTENT));
    table.on(Control.DB_ATTACH_REPLICATED, r -> attach(r, DatabaseType.REPLICATED));
    table.on(Control.DB_DETACH, this::detach);
    table.on(Control.GETDBPATH, on((d, r) -> r.reply().ok(Payload.ofCstr(d.path().toString()))));
    table.on(Control.GET_DBNAME, on((d, r) -> r.reply().ok(Payload.ofCstr(d.name()))));
    table.on(Control.GET_DBMAP, this::databaseMap);
    table.on(Control.DB_OPEN_FLAGS, on(this::openFlags));
    table.on(Control.ENABLE_SEQNUM, on(this::enableSequenceNumber));
    table.on(Control.UPDATE_SEQNUM, on(this::updateSequenceNumber));
    table.on(Control.GET_DB_SEQNUM, this::sequenceNumber);
    table.on(Control.DB_GET_HEALTH, on(this::health));
    table.on(Control.DB_SET_HEALTHY, on((d, r) -> r.reply().ok()));
    table.on(Control.SET_DB_READONLY, on((d, r) -> volatileProperty(d, r, d::setReadOnly)));
    table.on(Control.SET_DB_STICKY, on((d, r) -> volatileProperty(d, r, d::setSticky)));
    table.on(Control.SCHEDULE_FOR_DELETION, this::scheduleForDeletion);
    table.on(Control.TRANS3_COMMIT, this::commit);
  }

  /** A handler for controls whose whole payload is the id of an attached database. */
  private ControlHandler on(BiConsumer<AttachedDatabase, ControlRequest> handler) {
    return request -> {
      AttachedDatabase database = catalog.find(Payload.u32(request.data()));
      if (database == null) {
        request.reply().fail();
      } else {
        handler.accept(database, request);
      }
    };
  }

  private void attach(ControlRequest request, DatabaseType type) {
    String name = Payload.cstr(request.data());
    gate.pass(request, () -> attachNow(request, name, type));
  }

  private void attachNow(ControlRequest request, String name, DatabaseType type) {
    AttachedDatabase database;
    try {
      boolean known = catalog.findByName(name) != null;
      database = catalog.attach(name, type);
      if (!known && request.client() != null) {
        broadcast.toConnectedPeers(request.opcode(), 0, request.data());
      }
    } catch (StoreException e) {
      catalog.report(name, e);
      request.reply().fail();
      return;
    }
    request.reply().ok(Payload.ofU32(database.id()));
  }

  private void detach(ControlRequest request) {
    AttachedDatabase database = catalog.find(Payload.u32(request.data()));
    if (database == null || database.type() != DatabaseType.VOLATILE || gate.clientsMayAttach()) {
      request.reply().fail();
      return;
    }
    if (request.client() != null) {
      broadcast.toConnectedPeers(request.opcode(), 0, request.data());
    }
    records.forget(database.id());
    counters.forget(database.id());
    catalog.detach(database);
    request.reply().ok();
  }

  private void databaseMap(ControlRequest request) {
    if (!request.hasNoData()) {
      request.reply().fail();
      return;
    }
    List<DatabaseMap.Entry> entries = new ArrayList<>();
    for (AttachedDatabase database : catalog.newestFirst()) {
      entries.add(new DatabaseMap.Entry(database.id(), database.flags()));
    }
    request.reply().ok(new DatabaseMap(entries).encode());
  }

  private void enableSequenceNumber(AttachedDatabase database, ControlRequest request) {
    counters.enable(database);
    request.reply().ok();
  }

  private void updateSequenceNumber(AttachedDatabase database, ControlRequest request) {
    if (request.client() == null) {
      counters.changedElsewhere(database);
    }
    request.reply().ok();
  }

  private void sequenceNumber(ControlRequest request) {
    AttachedDatabase database = catalog.find(SeqnumRequest.decode(request.data()).dbId());
    if (database == null) {
      request.reply().fail();
    } else if (database.lane() == null) {
      request.reply().ok(Payload.ofU64(0));
    } else {
      SequenceNumberQuestion question =
          new SequenceNumberQuestion(port, questionNanos.getAsLong(), request.reply());
      database
          .lane()
          .submit(TransactionStore::sequenceNumber, question::answered, question::failed);
    }
  }

  private void health(AttachedDatabase database, ControlRequest request) {
    String problem = database.healthProblem();
    if (problem.isEmpty()) {
      request.reply().ok();
    } else {
      request.reply().ok(Payload.ofCstr(problem));
    }
  }

  /** Nobody can open a file without them, so nobody takes one that waits for content for empty. */
  private void openFlags(AttachedDatabase database, ControlRequest request) {
    if (!database.isAwaited()) {
      request.reply().ok(Payload.ofU32(database.openFlags()));
    } else {
      String problem = database.healthProblem();
      catalog.report(database.name(), new StoreException(problem));
      request.reply().fail(problem);
    }
  }

  private void volatileProperty(
      AttachedDatabase database, ControlRequest request, Runnable setProperty) {
    if (database.type() != DatabaseType.VOLATILE) {
      request.reply().fail();
      return;
    }
    setProperty.run();
    request.reply().ok();
  }

  /** Answered at once and without the chain lock: the client holds it while it waits. */
  private void scheduleForDeletion(ControlRequest request) {
    KeyData record = KeyData.decode(request.data());
    AttachedDatabase database = catalog.find(record.dbId());
    if (database == null) {
      request.reply().fail();
      return;
    }
    request.reply().ok();
    if (database.type() == DatabaseType.VOLATILE) {
      records.scheduleDeletion(database.id(), record.key());
    }
  }

  /** The database is the one that the records name; the srvid field may be 0 from stock tools. */
  private void commit(ControlRequest request) {
    ClientConnection client = request.client();
    MarshallBuffer buffer = MarshallBuffer.decode(request.data());
    AttachedDatabase database = catalog.find(buffer.dbId());
    List<TransactionStore.Update> updates = updates(buffer);
    if (client == null
        || client.isCommitting()
        || database == null
        || database.lane() == null
        || updates == null) {
      request.reply().fail();
      return;
    }
    if (updates.isEmpty()) {
      request.reply().ok();
      return;
    }
    client.setCommitting(true);
    restores.whenThawed(
        database,
        () ->
            commits.commit(
                database.id(),
                updates,
                (status, error) -> {
                  client.setCommitting(false);
                  request.reply().send(status, ControlReply.NO_DATA, error);
                }));
  }

  /** The records of a transaction, or null if one is too short to carry its header. */
  static @Nullable List<TransactionStore.Update> updates(MarshallBuffer buffer) {
    List<TransactionStore.Update> updates = new ArrayList<>();
    for (RecordData record : buffer.records()) {
      if (record.data().length < RecordHeader.SIZE) {
        return null;
      }
      updates.add(
          new TransactionStore.Update(
              record.key(), new StoredRecord(record.header(), record.value())));
    }
    return updates;
  }
}
