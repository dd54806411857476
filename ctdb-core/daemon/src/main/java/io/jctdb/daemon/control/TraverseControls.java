package io.jctdb.daemon.control;

import io.jctdb.daemon.catalog.AttachedDatabase;
import io.jctdb.daemon.catalog.DatabaseCatalog;
import io.jctdb.daemon.client.ClientConnection;
import io.jctdb.database.traverse.TraverseEngine;
import io.jctdb.database.traverse.TraverseSink;
import io.jctdb.protocol.Control;
import io.jctdb.protocol.Key;
import io.jctdb.protocol.RecordData;
import io.jctdb.protocol.TraverseStart;
import io.jctdb.protocol.TraverseStartExt;
import io.jctdb.store.StoredRecord;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Cluster-wide traverses on behalf of clients (sheet 3.8). */
public final class TraverseControls implements ControlTable.Group {
  /** Records queued towards one client before its traverse is held back. */
  private static final int UNREAD_LIMIT = 2_000;

  private static final long UNREAD_BYTES_LIMIT = 2 << 20;

  private final DatabaseCatalog catalog;
  private final TraverseEngine traverses;
  private final Map<ClientConnection, Set<Long>> running = new HashMap<>();

  public TraverseControls(DatabaseCatalog catalog, TraverseEngine traverses) {
    this.catalog = catalog;
    this.traverses = traverses;
  }

  @Override
  public void enter(ControlTable table) {
    table.on(
        Control.TRAVERSE_START,
        r -> {
          TraverseStart start = TraverseStart.decode(r.data());
          start(r, start, false);
        });
    table.on(
        Control.TRAVERSE_START_EXT,
        r -> {
          TraverseStartExt start = TraverseStartExt.decode(r.data());
          start(
              r,
              new TraverseStart(start.dbId(), start.reqid(), start.srvid()),
              start.withEmptyRecords());
        });
    table.on(
        Control.TRAVERSE_KILL,
        r -> {
          TraverseStart.decode(r.data());
          r.reply().ok();
        });
  }

  /** A client has gone: nobody reads what its traverses still bring. */
  public void closed(ClientConnection client) {
    Set<Long> ids = running.remove(client);
    if (ids != null) {
      ids.forEach(traverses::cancel);
    }
  }

  private void start(ControlRequest request, TraverseStart start, boolean withEmptyRecords) {
    ClientConnection client = request.client();
    AttachedDatabase database = catalog.find(start.dbId());
    if (client == null || database == null) {
      request.reply().fail();
      return;
    }
    // The reply must be queued before the first record: smbd drops messages it gets earlier.
    request.reply().ok();
    ClientSink sink = new ClientSink(client, start);
    sink.id = traverses.start(database.id(), withEmptyRecords, sink);
    if (!sink.ended) {
      running.computeIfAbsent(client, c -> new HashSet<>()).add(sink.id);
    }
  }

  private final class ClientSink implements TraverseSink {
    private final ClientConnection client;
    private final TraverseStart start;
    private long id;
    private boolean ended;

    ClientSink(ClientConnection client, TraverseStart start) {
      this.client = client;
      this.start = start;
    }

    @Override
    public void record(Key key, StoredRecord record) {
      client.message(
          start.srvid(),
          RecordData.of(start.reqid(), key, record.header(), record.data()).encode());
    }

    @Override
    public boolean canTakeMore() {
      return client.queuedPackets() < UNREAD_LIMIT && client.queuedBytes() < UNREAD_BYTES_LIMIT;
    }

    @Override
    public void end(boolean complete) {
      ended = true;
      Set<Long> ids = running.get(client);
      if (ids != null) {
        ids.remove(id);
        if (ids.isEmpty()) {
          running.remove(client);
        }
      }
      client.message(start.srvid(), RecordData.end(start.reqid()).encode());
    }
  }
}
